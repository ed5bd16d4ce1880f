package norma.train.profile;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import norma.train.config.RunConfigWriter;
import tools.jackson.databind.json.JsonMapper;

/// `profile.json`: everything that was measured, in milliseconds, bytes and operations.
final class ProfileJson {
  private ProfileJson() {}

  static String of(ProfilePlan plan, List<Profile> profiles, Map<String, String> facts) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("name", plan.name());
    all.put("title", plan.title());
    all.put("facts", facts);
    all.put("cases", profiles.stream().map(ProfileJson::one).toList());
    if (plan.compares()) {
      all.put("comparison", CaseFigures.of(profiles).stream().map(ProfileJson::comparison).toList());
    }
    if (!plan.sweeps().isEmpty()) {
      all.put("scaling", Scaling.of(plan, profiles).stream().map(ProfileJson::scaling).toList());
    }
    return new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n";
  }

  private static Map<String, Object> one(Profile profile) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", profile.name());
    fields.put("settings", profile.settings());
    fields.put("backend", profile.backend());
    fields.put("peaks", peaks(profile.peaks()));
    fields.put("step", steps(profile.steps()));
    fields.put("attributed", profile.attributed());
    fields.put("rows", profile.rows().stream().map(row -> fields(row(row, profile.steps().tokens()))).toList());
    Profile.MemoryUse memory = profile.memory();
    fields.put("memory", fields("pass_tokens", memory.passTokens(), "weights", memory.weights(), "gradients",
        memory.gradients(), "moments", memory.moments(), "kept_of_a_pass", memory.kept(), "arena", memory.arena(),
        "resident", memory.resident()));
    fields.put("config", RunConfigWriter.flatten(profile.config()));
    return fields;
  }

  private static Map<String, Object> peaks(Peaks peaks) {
    return fields("threads", peaks.threads(), "product_gflops", peaks.gigaflops(), "copies", peaks.copies().stream()
        .map(copy -> fields("bytes_of_a_thread", copy.bytes(), "gb_per_s", copy.gigabytes())).toList());
  }

  private static Map<String, Object> steps(Profile.Steps steps) {
    return fields("plain_ms", steps.plain(), "watched_ms", steps.watched(), "overhead",
        steps.overhead(), "rounds_ms", steps.rounds(), "slot_rounds_ms", steps.slots(), "count", steps.count(),
        "tokens", steps.tokens(), "flops",
        steps.flops(), "tokens_per_s", steps.tokensPerSecond(), "gflops", steps.gigaflops());
  }

  /// Names and values of a row, which are the columns of `layers.csv` as well.
  static Object[] row(Row row, long tokens) {
    Row.Work work = row.work();
    return new Object[]{ "layer", row.name(), "group", row.group().name().toLowerCase(Locale.ROOT), "calls",
        row.calls(),
        "forward_ms", row.forward(), "backward_ms", row.backward(), "share", row.share(), "tokens_per_s",
        row.tokensPerSecond(tokens), "forward_flops", work.forwardFlops(), "backward_flops", work.backwardFlops(),
        "forward_bytes", work.forwardBytes(), "backward_bytes", work.backwardBytes(), "gflops", row.gigaflops(),
        "gb_per_s", row.gigabytes(), "roof_ms", row.roof().millis(), "times_roof", row.distance(), "bound", bound(row),
        "kept_bytes", row.memory().kept(), "arena_bytes", row.memory().arena() };
  }

  /// `bytes` or `products`, empty where nothing is counted.
  static String bound(Row row) {
    return Double.isNaN(row.roof().millis()) ? "" : row.roof().bandwidth() ? "bytes" : "products";
  }

  private static Map<String, Object> comparison(CaseFigures c) {
    Row slots = c.sum();
    return fields("name", c.name(), "step_ms", c.profile().steps().plain(), "speed", c.speed().median(), "speed_q1",
        c.speed().low(), "speed_q3", c.speed().high(), "slot_cost", c.slotCost().median(), "slot_cost_q1",
        c.slotCost().low(), "slot_cost_q3", c.slotCost().high(), "slots", c.slots().size(), "slot_forward_ms",
        slots.forward().median(), "slot_backward_ms", slots.backward().median(), "slot_share", slots.share(),
        "slot_gb_per_s", slots.gigabytes(), "copy_gb_per_s", c.copyRate(), "kept_bytes_a_token",
        c.each(slots.memory().kept()), "arena_bytes_a_token", c.each(slots.memory().arena()));
  }

  private static Map<String, Object> scaling(Scaling scaling) {
    return fields("setting", scaling.setting(), "time_exponent", scaling.time(), "time_exponent_q1",
        scaling.rounds().low(), "time_exponent_q3", scaling.rounds().high(), "flops_exponent", scaling.flops(),
        "time_over_flops_exponent", scaling.perFlop(), "points", scaling.points().stream().map(point -> fields("value",
            point.value(), "step_ms", point.millis(), "flops", point.flops(), "tokens", point.tokens())).toList());
  }

  /// Fields in their order, without numbers that are not finite, which JSON has not.
  private static Map<String, Object> fields(Object... namesAndValues) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      Object value = namesAndValues[i + 1];
      if (!(value instanceof Double number) || Double.isFinite(number)) {
        fields.put((String) namesAndValues[i], value instanceof Quartiles q
            ? fields("median", q.median(), "q1", q.low(), "q3", q.high())
            : value);
      }
    }
    return fields;
  }
}
