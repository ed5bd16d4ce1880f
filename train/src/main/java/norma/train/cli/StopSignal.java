package norma.train.cli;

import java.util.concurrent.atomic.AtomicBoolean;

/// Ctrl-C or a termination signal, while it is open: work that looks at [#flag] ends in good order, then the process ends with the
/// command's own exit code: what fails on the way out must not pass for an interrupted run with a checkpoint.
final class StopSignal implements AutoCloseable {
  private final AtomicBoolean flag = new AtomicBoolean();
  private final Thread hook;

  StopSignal(Main main) {
    hook = new Thread(() -> {
      flag.set(true);
      int code = main.exitCode().join();
      System.out.flush();
      Runtime.getRuntime().halt(code);
    }, "norma-signal");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /// True once the signal came.
  AtomicBoolean flag() {
    return flag;
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
