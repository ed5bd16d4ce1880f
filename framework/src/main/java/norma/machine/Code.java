package norma.machine;

/// Code that can be called, with up to ten integers or addresses: fewer are followed by zeros.
public interface Code {

  /// Makes code callable: [Executable#of], or what stands for it.
  interface Maker {
    /// @param name for profilers
    /// @throws RefusedException where it cannot run
    Code of(String name, byte[] code) throws RefusedException;

    /// The same where code has been made before.
    default Code another(String name, byte[] code) {
      try {
        return of(name, code);
      } catch (RefusedException e) {
        throw new IllegalStateException(e.reason(), e);
      }
    }
  }

  /// @return what the code leaves in RAX
  long call(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j);
}
