package norma.train.study;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import norma.train.config.Assignment;
import norma.train.files.FolderName;

/// Names of the variants at the points of a grid: `dyt-width64`, and where that is too long or taken, `dyt-end_of_the_path.txt-1a2b3c4d`.
final class VariantNames {
  /// With a seed behind it, a run's name has at most 64 characters.
  static final int LONGEST = 43;

  private final Set<String> taken = new HashSet<>();

  /// @param base  the variant's name in the file
  /// @param point settings of the grid, none without one
  String of(String base, List<Assignment> point) {
    StringBuilder suffix = new StringBuilder();
    for (Assignment setting : point) {
      String value = setting.toString().substring(setting.toString().indexOf('=') + 1);
      suffix.append('-').append(setting.path().getLast()).append(value.replaceAll("[^A-Za-z0-9.]+", "_"));
    }
    String name = base + suffix;
    if (name.length() > LONGEST || !taken.add(name)) {
      name = FolderName.hashed(base, suffix.toString(), base + point, LONGEST);
      taken.add(name);
    }
    return name;
  }
}
