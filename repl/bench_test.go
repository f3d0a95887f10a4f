package repl

import (
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/spill"
)

// BenchmarkResultAppend is rows of five columns into the store, which spills.
func BenchmarkResultAppend(b *testing.B) {
	r := newResult("_1", numberedSchema, spill.NewPool(0), b.TempDir())
	batch := numbered(0, vec.MaxRows)
	b.SetBytes(vec.MaxRows)
	for b.Loop() {
		if err := r.append(batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*vec.MaxRows/b.Elapsed().Seconds()/1e6, "Mrows/s")
	r.drop()
}

// BenchmarkResultPage is a screen of rows from anywhere in a spilled result.
func BenchmarkResultPage(b *testing.B) {
	r := newResult("_1", numberedSchema, spill.NewPool(0), b.TempDir())
	for at := 0; at < 2_000_000; at += vec.MaxRows {
		if err := r.append(numbered(at, vec.MaxRows)); err != nil {
			b.Fatal(err)
		}
	}
	at := int64(0)
	for b.Loop() {
		at = (at + 700_001) % r.Rows()
		if _, err := r.Page(at, 50, nil); err != nil {
			b.Fatal(err)
		}
	}
	r.drop()
}

// BenchmarkLiveRecord is a changelog of 10,000 keys that nobody looks at: beyond its memory the
// engine's goroutine keeps the index.
func BenchmarkLiveRecord(b *testing.B) {
	l := newLive(pairs, plan.Retract, []int{0})
	batches := make([]*vec.Batch, 10)
	for k := range batches {
		batches[k] = vec.NewBatch(pairs.Types())
		for i := range 1000 {
			batches[k].AppendRow(vec.StringValue("key"+render.Count(int64(k*1000+i))), vec.IntValue(int64(i)))
		}
		batches[k].SetOps(vec.UpdateAfter)
	}
	n := 0
	for b.Loop() {
		l.record(batches[n%10], time.Now())
		n++
	}
	b.ReportMetric(float64(n)*1000/b.Elapsed().Seconds()/1e6, "Mchanges/s")
}

// BenchmarkLiveTable is the table of 10,000 keys, as each frame asks for it.
func BenchmarkLiveTable(b *testing.B) {
	l := newLive(pairs, plan.Retract, []int{0})
	for i := range 10_000 {
		l.record(change(vec.Insert, render.Count(int64(i)), 1), time.Now())
	}
	for b.Loop() {
		l.record(change(vec.UpdateAfter, "77", 1), time.Now())
		if _, err := l.Table(-1).Page(100, 50, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// The same query with and without a record of its result.
func benchmarkStream(b *testing.B, run func(s *Session, text string) error) {
	s := NewSession(Output{Result: func(render.Options) (render.Writer, error) { return discard{}, nil }, Notice: func(string, ...any) {}})
	for b.Loop() {
		if err := run(s, "SELECT auction, count(*) AS n, max(price) AS p FROM gen.nexmark_bid(events => 2000000, stream => true) GROUP BY auction"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStreamExecute(b *testing.B) {
	benchmarkStream(b, func(s *Session, text string) error { return s.Execute(b.Context(), text) })
}

func BenchmarkStreamStart(b *testing.B) {
	benchmarkStream(b, func(s *Session, text string) error { return s.Start(b.Context(), text).Wait() })
}
