/// What a run leaves for people: `loss.svg` and `report.html`, made from the files of a run folder alone.
/// The contract of those files is in the project's architecture page; nothing here touches a model.
@NullMarked
package norma.train.report;

import org.jspecify.annotations.NullMarked;
