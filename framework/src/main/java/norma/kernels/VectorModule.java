package norma.kernels;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.module.FindException;
import java.util.Optional;

/// The JDK's incubating module with the Vector API, resolved when kernels first ask for it.
///
/// `--add-modules` at the start would do as well, but then the JVM writes a warning to standard error that no switch turns off,
/// and cannot start from an archived module graph. `java.base` resolves modules of the JDK in a running program for its own
/// agents; that method is called here, and the launcher exports its package. See `docs/decisions/0003-start.md`.
public final class VectorModule {
  /// The module's name.
  public static final String NAME = "jdk.incubator.vector";

  private static final Optional<String> MISSING = resolve();

  private VectorModule() {}

  /// Makes `jdk.incubator.vector` usable, if that is possible: classes that import it may be touched only then.
  ///
  /// @return what is missing and what to do about it; nothing if the module is there
  public static Optional<String> missing() {
    return MISSING;
  }

  private static Optional<String> resolve() {
    if (ModuleLayer.boot().findModule(NAME).isPresent()) { // asked for with --add-modules
      return Optional.empty();
    }
    try {
      Class<?> modules = Class.forName("jdk.internal.module.Modules");
      Module resolved = (Module) MethodHandles.lookup()
          .findStatic(modules, "loadModule", MethodType.methodType(Module.class, String.class)).invokeExact(NAME);
      assert resolved.getName().equals(NAME);
      return Optional.empty();
    } catch (FindException e) {
      return Optional.of("this JDK has no module " + NAME + "; a complete JDK 25 has it");
    } catch (ReflectiveOperationException e) {
      return Optional.of("module " + NAME + " is not resolved; start Java with --add-modules " + NAME);
    } catch (Throwable e) { // a JDK whose method has changed: the run goes on without
      return Optional.of("module " + NAME + " cannot be resolved: " + e);
    }
  }
}
