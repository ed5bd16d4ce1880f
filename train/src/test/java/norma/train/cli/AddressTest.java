package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTest {
  /// What is printed where others join is what they give.
  @ParameterizedTest
  @ValueSource(strings = { "127.0.0.1", "::1", "fe80::1" })
  void anAddressIsWrittenAsItIsRead(String host) throws Exception {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getByName(host), 7000);
    assertThat(Address.of("ADDRESS:PORT", Address.text(address))).isEqualTo(address);
  }
}
