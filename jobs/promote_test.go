package jobs_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/jobs/promote"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// promoted are queries over the flights, each with what keeps it from becoming a job; "" for those
// that become one, whose output must be the batch answer. T is the topic, A the airports.
var promoted = []struct{ name, query, refused string }{
	{"filter", "SELECT origin, destination, delay FROM T WHERE delay > 200", ""},
	{"project", "SELECT origin, delay * 2 AS twice, upper(destination) AS dest FROM T WHERE distance > 2000", ""},
	{"case", "SELECT CASE WHEN delay > 15 THEN 'late' ELSE 'in time' END AS class, count(*) AS n FROM T GROUP BY 1", ""},
	{"all_rows", "SELECT * FROM T WHERE origin = 'SFO' ORDER BY date LIMIT 7", ""},
	{"group", "SELECT origin, count(*) AS n, avg(delay) AS d FROM T GROUP BY origin", ""},
	{"group_top", "SELECT origin, sum(distance) AS miles FROM T GROUP BY origin ORDER BY miles DESC, origin LIMIT 10", ""},
	{"no_key", "SELECT count(*) AS n, min(delay) AS least, max(delay) AS most FROM T", ""},
	{"having", "SELECT origin, count(*) AS n FROM T GROUP BY origin HAVING count(*) > 100", ""},
	{"filter_clause", "SELECT destination, count(*) FILTER (WHERE delay > 0) AS late, count(*) AS n FROM T GROUP BY destination", ""},
	{"distinct", "SELECT DISTINCT origin, destination FROM T", ""},
	{"count_distinct", "SELECT origin, count(DISTINCT destination) AS n FROM T GROUP BY origin", ""},
	{"hourly", "SELECT window_start, origin, count(*) AS n, avg(delay) AS d FROM TUMBLE(TABLE T, DESCRIPTOR(date), INTERVAL '1' HOUR) GROUP BY window_start, window_end, origin", ""},
	{"hop", "SELECT window_start, count(*) AS n FROM HOP(TABLE T, DESCRIPTOR(date), INTERVAL '6' HOUR, INTERVAL '1' DAY) GROUP BY window_start, window_end", ""},
	{"truncated", "SELECT date_trunc('day', date) AS day, count(*) AS n FROM T GROUP BY 1 ORDER BY day", ""},
	{"truncated_twice", "SELECT origin, date_trunc('hour', date), max(delay) AS d FROM T GROUP BY origin, date_trunc('hour', date)", ""},
	{"static_join", "SELECT a.city, count(*) AS n FROM T f JOIN A a ON f.origin = a.iata GROUP BY a.city", ""},
	{"static_rows", "SELECT f.origin, a.city, f.delay FROM T f JOIN A a ON f.destination = a.iata WHERE f.delay > 300", ""},
	{"derived", "SELECT d, count(*) AS n FROM (SELECT origin, max(delay) / 60 AS d FROM T GROUP BY origin) GROUP BY d", ""},
	{"top_inside", "SELECT origin, delay FROM (SELECT origin, delay FROM T ORDER BY delay DESC LIMIT 3)", "ORDER BY"},
	{"self_join", "SELECT x.origin, count(*) AS n FROM T x JOIN T y ON x.origin = y.destination AND x.date = y.date GROUP BY x.origin", ""},
	{"file_only", "SELECT iata, city FROM A", "--topic"},
	{"scalar", "SELECT origin, delay FROM T WHERE delay > (SELECT avg(delay) * 20 FROM T)", ""},
}

