package norma.kernels.cuda;

/// What a GPU or its software refused, in one line for people: what is wrong, and what to do about it.
public final class CudaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CudaException(String message) {
    super(message);
  }
}
