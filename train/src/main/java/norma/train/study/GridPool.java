package norma.train.study;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/// A variant over all points of the grid. The unit of randomness is the seed: points share batches and initial values, so a seed's losses are
/// averaged over the points first, and the statistics are those of one pair for each seed.
///
/// @param variant its name, without the point
/// @param common settings that all points share, where losses on other tokens are pooled apart; empty otherwise
/// @param points of the grid
/// @param better pairs of runs, over all points and seeds, of which the variant has the lower loss
/// @param pairs  of runs
/// @param best   one pair for each seed that was trained at every point: means of the best validation losses over the points
/// @param p      sign-flip p of `best` after Holm's correction over the pools
public record GridPool(String variant, String common, int points, int better, int pairs, PairedDifferences best,
    double p,
    Verdict verdict) {

  /// Losses of two runs with one seed, at one point.
  record Pair(long seed, double variant, double baseline) {}

  /// One variant's pairs at all points.
  record Points(String variant, String common, int points, List<Pair> pairs) {
    Points {
      pairs = List.copyOf(pairs);
    }

    PairedDifferences bySeed() {
      List<List<Pair>> whole = pairs.stream().collect(Collectors.groupingBy(Pair::seed, TreeMap::new,
          Collectors.toList())).values().stream().filter(seed -> seed.size() == points).toList();
      return new PairedDifferences(means(whole, Pair::variant), means(whole, Pair::baseline));
    }

    private static double[] means(List<List<Pair>> seeds, ToDoubleFunction<Pair> loss) {
      return seeds.stream().mapToDouble(seed -> seed.stream().mapToDouble(loss).average().orElseThrow()).toArray();
    }
  }

  /// Pools each variant over its points, and corrects for all of them.
  static List<GridPool> of(List<Points> all) {
    List<PairedDifferences> best = all.stream().map(Points::bySeed).toList();
    double[] p = PairedDifferences.holm(best.stream().mapToDouble(PairedDifferences::signFlipP).toArray(), all.size());
    List<GridPool> pools = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      Points points = all.get(i);
      int better = (int) points.pairs.stream().filter(pair -> pair.variant < pair.baseline).count();
      pools.add(
          new GridPool(points.variant, points.common, points.points, better, points.pairs.size(), best.get(i), p[i],
              Verdict.of(best.get(i), p[i], all.size())));
    }
    return pools;
  }
}
