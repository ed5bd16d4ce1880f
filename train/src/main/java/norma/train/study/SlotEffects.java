package norma.train.study;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import norma.models.BlockName;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.report.Decimals;
import norma.train.report.HeatMap;
import norma.train.report.HeatMap.Ramp;
import norma.train.study.StudySummary.Row;

/// The difference in loss by slot and block, for studies in which variants change some slots of the baseline each, and nothing else.
final class SlotEffects {
  private static final String NORM = "model.norm.";
  private static final String BLOCKS = NORM + "blocks.";

  private SlotEffects() {}

  /// A variant that gives some slots another normalization.
  private record Effect(Row row, Set<String> slots) {}

  /// A table for each normalization that was put into several places in turn, in thousandths of a nat; empty if none was.
  static String of(StudySummary summary) {
    Map<String, List<Effect>> byNorm = new LinkedHashMap<>();
    for (Row row : summary.rows()) {
      Row baseline = summary.baselineOf(row);
      Map<String, String> before = slots(baseline.config());
      Map<String, String> after = slots(row.config());
      Set<String> changed = new LinkedHashSet<>(after.keySet());
      changed.removeIf(slot -> Objects.equals(before.get(slot), after.get(slot)));
      Set<String> norms = new HashSet<>();
      changed.forEach(slot -> norms.add(after.get(slot)));
      if (norms.size() == 1 && rest(baseline.config()).equals(rest(row.config())) && row.best().pairs() > 0) {
        String group = row.variant().group();
        byNorm.computeIfAbsent(norms.iterator().next() + (group.isEmpty() ? "" : " at " + group),
            _ -> new ArrayList<>()).add(new Effect(row, changed));
      }
    }
    List<HeatMap> maps = new ArrayList<>();
    byNorm.forEach((title, all) -> {
      List<Effect> effects = all.stream().filter(effect -> all.stream() // not one that changes all that another does
          .noneMatch(other -> !other.slots.equals(effect.slots) && effect.slots.containsAll(other.slots))).toList();
      if (effects.size() > 1 && disjoint(effects)) {
        maps.add(map(title, effects));
      }
    });
    return HeatMap.panels(maps, Ramp.AROUND_ZERO,
        difference -> Decimals.signed("%+.1f", difference / 1e-3));
  }

  /// The normalization in every slot, by the names that probes use.
  private static Map<String, String> slots(RunConfig config) {
    Map<String, String> flat = RunConfigWriter.flatten(config);
    Map<String, String> slots = new LinkedHashMap<>();
    flat.forEach((path, norm) -> {
      if (path.startsWith(NORM) && !path.startsWith(BLOCKS)) {
        String slot = path.substring(NORM.length());
        if (slot.indexOf('.') < 0) {
          slots.put(slot, norm);
        } else {
          for (int block = 0; block < config.model().layers(); block++) {
            slots.put(new BlockName(slot, block).toString(),
                flat.getOrDefault(NORM + new BlockName(slot, block), norm));
          }
        }
      }
    });
    return slots;
  }

  /// Everything but the slots, and how fast is learned, which may be each variant's own choice.
  private static Map<String, String> rest(RunConfig config) {
    Map<String, String> rest = new TreeMap<>(RunConfigWriter.flatten(config));
    rest.keySet().removeIf(path -> path.startsWith(NORM) || path.equals("optim.lr"));
    return rest;
  }

  private static boolean disjoint(List<Effect> effects) {
    Set<String> seen = new HashSet<>();
    return effects.stream().allMatch(effect -> effect.slots.stream().allMatch(seen::add));
  }

  private static HeatMap map(String title, List<Effect> effects) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    for (String slot : slots(effects.getFirst().row.config()).keySet()) {
      effects.stream().filter(effect -> effect.slots.contains(slot)).findFirst()
          .ifPresent(effect -> numbers.put(slot, effect.row.best().mean()));
    }
    return new HeatMap(title, numbers);
  }
}
