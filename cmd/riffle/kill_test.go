package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/riffle-io/riffle/datasets/kafka"
)

const (
	// realBroker names the host:port of a real Kafka, to use in place of the embedded broker.
	realBroker = "RIFFLE_TEST_KAFKA"
	// writtenTopics names a file that gets a line for each topic that a job wrote to a real broker:
	// its name and the number of rows that a read committed reader must see there, each once.
	writtenTopics = "RIFFLE_TEST_TOPICS"
)

// killCase is a job that is killed at random moments.
type killCase struct {
	name       string
	partitions int
	sink       string // the target's declaration and INSERT INTO …; a topic is named %s, twice with the brokers
	toKafka    bool   // the sink is a topic
	query      string
	check      func(k *kill)
}

// kill is one run of a case: starts of the job that are killed, one that ends, and the checks.
type kill struct {
	*rig
	killCase
	rng   *rand.Rand
	to    string // the topic that the job writes
	late  int64  // rows that the job counted
	kills int    // that met the job alive
}

const (
	hopQuery = `SELECT window_start, origin, count(*) AS flights, avg(delay) AS avg_delay
FROM HOP(TABLE flights, DESCRIPTOR(date), INTERVAL '30' MINUTE, INTERVAL '2' HOUR)
GROUP BY window_start, window_end, origin`
	stateQuery = `SELECT window_start, state, count(*) AS flights, avg(delay) AS avg_delay
FROM TUMBLE(TABLE flights, DESCRIPTOR(date), INTERVAL '1' HOUR) JOIN 'airports.csv' a ON origin = a.iata
GROUP BY window_start, window_end, state`
	totalsQuery = "SELECT origin, count(*) AS flights, sum(delay) AS delay FROM flights GROUP BY origin"
	joinQuery   = "SELECT f.date, f.origin, f.destination, f.delay, a.state FROM flights f JOIN airports a ON f.origin = a.iata WHERE f.delay > 30"

	totalsColumns = "CREATE TABLE totals (origin VARCHAR, flights BIGINT, delay BIGINT"
	topicTable    = "WITH ('connector'='%s', 'topic'='%s', 'properties.bootstrap.servers'='%s', 'format'='json');\n"
)

func parquetSink(columns string) string {
	return columns + fmt.Sprintf(parquetTable, "out")
}

var killCases = []killCase{
	{name: "parquet-1", partitions: 1, sink: parquetSink(hourlyColumns) + "INSERT INTO hourly\n", query: hourlyQuery, check: windows("origin", "1 hour")},
	{name: "parquet-3", partitions: 3, sink: parquetSink(hourlyColumns) + "INSERT INTO hourly\n", query: hourlyQuery, check: windows("origin", "1 hour")},
	{name: "kafka-1", partitions: 1, toKafka: true, sink: hourlyColumns + topicTable + "INSERT INTO hourly\n", query: hourlyQuery, check: windows("origin", "1 hour")},
	{name: "kafka-3", partitions: 3, toKafka: true, sink: hourlyColumns + topicTable + "INSERT INTO hourly\n", query: hourlyQuery, check: windows("origin", "1 hour")},
	{name: "hop", partitions: 1, sink: parquetSink(hourlyColumns) + "INSERT INTO hourly\n", query: hopQuery, check: windows("origin", "2 hours")},
	{name: "static-join", partitions: 1,
		sink:  parquetSink(strings.Replace(hourlyColumns, "origin", "state", 1)) + "INSERT INTO hourly\n",
		query: stateQuery, check: windows("state", "1 hour")},
	{name: "updating", partitions: 3, sink: parquetSink(totalsColumns+")\n") + "INSERT INTO totals\n", query: totalsQuery, check: (*kill).changelog},
	{name: "upsert-kafka", partitions: 1, toKafka: true, sink: totalsColumns + ", PRIMARY KEY (origin) NOT ENFORCED)\n" + topicTable + "INSERT INTO totals\n",
		query: totalsQuery, check: (*kill).newest},
	{name: "stream-join", partitions: 3, sink: parquetSink("CREATE TABLE joined (date TIMESTAMP, origin VARCHAR, destination VARCHAR, delay BIGINT, state VARCHAR)\n") + "INSERT INTO joined\n",
		query: joinQuery, check: (*kill).changelog},
}

