package norma.train.cli;

import java.util.List;

/// The words after a command: files, and settings `key=value`.
record Words(List<String> files, List<String> settings) {

  static Words of(List<String> arguments) {
    return new Words(arguments.stream().filter(argument -> argument.indexOf('=') < 0).toList(),
        arguments.stream().filter(argument -> argument.indexOf('=') >= 0).toList());
  }
}
