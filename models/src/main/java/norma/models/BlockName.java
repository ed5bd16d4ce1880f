package norma.models;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The name of a slot or a layer, `blocks.2.attn.pre`, taken apart. Whatever spells or parses such a name does it here.
///
/// @param path  `attn.pre`, or the whole name of what the model has once, `final`
/// @param block its block, counted from 0; -1 for what the model has once
public record BlockName(String path, int block) {
  private static final Pattern IN_BLOCK = Pattern.compile("blocks\\.(\\d{1,4})\\.(.+)");

  /// Takes a name apart.
  public static BlockName of(String name) {
    Matcher matcher = IN_BLOCK.matcher(name);
    return matcher.matches()
        ? new BlockName(matcher.group(2), Integer.parseInt(matcher.group(1)))
        : new BlockName(name, -1);
  }

  /// The name of its fellows in all blocks, `blocks.*.attn.pre`.
  public String inAnyBlock() {
    return block < 0 ? path : "blocks.*." + path;
  }

  /// The whole name.
  @Override
  public String toString() {
    return block < 0 ? path : "blocks." + block + "." + path;
  }
}
