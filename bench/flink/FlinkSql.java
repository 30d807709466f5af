import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/**
 * Runs a statement of Flink SQL in streaming mode, in a cluster inside this process, with parallelism 1.
 *
 * <p>FlinkSql RUNS NO_ROWS ROWS STATEMENT ...
 *
 * <p>NO_ROWS and ROWS are folders; statements have the word FOLDER in its place. The last one is an INSERT INTO a table of
 * files in FOLDER/out. It is run RUNS times over no rows and RUNS times over the rows, so that its code is compiled. What the
 * rows gave goes to standard output; the last line on standard error is what they cost, "cpu_s wall_s": the cheapest run over
 * the rows less the cheapest one over none, which is what planning and starting a job costs.
 */
public final class FlinkSql {
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private static void remove(Path folder) throws Exception {
    if (!Files.exists(folder)) return;
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
    }
  }

  /** The least CPU seconds and the least wall seconds of a run. */
  private static double[] cost(StreamTableEnvironment tables, String folder, List<String> statements, int runs)
      throws Exception {
    List<String> here = statements.stream().map(text -> text.replace("FOLDER", folder)).toList();
    String name = "d" + Math.abs(folder.hashCode());
    tables.executeSql("CREATE DATABASE " + name);
    tables.executeSql("USE " + name);
    for (String statement : here.subList(0, here.size() - 1)) tables.executeSql(statement);
    double[] least = {Double.MAX_VALUE, Double.MAX_VALUE};
    for (int run = 0; run < runs; ++run) {
      remove(Path.of(folder, "out"));
      long cpu = SYSTEM.getProcessCpuTime();
      long wall = System.nanoTime();
      tables.executeSql(here.get(here.size() - 1)).await();
      double[] now = {(SYSTEM.getProcessCpuTime() - cpu) / 1e9, (System.nanoTime() - wall) / 1e9};
      System.err.println(folder + ": " + now[0] + " s of CPU, " + now[1] + " s");
      least = new double[] {Math.min(least[0], now[0]), Math.min(least[1], now[1])};
    }
    return least;
  }

  public static void main(String[] words) throws Exception {
    int runs = Integer.parseInt(words[0]);
    List<String> statements = Arrays.asList(words).subList(3, words.length);
    Configuration configuration = new Configuration();
    configuration.setString("parallelism.default", "1");
    configuration.setString("table.local-time-zone", "UTC");
    // A sink's files are whole only with a checkpoint; the last one comes when the input has ended.
    configuration.setString("execution.checkpointing.interval", "60 s");
    StreamTableEnvironment tables = StreamTableEnvironment.create(
        StreamExecutionEnvironment.getExecutionEnvironment(configuration),
        EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(configuration).build());
    double[] none = cost(tables, words[1], statements, runs);
    double[] all = cost(tables, words[2], statements, runs);
    try (Stream<Path> paths = Files.walk(Path.of(words[2], "out"))) {
      for (Path path : paths.filter(Files::isRegularFile).sorted().toList()) Files.copy(path, System.out);
    }
    System.out.flush();
    System.err.println((all[0] - none[0]) + " " + (all[1] - none[1]));
    System.exit(0);  // The cluster's threads would go on.
  }
}
