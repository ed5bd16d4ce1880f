package norma.train.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// An address and a port, as people write them.
final class Address {
  private static final Pattern FORM = Pattern.compile("(?:(\\[.+]|[^:]+):)?(\\d{1,5})");

  private Address() {}

  /// Of this machine alone where only a port is written.
  ///
  /// @param name of the argument, for errors
  /// @param text an address and a port, a port, or null for any port that is free
  /// @throws IOException              if the address is unknown
  /// @throws IllegalArgumentException if the text is none
  static InetSocketAddress of(String name, @Nullable String text) throws IOException {
    if (text == null) {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }
    Matcher parts = FORM.matcher(text);
    if (!parts.matches() || Integer.parseInt(parts.group(2)) > 65_535) {
      throw new IllegalArgumentException(
          name + " is " + text + "; expected ADDRESS:PORT, such as 0.0.0.0:8080, or a port");
    }
    int port = Integer.parseInt(parts.group(2));
    return parts.group(1) == null
        ? new InetSocketAddress(InetAddress.getLoopbackAddress(), port)
        : new InetSocketAddress(InetAddress.getByName(parts.group(1)), port);
  }

  /// An address as [#of] takes it.
  static String text(InetSocketAddress address) {
    String host = address.getHostString();
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
  }
}
