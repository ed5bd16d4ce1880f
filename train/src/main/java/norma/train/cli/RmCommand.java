package norma.train.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import norma.train.files.ProcessLock;
import norma.train.files.Tree;
import norma.train.report.Decimals;
import norma.train.run.RunException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `norma rm`.
@Command(name = "rm", mixinStandardHelpOptions = true, sortOptions = false, description = "Removes runs and studies with all that is in their folders. Says what goes, and asks.", footer = {
    "", "It removes no other folder, none that a process works on, and none behind a symbolic link." })
final class RmCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUN | STUDY", arity = "1..*", description = "Folders, or names as norma ls shows them.")
  private List<Path> folders = new ArrayList<>();

  @Option(names = { "-y", "--yes" }, description = "Does not ask.")
  private boolean yes;

  private final Console console = new Console();

  @Override
  public Integer call() throws IOException {
    Map<Path, StoredWork> going = new LinkedHashMap<>(); // once each, however it is spelled
    for (Path folder : folders) {
      StoredWork work = removable(StoredWork.runOrStudy(folder));
      going.putIfAbsent(work.path().toRealPath(), work);
    }
    long bytes = 0;
    for (StoredWork work : going.values()) {
      List<StoredWork.File> files = work.files();
      long size = files.stream().mapToLong(StoredWork.File::bytes).sum();
      console.line("%-6s %s   %s in %,d files", work.kind().name().toLowerCase(Locale.ROOT), work.path(),
          size == 0 ? "nothing" : Decimals.bytes(size), files.size());
      bytes += size;
    }
    if (!yes && !agreed()) {
      console.text("nothing was removed");
      return 0;
    }
    for (Map.Entry<Path, StoredWork> work : going.entrySet()) { // whole paths: the system removes no folder called `.`
      remove(new StoredWork(work.getKey(), work.getValue().kind()));
    }
    console.line("removed  %s", Decimals.bytes(bytes));
    return 0;
  }

  private static StoredWork removable(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new RunException(folder + " is not a folder; norma ls shows what there is");
    }
    Path real = folder.toRealPath();
    if (!real.equals(folder.toAbsolutePath().normalize())) {
      throw new RunException(folder + " leads through a symbolic link to " + real + ": give that folder itself");
    }
    StoredWork work = StoredWork.of(folder);
    if (work == null || work.kind() == StoredWork.Kind.NOTHING) {
      throw new RunException(folder + " is neither a run's folder nor a study's: it stays");
    }
    for (Path above = real.getParent(); above != null; above = above.getParent()) {
      StoredWork study = StoredWork.of(above);
      if (study != null && study.kind() == StoredWork.Kind.STUDY) {
        throw new RunException(folder + " is a run of the study " + above + ", which needs it: it stays");
      }
    }
    work.owner().ifPresent(owner -> {
      throw inUse(folder, " " + owner);
    });
    return work;
  }

  private static RunException inUse(Path folder, String process) {
    return new RunException(folder + " is in use by process" + process + ": stop it with Ctrl-C there");
  }

  private static boolean agreed() {
    java.io.Console terminal = Optional.ofNullable(System.console()).filter(java.io.Console::isTerminal)
        .orElseThrow(() -> new IllegalArgumentException(
            "norma rm asks on a terminal, and there is none; --yes removes without"));
    String answer = terminal.readLine("Remove for good? [y/N] ");
    return answer != null && Set.of("y", "yes").contains(answer.strip().toLowerCase(Locale.ROOT));
  }

  /// What a kill leaves can be removed again: the files by which the folder is a run's or a study's go last, with its locks, which NFS keeps
  /// in the folder under another name as long as they are open.
  private static void remove(StoredWork work) throws IOException {
    List<ProcessLock> locks = new ArrayList<>();
    try {
      for (Path file : work.locks()) {
        ProcessLock lock = ProcessLock.take(file);
        if (lock == null) {
          OptionalLong owner = ProcessLock.owner(file);
          throw inUse(work.path(), owner.isPresent() ? " " + owner.getAsLong() : " that could not leave its number");
        }
        locks.add(lock);
      }
      Set<Path> last = new HashSet<>(work.locks());
      Tree.list(work.path()).stream().filter(file -> !Files.isDirectory(file)).forEach(last::add);
      Tree.deleteBut(last, work.path());
    } finally {
      for (ProcessLock lock : locks) {
        lock.close();
      }
    }
    Tree.delete(work.path());
  }
}
