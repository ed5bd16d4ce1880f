package norma.train.team;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import jdk.net.ExtendedSocketOptions;
import norma.array.Array;
import norma.kernels.Backend;
import norma.train.run.Environment;

/// One end of a connection between two processes of a team. Numbers are big-endian, elements of arrays as they lie in memory: both
/// ends run the same code on x86-64, which [#greet] makes sure of.
final class Wire implements AutoCloseable {
  private static final String PROTOCOL = "norma team 2";
  private static final int NONCE_BYTES = 32;
  private static final int MAX_TEXT_BYTES = 1 << 22; // a configuration has 2 KiB, all characters of Unicode 4 MiB
  private static final int CHUNK_ELEMENTS = 1 << 18;

  private final Socket socket;
  private final DataInputStream in;
  private final DataOutputStream out;
  private volatile Duration patience = Duration.ZERO;

  Wire(Socket socket) throws IOException {
    this.socket = socket;
    socket.setTcpNoDelay(true);
    socket.setKeepAlive(true);
    socket.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, 60); // seconds: routers forget who is silent, and the default is two hours
    socket.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, 15);
    socket.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, 4);
    in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
    out = new DataOutputStream(new BufferedOutputStream(new Patient(socket.getOutputStream()), 1 << 16));
  }

  /// What writes to the socket. An end that takes nothing for too long is cut off: reads of a socket have a time limit, writes have none.
  private final class Patient extends FilterOutputStream {
    Patient(OutputStream to) {
      super(to);
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[]{ (byte) one }, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
      if (patience.isZero()) {
        super.out.write(bytes, from, count);
        return;
      }
      CompletableFuture<Void> written = new CompletableFuture<>();
      var _ = written.orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS).exceptionally(_ -> {
        Wire.this.close();
        return null;
      });
      try {
        super.out.write(bytes, from, count);
      } catch (SocketException e) {
        if (written.isCompletedExceptionally()) {
          throw new SocketTimeoutException("it took nothing for too long");
        }
        throw e;
      } finally {
        written.complete(null);
      }
    }
  }

  /// The other end, for people.
  String other() {
    return socket.getInetAddress().getHostAddress() + ":" + socket.getPort();
  }

  /// How long the other end may send nothing where this one waits for it, or take nothing of what this one sends; for ever if zero.
  void patience(Duration longest) throws SocketException {
    patience = longest;
    socket.setSoTimeout(Math.toIntExact(longest.toMillis()));
  }

  /// Makes sure that the other end runs the same code and knows the same secret, without telling it to one who does not.
  ///
  /// @param secret of the team; may be empty
  /// @param self   a word for this end, another than the other's
  /// @throws IOException that says what is wrong
  void greet(String secret, String self, String partner) throws IOException {
    byte[] mine = new byte[NONCE_BYTES];
    new SecureRandom().nextBytes(mine);
    send(PROTOCOL);
    send(Environment.build());
    out.write(mine);
    out.flush();
    String protocol = text();
    if (!protocol.equals(PROTOCOL)) {
      throw new IOException(other() + " is no team of Norma's");
    }
    boolean same = text().equals(Environment.build());
    byte[] theirs = bytes(NONCE_BYTES);
    out.write(proof(secret, self, theirs));
    out.flush();
    byte[] proof = bytes(proof(secret, partner, mine).length);
    if (!same) {
      throw new IOException(other() + " runs another Norma; expected the same build here and there");
    }
    if (!MessageDigest.isEqual(proof, proof(secret, partner, mine))) {
      throw new IOException(other() + " has another NORMA_SECRET; expected the same here and there");
    }
  }

  private static byte[] proof(String secret, String word, byte[] nonce) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256"); // RFC 2104; every JDK has it
      mac.init(new SecretKeySpec(("norma " + secret).getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      mac.update(word.getBytes(StandardCharsets.UTF_8));
      return mac.doFinal(nonce);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  void send(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  String text() throws IOException {
    int length = readInt();
    if (length < 0 || length > MAX_TEXT_BYTES) {
      throw new IOException(other() + " is no team of Norma's");
    }
    return new String(bytes(length), StandardCharsets.UTF_8);
  }

  private byte[] bytes(int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw closed();
    }
    return bytes;
  }

  private EOFException closed() {
    return new EOFException(other() + " has closed the connection");
  }

  void sendInts(int... numbers) throws IOException {
    for (int number : numbers) {
      out.writeInt(number);
    }
  }

  int readInt() throws IOException {
    try {
      return in.readInt();
    } catch (EOFException e) {
      throw closed();
    }
  }

  void sendDouble(double number) throws IOException {
    out.writeDouble(number);
  }

  double readDouble() throws IOException {
    return in.readDouble();
  }

  void flush() throws IOException {
    out.flush();
  }

  /// Sends all elements.
  void send(Backend backend, Array array) throws IOException {
    byte[] chunk = new byte[CHUNK_ELEMENTS * array.dtype().bytes()];
    for (Array part : array.pieces(CHUNK_ELEMENTS)) {
      MemorySegment bytes = MemorySegment.ofArray(chunk).asSlice(0, part.bytes());
      backend.copy(part, bytes);
      out.write(chunk, 0, Math.toIntExact(part.bytes()));
    }
  }

  /// Receives all elements.
  void receive(Backend backend, Array array) throws IOException {
    byte[] chunk = new byte[CHUNK_ELEMENTS * array.dtype().bytes()];
    for (Array part : array.pieces(CHUNK_ELEMENTS)) {
      in.readFully(chunk, 0, Math.toIntExact(part.bytes()));
      backend.copy(MemorySegment.ofArray(chunk).asSlice(0, part.bytes()), part);
    }
  }

  /// Receives all elements of some arrays, and changes these only once everything is here.
  void receiveAll(Backend backend, List<Array> arrays) throws IOException {
    List<Array> parts = arrays.stream().flatMap(array -> array.pieces(CHUNK_ELEMENTS).stream()).toList();
    List<byte[]> chunks = new ArrayList<>();
    for (Array part : parts) {
      byte[] chunk = new byte[Math.toIntExact(part.bytes())];
      in.readFully(chunk);
      chunks.add(chunk);
    }
    for (int i = 0; i < parts.size(); i++) {
      backend.copy(MemorySegment.ofArray(chunks.get(i)), parts.get(i));
    }
  }

  /// Ends the connection. Whoever reads or writes at either end hears of it.
  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
