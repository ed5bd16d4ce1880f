package norma.train.run;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import norma.fuzz.Input;

/// A checkpoint's `manifest.json`, beside the files of a sound checkpoint. No change of some bytes gets past its own hash, so manifests are
/// also written with the input's numbers and names in them: they read back the same.
public final class ManifestFuzz {
  private static final Input INPUT = new Input(Manifest.FILE, 2000);

  static {
    try {
      Path run = Files.createTempDirectory("norma-fuzz-");
      Path checkpoint = SmallRun.checkpoint(run);
      for (String name : Checkpoint.FILES) {
        Files.move(checkpoint.resolve(name), INPUT.folder().resolve(name)).toFile().deleteOnExit();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ManifestFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    INPUT.read(data, file -> Checkpoint.verify(INPUT.folder()), RunException.class)
        .ifPresent(manifest -> Input.require(manifest.files().keySet().equals(java.util.Set.copyOf(Checkpoint.FILES)),
            "other files"));
    Manifest made = made(data);
    Optional<Manifest> read = INPUT.read(made.bytes(), file -> Manifest.read(INPUT.folder()), RunException.class);
    Input.require(read.equals(Optional.of(made)), "written and read again, the manifest is another: " + read);
    INPUT.read(made.bytes(), file -> Checkpoint.verify(INPUT.folder()), RunException.class);
  }

  /// The input's first bytes as step and loss, then a name and a hash on each line.
  private static Manifest made(byte[] data) {
    ByteBuffer bytes = ByteBuffer.allocate(Math.max(12, data.length)).put(data).rewind();
    int step = bytes.getInt() & Integer.MAX_VALUE;
    double loss = bytes.getDouble();
    Map<String, String> files = new LinkedHashMap<>();
    List<String> lines = new String(bytes.array(), 12, bytes.remaining(), ISO_8859_1).lines().limit(10).toList();
    for (int i = 0; i + 1 < lines.size(); i += 2) {
      files.put(lines.get(i), lines.get(i + 1));
    }
    return new Manifest(step, loss, files);
  }
}
