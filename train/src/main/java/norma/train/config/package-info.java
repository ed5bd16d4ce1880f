/// The configuration of a run. A key is one annotated component of [norma.train.config.RunConfig]'s records;
/// [norma.train.config.ConfigKey] is the view of it that the strict reader ([norma.train.config.ConfigReader]), the writer
/// ([norma.train.config.RunConfigWriter]), the resume check, `norma config` and the schema share (docs/decisions/0011-configuration.md).
///
/// Reading goes from text to a located tree ([norma.train.config.YamlReader], [norma.train.config.Node]) and from there, key by key
/// ([norma.train.config.Section]), to records: an error names the file, the line, the path, the value, what was expected and the nearest
/// valid name. Nothing here reads a corpus, builds a model or prints.
@NullMarked
package norma.train.config;

import org.jspecify.annotations.NullMarked;
