package norma.train.profile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.profile.Row.Group;
import norma.train.profile.Row.Memory;
import norma.train.profile.Row.Roof;
import norma.train.profile.Row.Work;

/// Profiles that nobody has measured, with the numbers of a small model.
final class ProfileFixture {
  static final Peaks PEAKS = new Peaks(2, 160, List.of(new Peaks.Copy(1 << 16, 90), new Peaks.Copy(1 << 28, 15)));
  private static final long TOKENS = 768;
  private static final int BLOCKS = 4;

  private ProfileFixture() {}

  /// One case.
  ///
  /// @param slots how much longer than usual the normalization slots take
  static Profile profile(String name, double slots, String... settings) {
    return profile(name, slots, 1, 1, settings);
  }

  /// @param scale of all times
  /// @param work  of all operations
  private static Profile profile(String name, double slots, double scale, double work, String... settings) {
    List<Row> rows = new ArrayList<>();
    rows.add(row("tok_emb", Group.EMBEDDING, 0.05 * scale, 0.09 * scale, 1e5, 1.2e6));
    for (int block = 0; block < BLOCKS; block++) {
      String at = "blocks." + block + ".";
      rows.add(row(at + "attn.pre", Group.NORM, 0.06 * scale * slots, 0.11 * scale * slots, 3e6, 2e6));
      rows.add(row(at + "attn.qkv", Group.ATTENTION_PRODUCTS, 0.7 * scale, 1.3 * scale, 2.26e8, 6e6));
      rows.add(row(at + "attn.attention", Group.ATTENTION, 0.5 * scale, 0.8 * scale, 8e7, 6e6));
      rows.add(row(at + "attn.proj", Group.ATTENTION_PRODUCTS, 0.25 * scale, 0.5 * scale, 7.5e7, 2.5e6));
      rows.add(row(at + "attn.add", Group.RESIDUAL, 0.04 * scale, 0, 1e5, 1.2e6));
      rows.add(row(at + "mlp.pre", Group.NORM, 0.06 * scale * slots, 0.11 * scale * slots, 3e6, 2e6));
      rows.add(row(at + "mlp.fc", Group.MLP_PRODUCTS, 0.9 * scale, 1.7 * scale, 3.02e8, 7e6));
      rows.add(row(at + "mlp.gelu", Group.ACTIVATION, 0.15 * scale, 0.2 * scale, 1.2e7, 6e6));
      rows.add(row(at + "mlp.proj", Group.MLP_PRODUCTS, 0.9 * scale, 1.8 * scale, 3.02e8, 7e6));
      rows.add(row(at + "mlp.add", Group.RESIDUAL, 0.04 * scale, 0, 1e5, 1.2e6));
    }
    rows.add(row("final", Group.NORM, 0.06 * scale * slots, 0.11 * scale * slots, 3e6, 2e6));
    rows.add(row("head", Group.HEAD, 0.15 * scale, 0.3 * scale, 3.8e7, 1.3e6));
    rows.add(row("loss", Group.HEAD, 0.2 * scale, 0.05 * scale, 5e5, 8e5));
    rows.add(row("weights", Group.PHASE, 0.3 * scale, 0, 0, 0));
    rows.add(row("clipping", Group.PHASE, 0.2 * scale, 0, 1.6e6, 3.2e6));
    rows.add(row("optimizer", Group.PHASE, 0.9 * scale, 0, 1.3e7, 2.2e7));
    rows.add(row("waiting", Group.REST, 0.8 * scale, 0, 0, 0));
    rows.add(row("other", Group.REST, 0.3 * scale, 0, 0, 0));
    double step = rows.stream().mapToDouble(Row::millis).sum();
    double flops = rows.stream().mapToDouble(row -> row.work().flops()).sum() * work;
    List<Row> shared = rows.stream().map(row -> new Row(row.name(), row.group(), row.forward(), row.backward(),
        row.calls(), row.millis() / step, row.work(), row.memory(), row.roof())).toList();
    Profile.Steps steps = new Profile.Steps(around(0.98 * step), around(step), 0.02,
        List.of(0.97 * step, 0.98 * step, 0.99 * step), List.of(slots, 2 * slots, 3 * slots), 12, TOKENS, flops);
    return new Profile(name, List.of(settings), config(settings), "vector kernels, 2 threads", PEAKS, steps, shared,
        new Profile.MemoryUse(TOKENS / 2, 3_200_000, 6_400_000, 6_400_000, 9_000_000, 21_000_000, 400_000_000),
        List.of());
  }

  private static Row row(String name, Group group, double forward, double backward, double flops, double bytes) {
    Work work = new Work(flops / 3, flops * 2 / 3, bytes / 3, bytes * 2 / 3);
    double products = flops / PEAKS.gigaflops() / 1e6;
    double copies = bytes / 60 / 1e6;
    return new Row(name, group, around(forward), backward == 0 ? new Quartiles(0, 0, 0) : around(backward),
        group == Group.REST ? 0 : 2, 0, work, flops == 0 ? Memory.NONE : new Memory(98_304, 196_608),
        bytes == 0 ? Roof.NONE : new Roof(Math.max(products, copies), copies, copies > products));
  }

  private static Quartiles around(double median) {
    return new Quartiles(median, 0.95 * median, 1.1 * median);
  }

  private static RunConfig config(String... settings) {
    return new ConfigReader(NormTypes.all()).read("test", "", Assignment.parse(List.of(settings)));
  }

  /// A plan for such cases.
  static ProfilePlan plan(String title, List<Profile> profiles) {
    return new ProfilePlan("x", title, "", profiles.stream()
        .map(p -> new ProfilePlan.Case(p.name(), p.settings(), p.config())).toList(), Map.of(), 12);
  }

  /// Layers 2, 4, 8 with time that doubles and operations that treble, and 1 and 2 threads of which the second helps by half.
  static List<Profile> sweeps() {
    return List.of(profile("model.layers=2", 1, 1, 1, "model.layers=2"),
        profile("model.layers=4", 1, 2, 3, "model.layers=4"),
        profile("model.layers=8", 1, 4, 9, "model.layers=8"),
        profile("runtime.threads=1", 1, 1, 1, "runtime.threads=1"),
        profile("runtime.threads=2", 1, 1 / 1.5, 1, "runtime.threads=2"));
  }

  /// Of [#sweeps].
  static ProfilePlan sweepPlan() {
    Map<String, List<Integer>> sweeps = new LinkedHashMap<>();
    sweeps.put("model.layers", List.of(0, 1, 2));
    sweeps.put("runtime.threads", List.of(3, 4));
    ProfilePlan plan = plan("sweeps", sweeps());
    return new ProfilePlan("x", plan.title(), "", plan.cases(), sweeps, 12);
  }
}
