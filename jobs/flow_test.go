package jobs

import (
	"strings"
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
)

// flowOf is a source, an aggregation of windows behind it, and two partitions.
func flowOf(now time.Time, busy, blocked time.Duration) Flow {
	at := func(ago time.Duration) time.Time { return now.Add(-ago) }
	return Flow{Job: "j", Now: now, Idle: time.Minute, Metrics: exec.Metrics{At: now,
		Stages: []exec.StageMetrics{
			{Name: "Scan-0", Source: true, Tasks: []exec.TaskMetrics{{RowsIn: 100, Blocked: blocked, Waiting: time.Second - blocked}}},
			{Name: "Aggregate-1", Ops: []exec.OpMetrics{{Name: "WindowAggregate", Note: "state: bounded by the open windows", Keys: 3, RowsIn: 100}},
				Tasks: []exec.TaskMetrics{{Busy: busy, Waiting: time.Second - busy}}}},
		Edges: []exec.EdgeMetrics{{From: 0, To: 1, Kind: "hash"}},
		Splits: []exec.SplitMetrics{
			{ID: "t/0", Source: "t", Rows: 100, Watermark: 5_000_000, LastTime: 5_000_000, LastRow: at(time.Second), Opened: at(time.Hour)},
			{ID: "t/1", Source: "t", Watermark: dataflow.MinTime, LastTime: dataflow.MinTime, Opened: at(time.Hour)}}}}
}

// all is everything that an answer says.
func (w Why) all() string {
	var fixes []string
	for _, f := range w.Fixes {
		fixes = append(fixes, "fix "+f.Text+" | "+f.Command)
	}
	return strings.Join(append(append(append([]string{w.Text, "cause " + w.Cause}, w.Facts...), w.NotIt...), fixes...), "\n")
}

func TestFlowWhy(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name  string
		flow  func(f *Flow)
		want  []string
		never []string
	}{
		{"a silent partition", func(*Flow) {}, []string{"cause No window can close: there is no watermark yet. It is the minimum over 2 partitions.", "t/1   no row yet, still counted", "| riffle job set j t.idle-timeout=1m0s",
			"no operator makes others wait"}, nil},
		{"a query of no job", func(f *Flow) { f.Job = "" }, []string{"'scan.watermark.idle-timeout' = '1 min 0 s' in the WITH of t"}, []string{"riffle job"}},
		{"both go on", func(f *Flow) { f.Metrics.Splits[1] = f.Metrics.Splits[0]; f.Metrics.Splits[1].ID = "t/1" },
			[]string{"cause The next window closes when t/0 is past its end: the watermark stands at 1970-01-01 00:00:05", "event time 1970-01-01 00:00:05, last row 1 s ago"}, []string{"idle-timeout"}},
		{"all are silent", func(f *Flow) {
			f.Metrics.Splits[0].LastRow = now.Add(-time.Minute)
			f.Metrics.Splits[1] = f.Metrics.Splits[0]
		}, []string{"cause No window can close", "no later row has come"}, []string{"idle-timeout"}},
		{"back-pressure", func(f *Flow) { *f = flowOf(now, 980*time.Millisecond, 600*time.Millisecond) },
			[]string{"cause WindowAggregate is busy 98 % and makes 1 operator wait", "riffle rescale j 2"}, []string{"no operator makes"}},
		{"right after the start", func(f *Flow) {
			*f = flowOf(now, time.Second, 0)
			f.Metrics.Stages[0].Tasks[0], f.Metrics.Stages[1].Tasks[0] = exec.TaskMetrics{RowsIn: 1}, exec.TaskMetrics{Busy: time.Millisecond}
		}, nil, []string{"busiest", "others wait", "100 %"}},
		{"busy, but nobody waits", func(f *Flow) { *f = flowOf(now, time.Second, 0) }, []string{"no operator makes others wait (0 % of their time at most)"}, []string{"100 %"}},
		{"regular", func(f *Flow) { f.LastChange = now.Add(-time.Second) }, []string{"Output is regular: the last change was 1 s ago."}, []string{"cause No"}},
		{"regular but slow", func(f *Flow) {
			*f = flowOf(now, 980*time.Millisecond, 600*time.Millisecond)
			f.LastChange = now
		}, []string{"regular", "WindowAggregate is busy 98 %", "riffle rescale j 2"}, []string{"cause Win"}},
		{"a filter", func(f *Flow) {
			f.Metrics.Stages[0].Ops = []exec.OpMetrics{{Name: "Filter", Detail: "Filter (a > 1)", RowsIn: 100, Keys: -1}}
		}, []string{"cause No row passes the filter.", "Filter (a > 1): 0 of 100 rows passed"}, nil},
		{"bad records", func(f *Flow) { f.Metrics.Stages[0].Tasks[0].RowsIn, f.Metrics.Bad = 0, 7 }, []string{"cause None of the records can be decoded: 7"}, nil},
		{"nothing read", func(f *Flow) { f.Metrics.Stages[0].Tasks[0].RowsIn = 0 }, []string{"cause The source has delivered no row yet.", "t/1: no row yet"}, nil},
		{"late rows", func(f *Flow) { f.LastChange, f.Metrics.Late = now, 3 }, []string{"regular", "3 rows came after the watermark had closed their windows", "fix wait longer"}, nil},
		{"nothing new in this run", func(f *Flow) {
			f.Metrics.Stages[0].Tasks[0].RowsIn, f.Resumed = 0, true
			for i := range f.Metrics.Splits {
				f.Metrics.Splits[i].Rows, f.Metrics.Splits[i].Lag = 0, 0
			}
		}, []string{"cause The source has no new rows since this run began; what was there had been read before.", "t/1: no row in this run, 0 rows behind its end"}, []string{"delivered no row", "@start"}},
		{"nothing read in this run", func(f *Flow) {
			f.Metrics.Stages[0].Tasks[0].RowsIn, f.Resumed = 0, true
			f.Metrics.Splits[1].Lag = 7
		}, []string{"cause No row has been read since this run began; 7 wait to be read."}, []string{"delivered no row", "no new rows"}},
		{"read to its end", func(f *Flow) {
			f.Metrics.Stages[1].Ops[0].Note = ""
			f.Metrics.Splits[0].LastRow = now.Add(-time.Minute)
			f.LastChange = now.Add(-time.Hour)
		}, []string{"cause The source has no new rows: what is in it has been read.", "the last change was 1 h 0 min ago"}, nil},
	} {
		f := flowOf(now, 100*time.Millisecond, 0)
		c.flow(&f)
		got := f.Why().all()
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: does not say %q:\n%s", c.name, want, got)
			}
		}
		for _, never := range c.never {
			if strings.Contains(got, never) {
				t.Errorf("%s: says %q:\n%s", c.name, never, got)
			}
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{50 * time.Millisecond: "50 ms", 1500 * time.Millisecond: "1.5 s", 42 * time.Second: "42 s", 842 * time.Second: "14 min 2 s", 3*time.Hour + 5*time.Minute: "3 h 5 min"} {
		if got := Span(d); got != want {
			t.Errorf("%v: %s", d, got)
		}
	}
}
