package norma.kernels.cuda;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// A shared library of the system. Its functions return an int, 0 for success; handles and addresses of the device are passed as
/// `long`, addresses of the host as [MemorySegment].
final class Library {
  /// Folders to look into first, separated like those of a class path: for an installation that lies elsewhere.
  static final String PATH = "norma.cuda.path";

  private static final List<String> FOLDERS = List.of("/usr/local/cuda/lib64", "/usr/lib/x86_64-linux-gnu",
      "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/local/nvidia/lib64", "/usr/lib/wsl/lib");

  private final String name;
  private final SymbolLookup symbols;
  private final Map<String, MethodHandle> functions = new ConcurrentHashMap<>();

  private Library(String name, SymbolLookup symbols) {
    this.name = name;
    this.symbols = symbols;
  }

  /// Opens the first of these names that is found: in the folders of [#PATH], by the system's loader (`LD_LIBRARY_PATH` and its
  /// cache), then in the folders that CUDA is installed to.
  ///
  /// @param beside what the names of libraries begin with that it opens itself, which the loader would look for in its own places
  ///               alone: those beside it are opened before; empty for none
  static Optional<Library> open(List<String> names, String beside) {
    for (String name : names) {
      List<String> candidates = new ArrayList<>();
      given().forEach(folder -> candidates.add(folder.resolve(name).toString()));
      candidates.add(name);
      usual().forEach(folder -> candidates.add(folder.resolve(name).toString()));
      for (String candidate : candidates) {
        if (!candidate.contains("/") || Files.exists(Path.of(candidate))) {
          if (candidate.contains("/") && !beside.isEmpty()) {
            loadBeside(Path.of(candidate), beside);
          }
          Optional<SymbolLookup> symbols = load(candidate);
          if (symbols.isPresent()) {
            return Optional.of(new Library(name, symbols.get()));
          }
        }
      }
    }
    return Optional.empty();
  }

  /// Whether an installation that lies elsewhere is named.
  static boolean isGiven() {
    return !given().isEmpty();
  }

  @SuppressWarnings("restricted") // the libraries are the system's own
  private static Optional<SymbolLookup> load(String nameOrPath) {
    try {
      return Optional.of(SymbolLookup.libraryLookup(nameOrPath, Arena.global()));
    } catch (IllegalArgumentException e) { // not found, or not a library for this processor
      return Optional.empty();
    }
  }

  private static void loadBeside(Path library, String beside) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(library.resolveSibling(""), beside + "*")) {
      files.forEach(file -> load(file.toString()));
    } catch (IOException e) {
      return; // the library itself says what it lacks
    }
  }

  private static List<Path> given() {
    return folders(System.getProperty(PATH, ""));
  }

  private static List<Path> usual() {
    List<Path> usual = new ArrayList<>();
    for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
      for (Path home : folders(System.getenv().getOrDefault(variable, ""))) {
        usual.add(home.resolve("lib64"));
        usual.add(home.resolve("lib"));
        usual.add(home);
      }
    }
    FOLDERS.forEach(folder -> usual.add(Path.of(folder)));
    try (DirectoryStream<Path> versions = Files.newDirectoryStream(Path.of("/usr/local"), "cuda-*")) {
      List<Path> found = new ArrayList<>();
      versions.forEach(found::add);
      found.sort(Comparator.reverseOrder());
      found.forEach(version -> usual.add(version.resolve("lib64")));
    } catch (IOException e) {
      return usual; // no such folder
    }
    return usual;
  }

  private static List<Path> folders(String list) {
    return Arrays.stream(list.split(File.pathSeparator, -1)).filter(folder -> !folder.isEmpty()).map(Path::of).toList();
  }

  /// Opens a part of CUDA's toolkit, the newest that a driver serves: a newer compiler's code may not run on it.
  ///
  /// @param what   it is, for people
  /// @param name   for example `cublas`
  /// @param driver newest CUDA that the driver serves, 13000 for 13.0
  /// @param beside see [#open]
  /// @throws CudaException if it is not installed
  static Library ofToolkit(String what, String name, int driver, String beside) {
    String file = "lib" + name + ".so";
    boolean both = driver >= 13_000;
    return open(both ? List.of(file + ".13", file + ".12", file) : List.of(file + ".12", file), beside)
        .orElseThrow(() -> new CudaException("no " + what + ": " + file + (both ? ".13 or .12" : ".12")
            + " was not found; install CUDA 12" + (both ? " or 13" : "")
            + ", or set CUDA_HOME to the folder that it is in"));
  }

  /// A call of a foreign function.
  interface Call {
    int result() throws Throwable;
  }

  /// What a foreign function returns; it throws nothing itself.
  static int result(Call call) {
    try {
      return call.result();
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /// A function for calls in a step.
  ///
  /// @throws CudaException if the library does not have it
  @SuppressWarnings("restricted") // the signatures are NVIDIA's; a test checks them against a library of its own
  MethodHandle function(String function, MemoryLayout... parameters) {
    MemorySegment address = symbols.find(function)
        .orElseThrow(() -> new CudaException(name + " has no function " + function + ": Norma needs CUDA 12 or 13"));
    return Linker.nativeLinker().downcallHandle(address, FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
  }

  /// Calls a function that is not worth a name of its own. Its signature follows from the arguments: int, long, float or the
  /// address of host memory.
  ///
  /// @return what it returned
  int call(String function, Object... arguments) {
    MethodHandle handle = functions.computeIfAbsent(function,
        unbound -> function(unbound, Arrays.stream(arguments).map(Library::layout).toArray(MemoryLayout[]::new)));
    return result(() -> (int) handle.invokeWithArguments(arguments));
  }

  private static MemoryLayout layout(Object argument) {
    return switch (argument) {
      case Integer _ -> ValueLayout.JAVA_INT;
      case Long _ -> ValueLayout.JAVA_LONG;
      case Float _ -> ValueLayout.JAVA_FLOAT;
      case MemorySegment _ -> ValueLayout.ADDRESS;
      default -> throw new IllegalArgumentException("no argument of a foreign function: " + argument);
    };
  }

  /// A text that a function returned the address of.
  @SuppressWarnings("restricted") // of a constant in the library
  static String text(MemorySegment pointer) {
    return pointer.get(ValueLayout.ADDRESS, 0).reinterpret(Long.MAX_VALUE).getString(0);
  }
}