// TestKill kills jobs with SIGKILL at random moments, starts them again with another parallelism
// until they end, and compares what they wrote with the answer over the file.
func TestKill(t *testing.T) {
	rounds := 2
	if os.Getenv("RIFFLE_SLOW") != "" {
		rounds = 20
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	broker := os.Getenv(realBroker)
	if broker == "" {
		b, err := kafka.StartBroker(kafka.BrokerOptions{Partitions: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		broker = b.Addr()
	}
	run := fmt.Sprintf("kill-%x", seed)
	r := newRig(t, broker)
	for _, partitions := range []int{1, 3} {
		r.playPoisoned(fmt.Sprintf("%s-flights-%d", run, partitions), partitions)
	}
	r.airports(run + "-airports")
	for i, c := range killCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := &kill{rig: newRig(t, broker), killCase: c, rng: rand.New(rand.NewPCG(seed, uint64(i))), to: run + "-out-" + c.name}
			k.declare(run)
			k.run(rounds)
			k.check(k)
		})
	}
}

// poison is how many records cannot be decoded, at each of two places in the flights.
const poison = 100

// playPoisoned writes the flights, and records that cannot be decoded, to a topic.
func (r *rig) playPoisoned(topic string, partitions int) {
	r.t.Helper()
	const left = "date + delay * INTERVAL '1' MINUTE "
	r.play(topic, partitions, left+"< '2001-01-04'")
	bad := slices.Repeat([]string{`{"date":"2001-01-04 10:00:00","delay":`}, poison)
	r.produce(topic, bad...)
	r.replay(topic, left+">= '2001-01-04' AND "+left+"< '2001-01-10'")
	r.produce(topic, bad...)
	r.replay(topic, left+">= '2001-01-10'")
}

// airports writes a topic and, with copyAirports, a file of the airports and an invented state for each.
func (r *rig) airports(topic string) {
	r.topic(topic, 2)
	r.ask(fmt.Sprintf("INSERT INTO 'kafka://%s/%s' %s", r.broker, topic, r.airportsQuery()))
	r.produce(topic, slices.Repeat([]string{"not JSON"}, poison)...)
}

func (r *rig) airportsQuery() string {
	return "SELECT DISTINCT origin AS iata, substr(origin, 1, 1) AS state FROM '" + r.path("flights.parquet") + "'"
}

// declare writes job.sql.
func (k *kill) declare(run string) {
	k.ask("COPY (" + k.airportsQuery() + ") TO '" + k.path("airports.csv") + "'")
	sink := k.sink
	if k.toKafka {
		connector := "kafka"
		if strings.HasPrefix(k.name, "upsert") {
			connector = "upsert-kafka"
		}
		sink = fmt.Sprintf(sink, connector, k.to, k.broker)
	}
	k.write("job.sql", flightsColumns+fmt.Sprintf(kafkaSource, fmt.Sprintf("%s-flights-%d", run, k.partitions), k.broker)+
		"CREATE TABLE airports (iata VARCHAR, state VARCHAR)\n"+fmt.Sprintf(kafkaSource, run+"-airports", k.broker)+
		sink+k.query+";\n")
}

// args are those of one start of the job.
func (k *kill) args(more ...string) []string {
	return append([]string{"sql", "-f", "job.sql", "--state", "state", "--checkpoint", "50ms", "--until-end", "--late", "late", "--bad", "bad",
		"--parallelism", strconv.Itoa(1 + k.rng.IntN(4))}, more...)
}

// run kills the job a number of times, lets it end, and starts it once more.
func (k *kill) run(rounds int) {
	for range rounds {
		if !k.round(rounds) {
			break
		}
	}
	if k.kills == 0 {
		k.t.Error("no kill met the job alive")
	}
	k.t.Logf("%d kills, %d checkpoints", k.kills, k.checkpoints(true))
	stderr := k.rig.run(0, k.args()...)
	k.late = printed(stderr, "late")
	wantBad := int64(2 * poison)
	if strings.Contains(k.query, "JOIN airports") {
		wantBad += poison
	}
	bad := k.number("SELECT count(*) FROM '" + k.path("bad") + "'")
	if distinct := k.number("SELECT count(*) FROM (SELECT DISTINCT topic, partition, \"offset\" FROM '" + k.path("bad") + "') b"); bad != wantBad || distinct != bad || printed(stderr, "bad") != bad {
		k.t.Errorf("%d bad rows, %d of them distinct, want %d: %s", bad, distinct, wantBad, stderr)
	}
	before, _ := k.files("out")
	again := k.rig.run(0, k.args()...)
	if !strings.Contains(again, "had finished") || printed(again, "late") != k.late {
		k.t.Errorf("a finished job, started again, says %q; it had %d late rows", again, k.late)
	}
	if after, _ := k.files("out"); !slices.Equal(before, after) {
		k.t.Errorf("a finished job wrote: %q, before %q", after, before)
	}
	for _, dir := range []string{"out", "late", "bad"} {
		if _, hidden := k.files(dir); len(hidden) > 0 {
			k.t.Errorf("left in %s: %q", dir, hidden)
		}
	}
}

