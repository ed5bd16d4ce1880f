package norma.array;

import org.nd4j.linalg.factory.Nd4j;

/// Counts what ND4J makes that owns native memory or points to it: arrays, views, shapes, contexts of operations, workspaces. Each has a
/// number of its own, so what is freed at once counts too. The numbers are those of the whole JVM: nothing else may compute meanwhile.
public final class NativeObjects {
  private long last = next();

  /// How many were made since this began, or since the last call.
  public long made() {
    long before = last;
    last = next();
    return last - before - 1;
  }

  /// Asking takes a number too.
  private static long next() {
    return Nd4j.getDeallocatorService().nextValue();
  }
}
