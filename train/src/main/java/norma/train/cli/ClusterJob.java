package norma.train.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.train.config.Range;
import norma.train.config.YamlText;
import norma.train.files.Installation;
import norma.train.files.ShellText;

/// Runs of a study as a job of a cluster: task N is run N. All systems count from 0.
///
/// @param study     its name
/// @param command   words that, with a run's number behind them, train that run
/// @param cells     numbers of the runs that are left and can begin now, at least one
/// @param waiting   number of runs whose settings those choose
/// @param threads   of a run
/// @param gpu       whether runs compute on one
/// @param classPath of a user's norms, empty without
record ClusterJob(String study, List<String> command, SortedSet<Integer> cells, int waiting, int threads, boolean gpu,
    String classPath) {
  /// What a job is printed for.
  enum Scheduler {
    slurm, kubernetes
  }

  String text(Scheduler scheduler) {
    return switch (scheduler) {
      case slurm -> slurm();
      case kubernetes -> kubernetes();
    };
  }

  /// An array job, a script for `sbatch`, that works where it was printed.
  private String slurm() {
    List<String> lines = new ArrayList<>(List.of("#!/bin/bash", //
        "#SBATCH --job-name=norma-" + study, //
        "#SBATCH --array=" + Range.spans(cells), //
        "#SBATCH --cpus-per-task=" + threads, //
        "#SBATCH --requeue"));
    if (gpu) {
      lines.add("#SBATCH --gres=gpu:1");
    }
    lines.add("# " + words());
    lines.add("cd " + ShellText.of(Path.of("").toAbsolutePath().toString()) + " || exit " + Main.FILES);
    if (!classPath.isEmpty()) {
      lines.add("export " + ShellText.CLASSES + "=" + ShellText.of(classPath));
    }
    lines.add("exec " + ShellText.of(Installation.file("norma").toString()) + ShellText.of(command)
        + " \"$SLURM_ARRAY_TASK_ID\"");
    return String.join("\n", lines);
  }

  /// An indexed Job for the image of `release/Containerfile`, on a volume that all pods share. Its indexes have no gaps: a run that has
  /// ended is a pod that ends at once.
  private String kubernetes() {
    String all = Stream.concat(Stream.concat(Stream.of("norma"), command.stream()).map(ClusterJob::literal),
        Stream.of("$(JOB_COMPLETION_INDEX)")).map(YamlText::of).collect(Collectors.joining(", "));
    return String.format(Locale.ROOT, """
        # %1$s
        apiVersion: batch/v1
        kind: Job
        metadata:
          generateName: norma-%2$s-
        spec:
          completionMode: Indexed
          completions: %3$d
          parallelism: %3$d
          backoffLimitPerIndex: 1 # a run whose pod is killed is tried once more
          podFailurePolicy:
            rules:
              - action: Ignore # a pod that had to go begins again
                onPodConditions: [{type: DisruptionTarget, status: "True"}]
              - action: FailIndex # what would fail again
                onExitCodes: {containerName: norma, operator: In, values: [%4$d, %5$d]}
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: norma
                  image: norma
                  command: [%6$s]
                  workingDir: /work%7$s
                  resources: {requests: {cpu: %8$d}%9$s}
                  volumeMounts: [{name: work, mountPath: /work}]
              volumes:
                - name: work
                  persistentVolumeClaim: {claimName: norma}""", words(),
        study.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "-"), cells.last() + 1, Main.USAGE, Main.FILES, all,
        classPath.isEmpty()
            ? ""
            : "\n          env: [{name: " + ShellText.CLASSES + ", value: " + YamlText.of(literal(classPath)) + "}]",
        threads, gpu ? ", limits: {nvidia.com/gpu: 1}" : "");
  }

  /// Kubernetes replaces `$(NAME)` in a command, and two dollar signs by one.
  private static String literal(String word) {
    return word.replace("$", "$$");
  }

  private String words() {
    return cells.size() + (cells.size() == 1 ? " run" : " runs") + " of " + study + (waiting == 0
        ? ""
        : "; " + waiting
            + " more, once these have chosen settings for them: the same command prints their job then");
  }
}
