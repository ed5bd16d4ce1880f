package norma.train.export;

import ai.onnxruntime.OrtEnvironment;

/// The outside reader of exported models.
final class OnnxRuntime {
  private static final long STACK_BYTES = 8 << 20;

  private OnnxRuntime() {}

  /// Starts it once for all tests. That takes 0.8 MB of stack, which a test's thread does not have; without it the process is gone
  /// and says nothing (onnxruntime 1.29.0).
  static OrtEnvironment start() {
    Thread thread = new Thread(null, OrtEnvironment::getEnvironment, "start of onnxruntime", STACK_BYTES);
    thread.start();
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return OrtEnvironment.getEnvironment();
  }
}
