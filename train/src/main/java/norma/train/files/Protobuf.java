package norma.train.files;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A message in the wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), field after field. What a field's
/// number means, the message's schema says; a message in a message is a field of bytes. Large fields may be made when the message is
/// written, one after the other.
public final class Protobuf {
  private static final int VARINT = 0;
  private static final int FIXED_64 = 1;
  private static final int LENGTH = 2;
  private static final int FIXED_32 = 5;

  private final List<Content> parts = new ArrayList<>(); // what comes before `out`
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private long partBytes;

  /// Bytes that are made when they are written.
  @FunctionalInterface
  public interface Content {
    void to(OutputStream out) throws IOException;
  }

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

  /// A field of type `bytes`.
  ///
  /// @param length how many bytes `value` will write
  public Protobuf bytes(int field, long length, Content value) {
    tag(field, LENGTH);
    varint(length);
    byte[] before = out.toByteArray();
    out.reset();
    parts.add(to -> to.write(before));
    parts.add(value);
    partBytes += before.length + length;
    return this;
  }

  /// A field whose type is a message, which must be complete.
  public Protobuf message(int field, Protobuf value) {
    return bytes(field, value.length(), value::write);
  }

  /// How many bytes [#write] writes.
  public long length() {
    return partBytes + out.size();
  }

  /// Writes the message.
  public void write(OutputStream to) throws IOException {
    for (Content part : parts) {
      part.to(to);
    }
    out.writeTo(to);
  }

  /// The message so far.
  public byte[] toByteArray() {
    ByteArrayOutputStream all = new ByteArrayOutputStream(Math.toIntExact(length()));
    try {
      write(all);
    } catch (IOException e) { // of a part
      throw new UncheckedIOException(e);
    }
    return all.toByteArray();
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
