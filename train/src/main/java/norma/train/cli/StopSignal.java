package norma.train.cli;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/// Ctrl-C or a termination signal, while it is open: work that looks at [#flag] ends in good order, then the process ends with the
/// command's own exit code: what fails on the way out must not pass for an interrupted run with a checkpoint. A second signal ends the process at
/// once and with the code of a kill: nobody knows whether there is a checkpoint.
final class StopSignal implements AutoCloseable {
  private static final Logger LOG = LogManager.getLogger(StopSignal.class);

  private final AtomicBoolean flag = new AtomicBoolean();
  private volatile List<String> atOnce = List.of("INT", "TERM");
  private final Thread hook;

  StopSignal(Main main) {
    hook = new Thread(() -> {
      flag.set(true);
      stopAtOnceWithTheNext();
      int code = main.exitCode().join();
      System.out.flush();
      Runtime.getRuntime().halt(code);
    }, "norma-signal");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /// The JVM alone would wait for this hook, whatever comes. The only way to hear of a second signal is `sun.misc.Signal`, which javac
  /// warns of at every mention: hence the method handles. Without it a second signal has no effect.
  private void stopAtOnceWithTheNext() {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      MethodHandle end = lookup.findStatic(StopSignal.class, "endAtOnce", MethodType.methodType(void.class));
      Object ending = MethodHandleProxies.asInterfaceInstance(handler, MethodHandles.dropArguments(end, 0, signal));
      MethodHandle create = lookup.findConstructor(signal, MethodType.methodType(void.class, String.class));
      MethodHandle handle = lookup.findStatic(signal, "handle", MethodType.methodType(handler, signal, handler));
      for (String name : atOnce) {
        handle.invoke(create.invoke(name), ending);
      }
    } catch (Throwable e) { // what invoke may throw
      LOG.debug("a second signal will have no effect", e);
    }
  }

  @SuppressWarnings("UnusedMethod") // the handler's
  private static void endAtOnce() {
    System.err.println("norma: interrupted again: ended at once, with the checkpoints that were whole before");
    Runtime.getRuntime().halt(Main.KILLED);
  }

  /// True once the signal came.
  AtomicBoolean flag() {
    return flag;
  }

  /// The same for the parent, which must not have ended before.
  void comesWithTheParentsEnd() {
    ProcessHandle.current().parent().ifPresent(parent -> comesWithTheEndOf(parent.pid()));
  }

  /// Sets the flag also when the process that started this one has ended, or had before: nobody would read what is found. Ctrl-C reaches both, and the
  /// parent passes it on as a termination, which is no second signal then.
  void comesWithTheEndOf(long parent) {
    atOnce = List.of("INT");
    ProcessHandle.of(parent).ifPresentOrElse(process -> {
      var _ = process.onExit().thenRun(() -> flag.set(true));
    }, () -> flag.set(true));
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The shutdown has begun: the hook itself ends the process.
      return;
    }
  }
}
