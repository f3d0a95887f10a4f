package repl

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/datasets/kafka"
)

// produce writes values to a partition.
func produce(t *testing.T, addr, topic string, partition int32, values ...string) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	for _, v := range values {
		r := &kgo.Record{Topic: topic, Partition: partition, Value: []byte(v)}
		if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// clicksTopic starts a broker with the topic clicks, which has two partitions and no records.
func clicksTopic(t *testing.T) (addr string, a *kafka.Admin) {
	t.Helper()
	broker, err := kafka.StartBroker(kafka.BrokerOptions{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { broker.Close() })
	if a, err = kafka.OpenAdmin(kafka.Config{Brokers: []string{broker.Addr()}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	if err := a.CreateTopic(t.Context(), "clicks", 2, 1, nil); err != nil {
		t.Fatal(err)
	}
	return broker.Addr(), a
}

// TestWhyIdlePartition is the question that users of streams ask most: a window does not close
// since a partition is silent. The fix takes effect while the query runs.
func TestWhyIdlePartition(t *testing.T) {
	addr, _ := clicksTopic(t)
	s, _ := memSession(t)
	if st := finish(t, s.Start(t.Context(), fmt.Sprintf(`CREATE TABLE clicks (page VARCHAR, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
		WITH ('connector' = 'kafka', 'topic' = 'clicks', 'properties.bootstrap.servers' = '%s', 'format' = 'json')`, addr))); st.Err != "" {
		t.Fatal(st.Err)
	}
	at := func(sec int) string {
		return fmt.Sprintf(`{"page":"home","ts":"2024-01-01 10:%02d:%02d"}`, sec/60, sec%60)
	}
	produce(t, addr, "clicks", 0, at(1), at(2), at(70), at(200))
	r := s.Start(t.Context(), "SELECT window_start, page, count(*) AS n FROM clicks GROUP BY TUMBLE(ts, '1 minute'), page")
	await(t, r, func() bool {
		l := r.Live()
		if l == nil || rowsIn(l.metrics()) < 4 {
			return false
		}
		parts := l.Status().Partitions
		return len(parts) == 2 && (!parts[0].Watermark.IsZero() || !parts[1].Watermark.IsZero())
	})
	w := r.Live().Why()
	if !strings.Contains(w.Cause, "No window can close") || !strings.Contains(strings.Join(w.Detail, "\n"), "clicks/1   no row yet, still counted") || len(w.Fixes) == 0 || w.Fixes[0].Apply == nil {
		t.Fatalf("%+v", w)
	}
	if text := w.Text(); !strings.Contains(text, "cause   No window can close") || !strings.Contains(text, "fix     set an idle time-out of 10 s") {
		t.Errorf("%s", text)
	}
	holds := 0
	for _, p := range r.Live().Status().Partitions {
		if p.Holds {
			holds++
			if p.Name != "clicks/1" {
				t.Errorf("%s holds the watermark", p.Name)
			}
		}
	}
	if holds != 1 {
		t.Errorf("%d partitions hold", holds)
	}
	if err := w.Fixes[0].Apply(); err != nil {
		t.Fatal(err)
	}
	if r.Live().running().SetIdle("", 300*time.Millisecond) == 0 { // the fix's own ten seconds are long for a test
		t.Fatal("nothing to set")
	}
	await(t, r, func() bool { return r.Live().Status().Partitions[1].Idle })
	produce(t, addr, "clicks", 0, at(205))
	await(t, r, func() bool { return r.Live().Next() >= 2 })
	if got := tableText(r.Live().Table(-1)); !strings.Contains(got, "2024-01-01 10:00:00=home") {
		t.Errorf("table %s", got)
	}
	produce(t, addr, "clicks", 0, at(3), at(400), "{broken")
	await(t, r, func() bool { st := r.Live().Status(); return st.Late == 1 && st.Bad == 1 })
	late, bad := r.Live().Late(10), r.Live().Bad(10)
	if len(late.Rows) != 1 || len(late.Columns) < 4 || len(bad.Rows) != 1 || bad.Rows[0][0].Text != "clicks" || !strings.Contains(bad.Rows[0][4].Text, "{broken") {
		t.Errorf("late %+v\nbad %+v", late, bad)
	}
	if !r.Live().Table(-1).Final(0) || !r.Live().Appends() {
		t.Error("a closed window is not final")
	}
	r.Cancel()
	finish(t, r)
	if w := r.Live().Why(); w.Cause == "" || !strings.Contains(strings.Join(w.Detail, " "), "has ended") {
		t.Errorf("%+v", w)
	}
}

func TestExplainQuiet(t *testing.T) {
	now := time.Now()
	job := &exec.Job{}
	source := func(rows int64) exec.Metrics {
		return exec.Metrics{Stages: []exec.StageMetrics{{Source: true, Tasks: []exec.TaskMetrics{{RowsIn: rows}}}}}
	}
	filtered := source(100)
	filtered.Stages[0].Ops = []exec.OpMetrics{{Name: "Filter", Detail: "Filter (a > 1)", RowsIn: 100}}
	for _, c := range []struct {
		name string
		m    exec.Metrics
		st   LiveStatus
		job  *exec.Job
		want string
	}{
		{"planning", exec.Metrics{}, LiveStatus{Now: now}, nil, "being planned"},
		{"paused", source(5), LiveStatus{Now: now, Paused: true}, job, "paused"},
		{"fine", source(5), LiveStatus{Now: now, LastChange: now.Add(-time.Second)}, job, "Output is regular: the last change was 1 s ago."},
		{"empty", source(0), LiveStatus{Now: now}, job, "no row yet"},
		{"bad", exec.Metrics{Bad: 7}, LiveStatus{Now: now, Bad: 7}, job, "None of the records can be decoded: 7"},
		{"filter", filtered, LiveStatus{Now: now}, job, "No row passes the filter"},
		{"quiet", source(5), LiveStatus{Now: now, LastChange: now.Add(-time.Hour)}, job, "No new row has arrived"},
	} {
		if w := explainQuiet(c.m, c.st, c.job); !strings.Contains(w.Cause, c.want) {
			t.Errorf("%s: %+v", c.name, w)
		}
	}
}
