package norma.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Processes that do nothing but compute, as on a laptop in use. They end with the driver, however it ends.
final class BusyLoops implements AutoCloseable {
  private static final String LOOP = "while kill -0 $PPID 2>/dev/null; do i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done; done";

  private final List<Process> processes = new ArrayList<>();

  BusyLoops(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      processes.add(new ProcessBuilder("sh", "-c", LOOP).start());
    }
  }

  @Override
  public void close() {
    processes.forEach(Process::destroy);
  }
}
