package norma.models;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// A key of the configuration. It stands at a record component, which gives the key its name (`mlpRatio` is `mlp_ratio`) and its type.
/// Reader, writer, resume check, documentation and schema derive from it.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Key {
  /// Says what it does, with its unit, in half a sentence.
  String does();

  /// The default as YAML has it; empty for a group of keys.
  String value() default "";

  /// The numbers that it accepts, as an interval: `[1, 65536]`, `[0, 1)`, `(0, inf)`.
  String range() default "";

  /// Whether a resumed run may change it: every loss stays the same.
  boolean resumable() default false;
}
