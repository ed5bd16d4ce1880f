package norma.train.report;

/// Words of a command line.
public final class ShellText {
  private ShellText() {}

  /// A word as a POSIX shell must get it: in quotes if anything in it means something to the shell.
  public static String of(String word) {
    return word.matches("[\\w./+:@=-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
