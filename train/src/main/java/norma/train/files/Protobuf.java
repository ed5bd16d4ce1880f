package norma.train.files;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// A message in the wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), field after field. What a field's
/// number means, the message's schema says; a message in a message is a field of bytes.
public final class Protobuf {
  private static final int VARINT = 0;
  private static final int FIXED_64 = 1;
  private static final int LENGTH = 2;
  private static final int FIXED_32 = 5;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /// A field of type `int32`, `int64`, `uint64`, `bool` or an enum.
  public Protobuf integer(int field, long value) {
    tag(field, VARINT);
    varint(value);
    return this;
  }

  /// A field of type `float`.
  public Protobuf number(int field, float value) {
    tag(field, FIXED_32);
    little(Float.floatToRawIntBits(value), Float.BYTES);
    return this;
  }

  /// A field of type `double`.
  public Protobuf number(int field, double value) {
    tag(field, FIXED_64);
    little(Double.doubleToRawLongBits(value), Double.BYTES);
    return this;
  }

  /// A field of type `repeated double`, packed.
  public Protobuf numbers(int field, double... values) {
    tag(field, LENGTH);
    varint((long) values.length * Double.BYTES);
    for (double value : values) {
      little(Double.doubleToRawLongBits(value), Double.BYTES);
    }
    return this;
  }

  /// A field of type `string`.
  public Protobuf text(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  /// A field of type `bytes`.
  public Protobuf bytes(int field, byte[] value) {
    tag(field, LENGTH);
    varint(value.length);
    out.writeBytes(value);
    return this;
  }

  /// A field whose type is a message.
  public Protobuf message(int field, Protobuf value) {
    return bytes(field, value.toByteArray());
  }

  /// The message so far.
  public byte[] toByteArray() {
    return out.toByteArray();
  }

  private void little(long bits, int bytes) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (bits >>> (8 * i)));
    }
  }

  private void tag(int field, int type) {
    varint(((long) field << 3) | type);
  }

  private void varint(long value) {
    long rest = value;
    for (; (rest & ~0x7FL) != 0; rest >>>= 7) {
      out.write((int) (rest & 0x7F) | 0x80);
    }
    out.write((int) rest);
  }
}
