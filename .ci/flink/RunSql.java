import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/** Runs the statements of a file in an Apache Flink inside this process, each to its end: RunSql FILE. */
public final class RunSql {
    public static void main(String[] args) throws Exception {
        Configuration conf = new Configuration();
        conf.setString("parallelism.default", "2");
        conf.setString("execution.checkpointing.interval", "1 s");
        conf.setString("table.local-time-zone", "UTC");
        TableEnvironment env = TableEnvironment.create(
            EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(conf).build());
        for (String statement : Files.readString(Path.of(args[0])).split(";")) {
            if (!statement.isBlank()) {
                env.executeSql(statement).await();
            }
        }
    }
}
