package norma.train.profile;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import norma.train.config.Range;
import norma.train.config.RunConfig;

/// The cases that a profile measures.
///
/// @param name   of the folder
/// @param title  for people
/// @param note   for people, may be empty
/// @param cases  all configurations
/// @param sweeps indices of cases that differ in one setting, by that setting; empty where cases are compared
/// @param steps  measured steps of each case, with and without a watch, each
public record ProfilePlan(String name, String title, String note, List<Case> cases, Map<String, List<Integer>> sweeps,
    int steps) {

  /// Measured steps where nobody says how many.
  static final int STEPS = 60;
  /// A median and quartiles need three.
  static final Range MEASURED = Range.whole(3, 100_000);

  /// A configuration.
  ///
  /// @param name     in tables
  /// @param settings `key=value` that make it differ from the others
  public record Case(String name, List<String> settings, RunConfig config) {
    public Case {
      settings = List.copyOf(settings);
      config = config.beginningWith(Optional.empty()).withAbsolutePaths(); // a step takes as long with any weights
    }
  }

  public ProfilePlan {
    cases = List.copyOf(cases);
    sweeps = new LinkedHashMap<>(sweeps);
  }

  /// A plan for one configuration.
  static ProfilePlan of(RunConfig config) {
    Case only = new Case(config.name(), List.of(), config);
    return new ProfilePlan(config.name(), config.name(), "", List.of(only), Map.of(), STEPS);
  }

  /// Cases stand side by side.
  public boolean compares() {
    return sweeps.isEmpty() && cases.size() > 1;
  }

  /// Changes the number of steps.
  ///
  /// @throws IllegalArgumentException if it is out of range
  public ProfilePlan withSteps(int more) {
    MEASURED.check("--steps", more);
    return new ProfilePlan(name, title, note, cases, sweeps, more);
  }
}
