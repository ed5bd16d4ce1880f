package norma.train.profile;

import java.util.ArrayList;
import java.util.List;
import norma.train.profile.Row.Group;

/// One case beside the first one.
///
/// @param profile  of the case
/// @param speed    tokens/s of this case over those of the first: the median over rounds, in which both were measured close to
///     each other in time, with quartiles
/// @param slotCost time in all slots over that of the first: the median over rounds, with quartiles; NaN without slots
/// @param slots    rows of the normalization slots
record CaseFigures(Profile profile, Quartiles speed, Quartiles slotCost, List<Row> slots) {
  CaseFigures {
    slots = List.copyOf(slots);
  }

  /// All cases, the first one included.
  static List<CaseFigures> of(List<Profile> profiles) {
    return profiles.stream().map(profile -> of(profiles.getFirst(), profile)).toList();
  }

  private static CaseFigures of(Profile first, Profile profile) {
    List<Double> ratios = new ArrayList<>();
    List<Double> costs = new ArrayList<>();
    for (int i = 0; i < profile.steps().rounds().size(); i++) {
      double tokens = (double) profile.steps().tokens() / first.steps().tokens();
      ratios.add(tokens * first.steps().rounds().get(i) / profile.steps().rounds().get(i));
      costs.add(profile.steps().slots().get(i) / first.steps().slots().get(i));
    }
    List<Row> slots = profile.rows().stream().filter(row -> row.group() == Group.NORM).toList();
    return new CaseFigures(profile, Quartiles.of(ratios),
        slots.isEmpty() ? new Quartiles(Double.NaN, Double.NaN, Double.NaN) : Quartiles.of(costs), slots);
  }

  String name() {
    return profile.name();
  }

  /// All slots of a step.
  Row sum() {
    return Row.sum("slots", Group.NORM, slots);
  }

  /// GB/s of a copy of the slots' bytes; NaN without slots.
  double copyRate() {
    Row sum = sum();
    return sum.work().bytes() / sum.roof().copies() / 1e6;
  }

  /// A token's share in one slot of the bytes of all slots in a pass; NaN without slots.
  double each(long bytes) {
    return bytes / ((double) profile.memory().passTokens() * slots.size());
  }
}