// round starts the job and kills it; false means that it had ended.
func (k *kill) round(rounds int) bool {
	k.t.Helper()
	// Slow enough that the job is met in the middle by most rounds, each of which lives about 150 ms.
	rate := min(300_000, 1_500_000/rounds) / k.partitions
	before := [2]int{k.checkpoints(false), k.checkpoints(true)}
	c := k.start(k.args("--rate", strconv.Itoa(rate))...)
	alive := true
	switch k.rng.IntN(3) {
	case 0: // any moment, also before the job is up
	case 1: // while a checkpoint is written
		alive = c.until(func() bool { return k.checkpoints(false) >= before[0]+1+k.rng.IntN(2) })
	case 2: // between its manifest and the commits of the sinks
		alive = c.until(func() bool { return k.checkpoints(true) > before[1] })
	}
	if alive {
		moment := time.Now().Add(time.Duration(k.rng.IntN([]int{20_000, 100_000, 300_000}[k.rng.IntN(3)])) * time.Microsecond)
		alive = c.until(func() bool { return time.Now().After(moment) })
	}
	if alive {
		_ = c.cmd.Process.Kill() // an error means that it has ended
	}
	code, stderr := c.wait()
	if code > 0 {
		k.t.Fatalf("the job failed with %d: %s", code, stderr)
	}
	if code < 0 {
		k.kills++
	}
	return code < 0
}

// streamed is where the rows are that the job wrote: its files, or a copy of its topic.
func (k *kill) streamed(columns string) string {
	if !k.toKafka {
		return "'" + k.path("out") + "'"
	}
	const bounded = "'scan.startup.mode'='earliest-offset', 'scan.bounded.mode'='latest-offset', 'format'='json')"
	table := strings.Replace(fmt.Sprintf(topicTable, "kafka", k.to, k.broker), "'format'='json')", bounded, 1)
	k.ask(columns + table + "COPY (SELECT *, _key, _offset, _partition FROM " + strings.Fields(columns)[2] + ") TO '" + k.path("topic.parquet") + "'")
	k.report("SELECT count(*) FROM '" + k.path("topic.parquet") + "'")
	return "'" + k.path("topic.parquet") + "'"
}

// report tells the script that runs the tests against a real broker what to look for.
func (k *kill) report(count string) {
	name := os.Getenv(writtenTopics)
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		k.t.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintln(f, k.to, k.number(count)); err != nil {
		k.t.Fatal(err)
	}
}

// windows checks the law of windows of a size and with a key.
func windows(key, size string) func(*kill) {
	return func(k *kill) {
		streamed := k.streamed(hourlyColumns)
		k.law(strings.Replace(k.query, "'airports.csv'", "'"+k.path("airports.csv")+"'", 1), key, size, streamed, k.late)
		if k.partitions == 1 && k.late == 0 {
			k.t.Error("no row was late: the test does not show what it should")
		}
	}
}

// changelog applies the changes in out and compares the rows that stay with the answer over files.
func (k *kill) changelog() {
	cols, change := "date, origin, destination, delay, state", "count(*)" // rows are added only
	if k.name == "updating" {
		cols, change = "origin, flights, delay", "sum(CASE WHEN op IN ('+I', '+U') THEN 1 ELSE -1 END)"
	}
	k.ask(fmt.Sprintf("COPY (SELECT %s, %s AS n FROM '%s' GROUP BY %[1]s HAVING %[2]s <> 0) TO '%[4]s'", cols, change, k.path("out"), k.path("applied.parquet")))
	batch := strings.NewReplacer("flights f", "'"+k.path("flights.parquet")+"' f", "FROM flights ", "FROM '"+k.path("flights.parquet")+"' ",
		"airports a", "'"+k.path("airports.csv")+"' a").Replace(k.query)
	k.same("changes applied", "SELECT * FROM '"+k.path("applied.parquet")+"'",
		fmt.Sprintf("SELECT %s, count(*) AS n FROM (%s) q GROUP BY %[1]s", cols, batch))
}

// newest compares the newest row of each key of an upsert topic with the answer over the file.
func (k *kill) newest() {
	topic := k.streamed(totalsColumns + ")\n")
	batch := strings.Replace(k.query, "FROM flights ", "FROM '"+k.path("flights.parquet")+"' ", 1)
	k.same("newest rows", fmt.Sprintf("SELECT t.origin, t.flights, t.delay FROM %s t JOIN (SELECT _key, max(_offset) AS o FROM %[1]s GROUP BY _key) m ON t._key = m._key AND t._offset = m.o", topic), batch)
}
