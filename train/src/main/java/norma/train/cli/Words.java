package norma.train.cli;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import norma.train.config.ConfigKey;
import norma.train.files.HomeFolder;
import norma.train.files.Installation;

/// The words after a command: files, and settings `key=value`. A word that names an existing file is that file, whatever is in its
/// name or its folder's; any other word with `=` is a setting.
record Words(List<String> files, List<String> settings) {
  /// The configuration where none is named.
  static final String DEFAULT = "configs/char-cpu.yaml";

  static Words of(List<String> arguments) {
    for (String word : arguments) {
      ConfigKey key = ConfigKey.find(word).filter(found -> !found.isGroup()).orElse(null);
      if (key != null && word.contains(".") && !isFile(word)) {
        throw new IllegalArgumentException(word + " is a setting without a value; expected " + word + "=" + key.start()
            + " or another value, without spaces around the sign");
      }
    }
    Map<Boolean, List<String>> setting = arguments.stream().collect(Collectors.partitioningBy(Words::isSetting));
    return new Words(setting.getOrDefault(false, List.of()), setting.getOrDefault(true, List.of()));
  }

  private static boolean isSetting(String word) {
    return word.indexOf('=') >= 0 && !isFile(word);
  }

  private static boolean isFile(String word) {
    try {
      Path path = find(word);
      return Files.exists(path) && !Files.isDirectory(path);
    } catch (InvalidPathException e) {
      return false; // of a value that no file could be called
    }
  }

  /// A file below the working directory, or one that Norma brings.
  static Path find(String name) {
    Path here = Path.of(HomeFolder.resolve(name));
    Path brought = Installation.file(name);
    return Files.exists(here) || here.isAbsolute() || !Files.exists(brought) ? here : brought;
  }
}
