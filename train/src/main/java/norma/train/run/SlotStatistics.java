package norma.train.run;

import norma.nn.Norm;
import org.jspecify.annotations.Nullable;

/// Statistics of the numbers that enter or leave a normalization slot, over all tokens and channels.
///
/// @param invStd     1 / standard deviation, which DyT's alpha follows (arXiv:2503.10622, section 6.2)
/// @param saturation share whose argument u of a squashing function has |u| > 2; NaN without one
/// @param rms        root mean square
/// @param absmax     largest magnitude
/// @param kurtosis   of the channels' root mean squares s: mean(s^4) / mean(s^2)^2 (He et al., arXiv:2405.19279)
/// @param outliers   share more than 6 standard deviations from the mean (Bondarenko et al., arXiv:2306.12929, section 3)
record SlotStatistics(double invStd, double saturation, double rms, double absmax, double kurtosis, double outliers) {
  private static final double OUTLIER_STDS = 6;
  private static final double FLAT = 2;

  /// @param values (R, C) row-major
  /// @param width  C
  /// @param squash the slot's squashing function, or null
  static SlotStatistics of(double[] values, int width, Norm.@Nullable Squash squash) {
    double[] squares = new double[width];
    double sum = 0;
    double max = 0;
    for (int row = 0; row < values.length; row += width) {
      for (int c = 0; c < width; c++) {
        double value = values[row + c];
        sum += value;
        squares[c] += value * value;
        max = Math.max(max, Math.abs(value));
      }
    }
    double meanSquare = 0;
    double fourth = 0;
    for (double square : squares) {
      double channel = square / (values.length / (double) width);
      meanSquare += channel / width;
      fourth += channel * channel / width;
    }
    double mean = sum / values.length;
    double std = Math.sqrt(meanSquare - mean * mean);
    return new SlotStatistics(1 / std,
        squash == null ? Double.NaN : shareBeyond(values, squash.slope(), squash.shift(), FLAT), Math.sqrt(meanSquare),
        max, fourth / (meanSquare * meanSquare), shareBeyond(values, 1, -mean, OUTLIER_STDS * std));
  }

  /// Share of the values with |slope x + shift| > limit.
  private static double shareBeyond(double[] values, double slope, double shift, double limit) {
    int beyond = 0;
    for (double value : values) {
      if (Math.abs(slope * value + shift) > limit) {
        beyond++;
      }
    }
    return beyond / (double) values.length;
  }

  /// Root mean square of some numbers.
  static double rms(double[] values) {
    double squares = 0;
    for (double value : values) {
      squares += value * value;
    }
    return Math.sqrt(squares / values.length);
  }
}
