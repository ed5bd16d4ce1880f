/// The configuration of a run: records with validating constructors ([norma.train.config.RunConfig]), the strict reader
/// of YAML files and `key=value` assignments ([norma.train.config.ConfigReader]), and the writer of the resolved
/// configuration ([norma.train.config.RunConfigWriter]).
///
/// Reading goes from text to a located tree ([norma.train.config.YamlReader], [norma.train.config.Node]) and from there,
/// key by key, to records ([norma.train.config.Section]): there is no reflection, so that an error can always name the
/// file, the line, the path, the value, what was expected and the nearest valid name.
@NullMarked
package norma.train.config;

import org.jspecify.annotations.NullMarked;
