package repl

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

func TestDeltas(t *testing.T) {
	l := newLive(pairs, plan.Retract, []int{0})
	begin := time.Now()
	put := func(sec int, ops ...*vec.Batch) {
		for _, b := range ops {
			l.record(b, begin.Add(time.Duration(sec)*time.Second))
		}
	}
	put(0, change(vec.Insert, "a", 10), change(vec.Insert, "b", 20), change(vec.Insert, "c", 1))
	put(3, change(vec.UpdateBefore, "a", 10), change(vec.UpdateAfter, "a", 14), change(vec.Delete, "c", 1))
	put(6, change(vec.UpdateBefore, "a", 14), change(vec.UpdateAfter, "a", 11), change(vec.Insert, "c", 5), change(vec.Insert, "d", 7))
	text := func(at, since int64) (out string) {
		tab := l.Table(at)
		for i, d := range l.Deltas(tab, 0, 100, 1, since) {
			rows, _ := tab.Page(int64(i), 1, nil)
			out += fmt.Sprintf("%s%+g ", rows[0][0].Text, d)
		}
		return out
	}
	for _, c := range []struct {
		at    int64
		sec   int
		seq   int64
		delta string
	}{
		{-1, 10, 9, "a+0 b+0 c+0 d+0 "},
		{-1, 5, 5, "a-3 b+0 c+5 d+7 "},     // c was deleted before
		{-1, 1, 2, "a+1 b+0 c+4 d+7 "},     // and is back
		{5, 1, 2, "a+4 b+0 "},              // as of an earlier change
		{-1, -1, -1, "a+11 b+20 c+5 d+7 "}, // before the record began
	} {
		since := l.SeqAt(begin.Add(time.Duration(c.sec) * time.Second))
		if since != c.seq {
			t.Errorf("after %d s: change %d, want %d", c.sec, since, c.seq)
		}
		if got := text(c.at, since); got != c.delta {
			t.Errorf("as of %d since %d: %s, want %s", c.at, since, got, c.delta)
		}
	}
}

// What is held no longer is known as far as the base of the record says it, and else said not to be.
func TestDeltasOfEvictedChanges(t *testing.T) {
	l := newLive(pairs, plan.Retract, []int{0})
	l.limit, l.hard = 20_000, 30_000
	l.record(change(vec.Insert, "rare", 1), time.Now())
	for i := range 3000 {
		l.record(change(vec.UpdateAfter, "often", int64(i)), time.Now())
		l.First()
	}
	if l.First() < 10 {
		t.Fatal("nothing was evicted")
	}
	l.record(change(vec.UpdateAfter, "rare", 5), time.Now())
	tab := l.Table(-1)
	if got := l.Deltas(tab, 0, 2, 1, tab.first); got[0] != 4 || got[1] != float64(3000-tab.first) { // change n made it n-1
		t.Errorf("since change %d: %v", tab.first, got)
	}
	if got := l.Deltas(tab, 0, 2, 1, -1); !math.IsNaN(got[0]) || !math.IsNaN(got[1]) {
		t.Errorf("since before the record: %v", got)
	}
}

func TestUpdatedAfterItWasFinal(t *testing.T) {
	schema := vec.NewSchema(vec.Field{Name: "window_end", Type: vec.TTimestamp}, vec.Field{Name: "n", Type: vec.TInt64})
	l := newLive(schema, plan.Retract, []int{0})
	row := func(op vec.Op, end, n int64) {
		b := vec.NewBatch(schema.Types())
		b.AppendRow(vec.IntValue(end), vec.IntValue(n))
		b.Ops = []vec.Op{op}
		l.record(b, time.Now())
	}
	row(vec.Insert, 60, 1)
	row(vec.Insert, 120, 1)
	row(vec.UpdateAfter, 60, 2) // before the watermark: as always
	l.onWatermark(60)
	if tab := l.Table(-1); tab.Updated(0) || tab.Updated(1) || !tab.Final(0) || tab.Final(1) {
		t.Error("updated before a late row came")
	}
	row(vec.UpdateAfter, 60, 3)
	if tab := l.Table(-1); !tab.Updated(0) || tab.Updated(1) {
		t.Error("a late row's update does not show")
	}
}
