package norma.kernels.nd4j;

import norma.array.Array;
import norma.array.DType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/// Numbers to and from arrays through ND4J's operations: the way that is open where memory is the GPU's.
final class Nd4jCopies {
  private Nd4jCopies() {}

  static void write(Array target, double[] values) {
    if (target.dtype() != DType.FLOAT32 && target.dtype() != DType.FLOAT64) {
      throw new IllegalArgumentException("fractions cannot go to " + target);
    }
    put(target, Nd4j.createFromArray(values));
  }

  static void write(Array target, int[] values) {
    put(target, Nd4j.createFromArray(values));
  }

  private static void put(Array target, INDArray values) {
    INDArray flat = flat(target);
    flat.assign(values.castTo(flat.dataType()));
  }

  static double[] read(Array source) {
    return flat(source).castTo(DataType.DOUBLE).toDoubleVector();
  }

  static int[] readIntegers(Array source) {
    return flat(source).toIntVector();
  }

  private static INDArray flat(Array array) {
    return array.reshape(Math.toIntExact(array.size())).nd4j();
  }
}
