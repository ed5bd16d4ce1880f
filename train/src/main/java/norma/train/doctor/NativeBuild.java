package norma.train.doctor;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import norma.train.doctor.Finding.Advice;
import norma.train.run.SystemFiles;

/// Which of ND4J's native builds is in use, and whether another would be faster.
///
/// @param classifier of its jar, for example `linux-x86_64-onednn`
public record NativeBuild(String classifier) {
  private static final String LABEL = "native";
  /// Libraries are unpacked to a folder of this name; jars of several builds may lie on the class path, and one is loaded.
  private static final Pattern LIBRARY = Pattern.compile("/bindings/([^/\\s]+)/lib(?:jni)?nd4jcpu\\.so");

  /// The one that this process has loaded; nothing where Linux does not tell.
  public static Optional<NativeBuild> loaded() {
    return of(SystemFiles.read("/proc/self/maps"));
  }

  /// @param maps content of `/proc/self/maps`
  static Optional<NativeBuild> of(String maps) {
    Matcher library = LIBRARY.matcher(maps);
    return library.find() ? Optional.of(new NativeBuild(library.group(1))) : Optional.empty();
  }

  /// GFLOP/s of one thread, of both measured in turn.
  ///
  /// @param backend in use
  /// @param own     of its kernels
  /// @param nd4j    of ND4J's
  public record Products(String backend, double own, double nd4j) {}

  /// @param widest   instructions of the CPU, for example `AVX-512`
  /// @param own      whether the backend has kernels of its own, so that ND4J only gives the memory
  /// @param products if they were measured
  public Finding finding(String widest, boolean own, Optional<Products> products) {
    boolean oneDnn = classifier.contains("onednn");
    if (own) {
      return Finding.of(LABEL, classifier + ", of which only the memory is used"
          + products.map(rates -> String.format(Locale.ROOT,
              ": products of the backend %s's kernels run at %.0f GFLOP/s, ND4J's at %.0f", rates.backend, rates.own,
              rates.nd4j)).orElse("")
          + "; nothing to gain from another build");
    }
    if (oneDnn) {
      return Finding.of(LABEL, classifier + ", whose oneDNN makes its products for the CPU that it finds (" + widest
          + "); nothing to gain from another build");
    }
    return Finding.of(LABEL, classifier, new Advice("use the build linux-x86_64-onednn (nd4j.classifier in pom.xml)",
        "the backend computes with ND4J, and this build was not made for " + widest,
        "not measured: it is a setting of the build"));
  }
}