// TestPromote promotes each query, runs the job over the whole topic, and compares what its output
// gives, read as the promotion says, with the batch answer.
func TestPromote(t *testing.T) {
	r := newRig(t)
	topic := r.flights()
	s := repl.NewSession(repl.Output{Notice: func(string, ...any) {}, Result: func(o render.Options) (render.Writer, error) {
		o.Format = "none"
		return render.New(os.Stdout, o)
	}})
	s.Dir, s.Memory, s.Parallelism = r.dir, 256<<20, 2
	for _, c := range promoted {
		t.Run(c.name, func(t *testing.T) {
			query := strings.NewReplacer(" T ", " '"+topic+"@start..end' ", " T)", " '"+topic+"@start..end')", "TABLE T,", "TABLE '"+topic+"@start..end',", " A ", " 'airports.csv' ").Replace(c.query + " ")
			p, err := s.Promote(t.Context(), repl.PromoteRequest{SQL: query, Name: "q-" + strings.ReplaceAll(c.name, "_", "-"), Checkpoint: 50_000_000, Delay: "max"})
			if c.refused != "" {
				if !errors.Is(err, repl.ErrRefused) || !strings.Contains(err.Error(), c.refused) {
					t.Fatalf("got %v, want a refusal with %q", err, c.refused)
				}
				return
			}
			if errors.Is(err, repl.ErrRefused) {
				t.Logf("refused: %v", err)
				if c.name != "scalar" { // which subqueries over streams run is the engine's matter
					t.Fail()
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if p.Errors() || p.Shadow == nil || !p.Shadow.Equal || p.Shadow.Rows == 0 {
				t.Fatalf("lint %+v, shadow %+v", p.Lint, p.Shadow)
			}
			spec := p.Spec
			spec.UntilEnd = true
			if err := r.client.Submit(t.Context(), spec); err != nil {
				t.Fatalf("%v\n%s", err, p.SQL)
			}
			d := r.await(spec.Name, "the end", inState(jobs.Finished))
			if d.Late > 0 {
				t.Errorf("%d late rows", d.Late)
			}
			want, got := r.query(query), r.query(p.Read)
			if lines(want) != lines(got) {
				t.Errorf("output of the job:\n%.600s\nbatch answer:\n%.600s\n%s", got, want, p.SQL)
			}
		})
	}
}

// lines sorts the lines of a text.
func lines(text string) string {
	list := strings.Split(text, "\n")
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// flights plays the demo's first flights into a topic, in the order in which they left, and returns
// its URL. A file of airports is beside.
func (r *rig) flights() string {
	r.t.Helper()
	file, err := filepath.Abs("../cmd/riffle/demo/flights.parquet")
	if err != nil {
		r.t.Fatal(err)
	}
	airports := "iata,city\nSFO,San Francisco\nLAX,Los Angeles\nDFW,Dallas\nORD,Chicago\nATL,Atlanta\n"
	if err := os.WriteFile(filepath.Join(r.dir, "airports.csv"), []byte(airports), 0o644); err != nil {
		r.t.Fatal(err)
	}
	url := fmt.Sprintf("kafka://%s/flights", broker(r.t))
	r.query(fmt.Sprintf("INSERT INTO '%s' SELECT * FROM (SELECT * FROM '%s' ORDER BY date LIMIT 20000) ORDER BY date + delay * INTERVAL '1' MINUTE", url, file))
	return url
}

// TestPromoteWatermark checks the proposal for the flights: at p99.9 at most a thousandth of the rows
// is late when the job runs.
func TestPromoteWatermark(t *testing.T) {
	r := newRig(t)
	s := repl.NewSession(repl.Output{Notice: func(string, ...any) {}})
	s.Dir, s.Memory, s.Parallelism = r.dir, 256<<20, 2
	p, err := s.Promote(t.Context(), repl.PromoteRequest{Name: "hourly", Checkpoint: 50_000_000,
		SQL: "SELECT window_start, count(*) AS n FROM TUMBLE(TABLE '" + r.flights() + "', DESCRIPTOR(date), INTERVAL '1' HOUR) GROUP BY window_start, window_end"})
	if err != nil {
		t.Fatal(err)
	}
	l := p.Lateness
	if l == nil || l.Rows != 20000 || l.Chosen.Name != "p99.9" || l.Chosen.Late > 20 || l.Replayed < 0 || l.Replayed > l.Chosen.Late || l.Chosen.Delay <= 0 || l.Chosen.Delay >= l.Choices[2].Delay {
		t.Fatalf("lateness %+v", l)
	}
	p.Spec.UntilEnd = true
	if err := r.client.Submit(t.Context(), p.Spec); err != nil {
		t.Fatal(err)
	}
	if d := r.await("hourly", "the end", inState(jobs.Finished)); d.Late > 20 {
		t.Errorf("%d of %d rows were late", d.Late, d.Rows)
	}
}

// TestPromoteHistory reads a file first and then the topic that goes on where it ends.
func TestPromoteHistory(t *testing.T) {
	r := newRig(t)
	topic := r.flights()
	const half = "TIMESTAMP '2001-01-02 12:00:00'"
	r.query("COPY (SELECT * FROM '" + topic + "@start..end' WHERE date <= " + half + ") TO 'history.parquet'")
	s := repl.NewSession(repl.Output{Notice: func(string, ...any) {}})
	s.Dir, s.Memory, s.Parallelism = r.dir, 256<<20, 2
	query := "SELECT date_trunc('hour', date) AS hour, origin, count(*) AS n FROM %s GROUP BY 1, 2"
	p, err := s.Promote(t.Context(), repl.PromoteRequest{SQL: fmt.Sprintf(query, "'history.parquet'"), Name: "both", Checkpoint: 50_000_000, Delay: "max", Topic: topic, History: true})
	if err != nil {
		t.Fatal(err)
	}
	if p.Errors() {
		t.Fatalf("lint %+v", p.Lint)
	}
	p.Spec.UntilEnd = true
	if err := r.client.Submit(t.Context(), p.Spec); err != nil {
		t.Fatalf("%v\n%s", err, p.SQL)
	}
	r.await("both", "the end", inState(jobs.Finished))
	if got, want := lines(r.query(p.Read)), lines(r.query(fmt.Sprintf(query, "'"+topic+"@start..end'"))); got != want || got == "" {
		t.Errorf("got %d bytes, want %d: %.300s\n%s", len(got), len(want), got, p.SQL)
	}
}

// TestPromoteErrors holds that errors name places in the text that a person wrote, although the
// text that was bound is another one.
func TestPromoteErrors(t *testing.T) {
	r := newRig(t)
	topic := "'" + r.flights() + "'"
	s := repl.NewSession(repl.Output{Notice: func(string, ...any) {}})
	s.Dir, s.Memory = r.dir, 256<<20
	addr, _, _ := strings.Cut(strings.TrimPrefix(strings.Trim(topic, "'"), "kafka://"), "/")
	declared := "CREATE TABLE f (date TIMESTAMP, origin VARCHAR, WATERMARK FOR date AS date)\nWITH ('connector'='kafka', 'topic'='flights', 'properties.bootstrap.servers'='" + addr + "', 'format'='json');\n"
	for name, c := range map[string]struct{ sql, file, want string }{
		"after an edit":   {"\n-- mine\nSELECT f.origin AS o,\n  f.nothing FROM " + topic + " f", "q.sql", "q.sql, line 4, column 3: column f.nothing does not exist\n4 |   f.nothing FROM"},
		"behind an edit":  {"SELECT f.origin FROM " + topic + " f\nWHERE f.nothing > 1", "", "promoted: line 2, column 7: column f.nothing does not exist\n2 | WHERE f.nothing > 1\n  |       ^^^^^^^^^"},
		"with a window":   {"SELECT date_trunc('hour', date), max(nothing) FROM " + topic + " GROUP BY 1", "", "line 1, column 38: column \"nothing\" does not exist\n1 | SELECT date_trunc"},
		"declared":        {declared + "SELECT nothing\nFROM f", "", "line 3, column 8: column \"nothing\" does not exist\n3 | SELECT nothing\n"},
		"a declaration":   {"CREATE TABLE f (date TIMESTAMPP);\nSELECT 1 FROM f", "", "line 1, column 22"},
		"a job":           {"\n\n" + declared + "INSERT INTO out SELECT origin FROM f", "job.sql", "job.sql, line 5, column 13"},
		"syntax":          {"\n\nSELECT FROM", "", "line 3, column 8: expected an expression"},
		"no table":        {"SELECT 1", "", "it reads no table"},
		"a missing topic": {"SELECT * FROM 'kafka://" + addr + "/flightz' WHERE x > 1", "", "there is no record in 'kafka://"},
	} {
		_, err := s.Promote(t.Context(), repl.PromoteRequest{SQL: c.sql, File: c.file, Name: "x", NoShadow: true, Delay: "0s"})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got\n%v\nwant\n%s", name, err, c.want)
		}
	}
}

// TestDemote makes bounded queries of jobs again: the one that was explored, and the job's own when
// that is not known. Both must give what the explored one gave.
func TestDemote(t *testing.T) {
	r := newRig(t)
	url := r.flights()
	s := repl.NewSession(repl.Output{Notice: func(string, ...any) {}})
	s.Dir, s.Memory = r.dir, 256<<20
	r.query("COPY (SELECT * FROM '" + url + "@start..end') TO 'past.parquet'")
	for _, src := range []string{url, filepath.Join(r.dir, "past.parquet")} {
		if err := s.Catalog().AddSource(t.Context(), src); err != nil {
			t.Fatal(err)
		}
	}
	addr, _, _ := strings.Cut(strings.TrimPrefix(url, "kafka://"), "/")
	declared := "CREATE TABLE f (date TIMESTAMP, origin VARCHAR, delay BIGINT, WATERMARK FOR date AS date)\nWITH ('connector'='kafka', 'topic'='flights', 'properties.bootstrap.servers'='" + addr + "', 'format'='json', 'scan.startup.mode'='latest-offset');\n"
	const hours = "SELECT date_trunc('hour', date) AS hour, count(*) AS n FROM '%s@start..end' GROUP BY 1"
	for name, c := range map[string]struct{ sql, same, explored string }{
		"topic":     {"SELECT origin, count(*) AS n FROM '" + url + "' GROUP BY 1 ORDER BY 1", "SELECT origin, count(*) AS n FROM '" + url + "@start..end' GROUP BY 1", "/flights@start..now' GROUP BY 1 ORDER BY 1"},
		"window":    {"SELECT date_trunc('hour', date) AS hour, count(*) AS n FROM '" + url + "' GROUP BY 1", fmt.Sprintf(hours, url), "date_trunc('hour', date) AS hour"},
		"a name":    {"SELECT flights.origin, delay FROM flights WHERE delay > 100", "SELECT origin, delay FROM '" + url + "@start..end' WHERE delay > 100", "/flights@start..now' AS flights WHERE"},
		"a file":    {"SELECT window_start, count(*) AS n FROM TUMBLE(TABLE past, DESCRIPTOR(date), INTERVAL '1' HOUR) GROUP BY window_start, window_end", fmt.Sprintf(hours, url), "TABLE '" + filepath.Join(r.dir, "past.parquet") + "'"},
		"declared":  {declared + "SELECT origin, delay FROM f WHERE delay > 100", "SELECT origin, delay FROM '" + url + "@start..end' WHERE delay > 100", "'scan.startup.mode'='earliest-offset', 'scan.bounded.mode'='latest-offset')"},
		"an INSERT": {"CREATE TABLE o (origin VARCHAR) WITH ('connector'='filesystem', 'format'='parquet', 'path'='out/x');\nINSERT INTO o SELECT origin FROM '" + url + "' WHERE delay > 100", "SELECT origin FROM '" + url + "@start..end' WHERE delay > 100", ""},
	} {
		topic := ""
		if strings.Contains(c.sql, "TABLE past") {
			topic = url
		}
		p, err := s.Promote(t.Context(), repl.PromoteRequest{SQL: c.sql, Name: "x", NoShadow: true, Delay: "0s", Topic: topic})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := lines(r.query(c.same))
		for _, known := range []bool{true, false} {
			spec := p.Spec
			if !known {
				spec.SQL = strings.Replace(spec.SQL, "'latest-offset'", "'earliest-offset'", 1) + "\n"
			}
			text, err := promote.Demote(spec)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if known && !strings.Contains(text, c.explored) {
				t.Errorf("%s: does not contain %s:\n%s", name, c.explored, text)
			}
			if got := lines(r.query(text)); got != want || got == "" {
				t.Errorf("%s, explored query known %v: %d bytes, want %d\n%s\n%.200s\n%.200s", name, known, len(got), len(want), text, got, want)
			}
		}
	}
	if _, err := promote.Demote(jobs.Spec{Name: "x", SQL: "SELECT 1"}); !errors.Is(err, promote.ErrNoQuery) {
		t.Errorf("a job without a query: %v", err)
	}
}
