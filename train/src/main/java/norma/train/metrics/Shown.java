package norma.train.metrics;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/// A number of a record that reports show: this annotation gives it a chart or a column, under a title for people.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Shown {
  /// The title of its chart or column.
  String value();

  /// The heading that a column shares with its neighbours.
  String group() default "";

  /// How it is written.
  Style style() default Style.DIGITS;

  /// Whether neighbouring numbers differ by chance: a chart adds their mean.
  boolean noisy() default false;

  /// How a number is written.
  enum Style {
    /// three significant digits
    DIGITS,
    /// a share with its sign, `12 %`
    PERCENT,
    /// a share in percent without the sign, for the smallest
    HUNDREDTHS
  }

  /// A shown number of the records of one class.
  record Number<R extends Record>(Shown shown, ToDoubleFunction<R> value) {
    /// All of a record class, in the order of its components.
    public static <R extends Record> List<Number<R>> of(Class<R> type) {
      return Arrays.stream(type.getRecordComponents()).filter(component -> component.isAnnotationPresent(Shown.class))
          .map(component -> new Number<R>(component.getAnnotation(Shown.class),
              row -> (double) LineFormat.value(component, row)))
          .toList();
    }
  }
}
