package norma.train.profile;

import java.util.ArrayList;
import java.util.List;
import norma.train.profile.Row.Group;

/// One case beside the first one.
///
/// @param name         of the case
/// @param stepMillis   of a plain step
/// @param speed        tokens/s of this case over those of the first: the median over rounds, in which both were measured close to
///     each other in time, with quartiles
/// @param slotCost     time in all slots over that of the first: the median over rounds, with quartiles; NaN without slots
/// @param slots        normalization slots
/// @param slotForward  milliseconds of all slots in a step
/// @param slotBackward milliseconds of all slots in a step
/// @param slotShare    of the watched step
/// @param gigabytes    per second in the slots, NaN without slots
/// @param copyRate     what a copy of the same bytes reaches, NaN without slots
/// @param keptBytes    a token in a slot that are kept for backward, input included
/// @param arenaBytes   a token in a slot that forward takes from the arena, output included
/// @param attributed   share of the watched step in layers and phases
/// @param overhead     of watching, see [Profile.Steps]
public record CaseFigures(String name, Quartiles stepMillis, Quartiles speed, Quartiles slotCost, int slots,
    double slotForward,
    double slotBackward, double slotShare, double gigabytes, double copyRate, double keptBytes, double arenaBytes,
    double attributed, double overhead) {

  /// All cases, the first one included.
  static List<CaseFigures> of(List<Profile> profiles) {
    List<CaseFigures> all = new ArrayList<>();
    for (Profile profile : profiles) {
      all.add(of(profiles.getFirst(), profile));
    }
    return all;
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
    double millis = slots.stream().mapToDouble(Row::millis).sum();
    double bytes = slots.stream().mapToDouble(row -> row.work().bytes()).sum();
    double floor = slots.stream().mapToDouble(row -> row.roof().millis()).sum();
    double tokens = (double) profile.memory().passTokens() * slots.size();
    return new CaseFigures(profile.name(), profile.steps().plain(),
        Quartiles.of(ratios),
        slots.isEmpty() ? new Quartiles(Double.NaN, Double.NaN, Double.NaN) : Quartiles.of(costs), slots.size(),
        slots.stream().mapToDouble(row -> row.forward().median()).sum(),
        slots.stream().mapToDouble(row -> row.backward().median()).sum(),
        slots.stream().mapToDouble(Row::share).sum(), bytes / millis / 1e6, bytes / floor / 1e6,
        slots.stream().mapToLong(row -> row.memory().kept()).sum() / tokens,
        slots.stream().mapToLong(row -> row.memory().arena()).sum() / tokens, profile.attributed(),
        profile.steps().overhead());
  }
}
