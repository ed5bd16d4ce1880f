package norma.train.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The master of a cluster of Spark's, and the address of this machine that it reaches.
///
/// @param url  `spark://HOST:PORT`
/// @param here where workers find this machine
public record SparkMaster(String url, InetAddress here) {
  private static final Pattern FORM = Pattern.compile("spark://(\\[[^]]+]|[^:/,]+):(\\d{1,5})");
  private static final int PATIENCE_MILLIS = 10_000;

  /// Finds a master.
  ///
  /// @param url as the command line has it
  /// @throws IOException              if nobody listens there
  /// @throws IllegalArgumentException if it is no address of a master
  public static SparkMaster at(String url) throws IOException {
    Matcher parts = FORM.matcher(url);
    if (!parts.matches() || Integer.parseInt(parts.group(2)) > 65_535) {
      throw new IllegalArgumentException(
          "--cluster is " + url + "; expected a master of Apache Spark, spark://HOST:PORT");
    }
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(parts.group(1), Integer.parseInt(parts.group(2))), PATIENCE_MILLIS);
      return new SparkMaster(url, socket.getLocalAddress()); // the one of several networks that leads there
    } catch (IOException e) {
      throw new IOException(url + ": " + e.getMessage() + "; expected a master of Apache Spark there", e);
    }
  }
}
