package io.riffle.bench;

import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.Table;
import org.apache.flink.table.api.TableDescriptor;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.CloseableIterator;

import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Runs a job on a running cluster, once for each number of events, and prints the id of each:
 * Main HOST:PORT PARALLELISM CHECKPOINT-DIR run|check FILE EVENTS...
 *
 * <p>FILE holds statements, the last one a query; ${events} in it is the number of events. The name
 * "ysb" in its place is the DataStream job. "check" prints the number of rows and the sum of each
 * column instead: numbers themselves, texts by their lengths, and times not at all.
 */
public final class Main {
    private final String[] address;
    private final Configuration conf = new Configuration();

    private Main(String address, String parallelism, String checkpoints) {
        this.address = address.split(":");
        conf.setString("execution.target", "remote");
        conf.setString("rest.address", this.address[0]);
        conf.setString("rest.port", this.address[1]);
        conf.setString("parallelism.default", parallelism);
        conf.setString("pipeline.object-reuse", "true");
        conf.setString("execution.checkpointing.interval", "10 s");
        conf.setString("execution.checkpointing.mode", "EXACTLY_ONCE");
        conf.setString("execution.checkpointing.dir", checkpoints);
        // Else a bounded job waits at its end for the next checkpoint, doing nothing.
        conf.setString("execution.checkpointing.checkpoints-after-tasks-finish", "false");
        conf.setString("state.backend.type", "hashmap");
    }

    public static void main(String[] a) throws Exception {
        Main m = new Main(a[0], a[1], a[2]);
        boolean check = a[3].equals("check");
        for (String events : Arrays.copyOfRange(a, 5, a.length)) {
            long n = Long.parseLong(events);
            if (check) {
                m.check(a[4], n);
                continue;
            }
            JobClient job = a[4].equals("ysb") ? m.startYsb(n) : m.startQuery(a[4], n);
            job.getJobExecutionResult().get();
            System.out.println("job " + job.getJobID() + " " + n);
        }
    }

    private StreamExecutionEnvironment environment() {
        return StreamExecutionEnvironment.createRemoteEnvironment(address[0], Integer.parseInt(address[1]), conf);
    }

    private JobClient startYsb(long events) throws Exception {
        StreamExecutionEnvironment env = environment();
        Ysb.job(env, events).sinkTo(new DiscardingSink<Tuple3<String, Long, Long>>());
        return env.executeAsync("ysb");
    }

    private JobClient startQuery(String file, long events) throws Exception {
        Table t = query(file, events);
        Schema s = Schema.newBuilder().fromRowDataType(t.getResolvedSchema().toPhysicalRowDataType()).build();
        return t.insertInto(TableDescriptor.forConnector("blackhole").schema(s).build()).execute().getJobClient().orElseThrow();
    }

    private Table query(String file, long events) throws Exception {
        StreamTableEnvironment tables = StreamTableEnvironment.create(environment());
        String[] statements = Files.readString(Path.of(file)).replace("${events}", Long.toString(events)).strip().split(";\\s*");
        for (int i = 0; i < statements.length - 1; i++) {
            tables.executeSql(statements[i]);
        }
        return tables.sqlQuery(statements[statements.length - 1]);
    }

    private void check(String file, long events) throws Exception {
        long rows = 0;
        BigDecimal[] sums = null;
        try (CloseableIterator<Row> it = file.equals("ysb") ? ysbRows(events) : query(file, events).execute().collect()) {
            while (it.hasNext()) {
                Row r = it.next();
                boolean back = r.getKind() == RowKind.DELETE || r.getKind() == RowKind.UPDATE_BEFORE;
                BigDecimal sign = back ? BigDecimal.ONE.negate() : BigDecimal.ONE;
                rows += sign.intValue();
                if (sums == null) {
                    sums = new BigDecimal[r.getArity()];
                    Arrays.fill(sums, BigDecimal.ZERO);
                }
                for (int i = 0; i < sums.length; i++) {
                    sums[i] = sums[i].add(sign.multiply(weight(r.getField(i))));
                }
            }
        }
        System.out.println("check " + rows + " " + Arrays.toString(sums));
    }

    private CloseableIterator<Row> ysbRows(long events) throws Exception {
        StreamExecutionEnvironment env = environment();
        return Ysb.job(env, events).map(t -> Row.of(t.f0, t.f1)).executeAndCollect();
    }

    private static BigDecimal weight(Object field) {
        if (field instanceof Number n) {
            return new BigDecimal(n.toString());
        }
        return field instanceof String s ? BigDecimal.valueOf(s.length()) : BigDecimal.ZERO;
    }
}
