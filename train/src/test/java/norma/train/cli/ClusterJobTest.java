package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.TreeSet;
import norma.train.cli.ClusterJob.Scheduler;
import norma.train.config.Range;
import org.junit.jupiter.api.Test;

class ClusterJobTest {
  private static String job(Scheduler scheduler, int threads, boolean gpu, String classPath) {
    return new ClusterJob("Scale_2.x", List.of("study", "x.yaml", "--cell"), new TreeSet<>(List.of(7, 2, 3, 4)), 0,
        threads, gpu, classPath).text(scheduler);
  }

  @Test
  void numbersInARowAreARange() {
    assertThat(Range.spans(new TreeSet<>(List.of(0)))).isEqualTo("0");
    assertThat(Range.spans(new TreeSet<>(List.of(12, 3, 1, 2, 9, 10, 0)))).isEqualTo("0-3,9-10,12");
  }

  @Test
  void anArrayHasTheRunsThatAreLeft() {
    assertThat(job(Scheduler.slurm, 4, true, "my norms/n.jar")).contains("\n#SBATCH --array=2-4,7\n",
        "\n#SBATCH --cpus-per-task=4\n", "\n#SBATCH --gres=gpu:1\n", "\nexport NORMA_CLASSPATH='my norms/n.jar'\n")
        .endsWith("/norma study x.yaml --cell \"$SLURM_ARRAY_TASK_ID\"");
    assertThat(job(Scheduler.slurm, 1, false, "")).doesNotContain("gres", "NORMA_CLASSPATH");
  }

  @Test
  void anIndexedJobReachesToTheLastRunThatIsLeft() {
    assertThat(job(Scheduler.kubernetes, 2, true, "$n.jar")).contains("generateName: norma-scale-2-x-\n",
        "completions: 8\n", "resources: {requests: {cpu: 2}, limits: {nvidia.com/gpu: 1}}\n",
        "env: [{name: NORMA_CLASSPATH, value: \"$$n.jar\"}]\n",
        "command: [norma, study, x.yaml, \"--cell\", \"$(JOB_COMPLETION_INDEX)\"]\n");
    assertThat(job(Scheduler.kubernetes, 1, false, "")).contains("resources: {requests: {cpu: 1}}\n")
        .doesNotContain("env:");
  }
}
