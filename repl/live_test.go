package repl

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/kafka"
)

var pairs = vec.NewSchema(vec.Field{Name: "k", Type: vec.TString}, vec.Field{Name: "v", Type: vec.TInt64})

// change is one row of a changelog over pairs.
func change(op vec.Op, k string, v int64) *vec.Batch {
	b := vec.NewBatch(pairs.Types())
	b.AppendRow(vec.StringValue(k), vec.IntValue(v))
	b.Ops = []vec.Op{op}
	return b
}

// tableText is a table as sorted text.
func tableText(t *LiveTable) string {
	rows, _ := t.Page(0, int(t.Rows()), nil)
	var out []string
	for _, r := range rows {
		out = append(out, r[0].Text+"="+r[1].Text)
	}
	sort.Strings(out)
	return strings.Join(out, " ")
}

func TestLiveUpsert(t *testing.T) {
	l := newLive(pairs, plan.Retract, []int{0})
	now := time.Now()
	for _, c := range []*vec.Batch{change(vec.Insert, "a", 1), change(vec.Insert, "b", 1), change(vec.UpdateBefore, "a", 1), change(vec.UpdateAfter, "a", 2), change(vec.Delete, "b", 1), change(vec.Insert, "b", 7)} {
		l.record(c, now)
	}
	for at, want := range []string{"a=1", "a=1 b=1", "b=1", "a=2 b=1", "a=2", "a=2 b=7"} {
		if got := tableText(l.Table(int64(at))); got != want {
			t.Errorf("as of %d: %s, want %s", at, got, want)
		}
	}
	tab := l.Table(-1)
	if tab.At() != 5 || tab.Seq(0) != 3 || tab.Final(0) {
		t.Errorf("at %d, seq %d, final %v", tab.At(), tab.Seq(0), tab.Final(0))
	}
	cs := l.Changes(2, 3)
	if len(cs) != 3 || cs[0].Seq != 2 || cs[0].Op != "-U" || cs[2].Op != "-D" || cs[2].Cells[0].Text != "b" {
		t.Errorf("%+v", cs)
	}
	if got := l.Table(-1).Sorted(1, true); got.rows != 2 || tableRow(got, 0) != "b=7" {
		t.Errorf("sorted: %s", tableRow(got, 0))
	}
}

func tableRow(t *LiveTable, row int64) string {
	rows, _ := t.Page(row, 1, nil)
	return rows[0][0].Text + "=" + rows[0][1].Text
}

// TestLiveRandom compares tables as of every change that is held with a map that is replayed, while
// the record drops what does not fit.
func TestLiveRandom(t *testing.T) {
	for _, bag := range []bool{false, true} {
		rng := rand.New(rand.NewPCG(1, 2))
		var key []int
		if !bag {
			key = []int{0}
		}
		l := newLive(pairs, plan.Retract, key)
		l.limit, l.hard = 20_000, 30_000
		state := map[string]int64{} // of a bag: by "k=v" a count
		var history []string
		shot := func() string {
			var out []string
			for k, v := range state {
				if bag {
					for range v {
						out = append(out, k)
					}
				} else {
					out = append(out, fmt.Sprintf("%s=%d", k, v))
				}
			}
			sort.Strings(out)
			return strings.Join(out, " ")
		}
		put := func(op vec.Op, k string, v int64) {
			l.record(change(op, k, v), time.Now())
			id := fmt.Sprintf("%s=%d", k, v)
			switch {
			case bag && vec.IsAdd(op):
				state[id]++
			case bag:
				if state[id]--; state[id] == 0 {
					delete(state, id)
				}
			case vec.IsAdd(op):
				state[k] = v
			default:
				delete(state, k)
			}
			history = append(history, shot())
		}
		for i := range 3000 {
			k := string(rune('a' + rng.IntN(20)))
			old, have := state[k]
			switch {
			case bag:
				put(vec.Insert, k, int64(rng.IntN(3)))
				for id := range state {
					if rng.IntN(4) > 0 || len(state) > 30 {
						put(vec.Delete, id[:1], int64(id[2]-'0'))
					}
				}
			case !have:
				put(vec.Insert, k, int64(i))
			case rng.IntN(4) == 0:
				put(vec.Delete, k, old)
			default:
				put(vec.UpdateBefore, k, old)
				put(vec.UpdateAfter, k, int64(i))
			}
			if i%50 == 0 {
				first := l.First()
				at := first + rng.Int64N(l.Next()-first)
				if got := tableText(l.Table(at)); got != history[at] {
					t.Fatalf("bag %v, after %d, as of %d (first %d): %s, want %s", bag, i, at, first, got, history[at])
				}
			}
		}
		if l.Dropped() == 0 || l.Dropped() != l.First() {
			t.Fatalf("bag %v: nothing was dropped: first %d of %d", bag, l.First(), l.Next())
		}
		if cs := l.Changes(0, 1); len(cs) != 1 || cs[0].Seq != l.First() {
			t.Fatalf("oldest change %+v, first %d", cs, l.First())
		}
		if b := l.Bytes(); b > 2*l.hard {
			t.Fatalf("bag %v: %d bytes are held", bag, b)
		}
	}
}

// TestLiveHolds keeps a table while the record goes on far beyond its memory.
func TestLiveHolds(t *testing.T) {
	l := newLive(pairs, plan.Retract, []int{0})
	l.limit, l.hard = 20_000, 30_000
	for i := range 50 {
		l.record(change(vec.Insert, fmt.Sprint("key", i), int64(i)), time.Now())
	}
	held := l.Table(-1)
	want := tableText(held)
	for i := range 20_000 {
		l.record(change(vec.UpdateAfter, fmt.Sprint("key", i%50), int64(i)), time.Now())
	}
	if l.First() < 50 {
		t.Fatal("nothing was dropped")
	}
	if got := tableText(held); got != want {
		t.Fatalf("the table changed to %s", got)
	}
}

// TestLiveAppend is a result whose rows are never taken back.
func TestLiveAppend(t *testing.T) {
	l := newLive(pairs, plan.Append, nil)
	l.limit, l.hard = 100_000, 150_000
	b := vec.NewBatch(pairs.Types())
	for i := range 500 {
		b.AppendRow(vec.StringValue("row"), vec.IntValue(int64(i)))
	}
	for range 100 {
		l.record(b, time.Now())
	}
	tab := l.Table(-1)
	if l.First() == 0 || tab.Rows() != l.Next()-l.First() || !tab.Final(0) || tab.Seq(3) != l.First()+3 {
		t.Fatalf("%d rows from %d to %d", tab.Rows(), l.First(), l.Next())
	}
	f, _ := tab.Float(tab.Rows()-2, 5, 1)
	if len(f) != 2 || f[1] != 499 {
		t.Fatalf("last rows %v", f)
	}
}

// TestLiveSheds has more keys than memory: the oldest rows of the table go, and are counted.
func TestLiveSheds(t *testing.T) {
	l := newLive(pairs, plan.Retract, []int{0})
	l.limit, l.hard = 50_000, 75_000
	for i := range 20_000 {
		l.record(change(vec.Insert, fmt.Sprintf("key%07d", i), int64(i)), time.Now())
	}
	tab := l.Table(-1)
	if shed := l.Status().Shed; shed == 0 || tab.Rows()+shed != 20_000 {
		t.Fatalf("%d rows, %d shed", tab.Rows(), shed)
	}
}

// TestLiveStream records a query over a topic.
func TestLiveStream(t *testing.T) {
	broker, err := kafka.StartBroker(kafka.BrokerOptions{Listen: "127.0.0.1:0", Partitions: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	s, _ := memSession(t)
	ddl := fmt.Sprintf(`CREATE TABLE ev (k VARCHAR, v BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
		WITH ('connector' = 'kafka', 'topic' = 'ev', 'properties.bootstrap.servers' = '%s', 'format' = 'json')`, broker.Addr())
	if st := finish(t, s.Start(t.Context(), ddl)); st.Err != "" {
		t.Fatal(st.Err)
	}
	insert := func(rows string) {
		t.Helper()
		if st := finish(t, s.Start(t.Context(), "INSERT INTO ev VALUES "+rows)); st.Err != "" {
			t.Fatal(st.Err)
		}
	}
	insert("('a', 1, TIMESTAMP '2024-01-01 00:00:01'), ('b', 2, TIMESTAMP '2024-01-01 00:00:02'), ('a', 3, TIMESTAMP '2024-01-01 00:00:03')")
	r := s.Start(t.Context(), "SELECT k, sum(v) AS s FROM ev GROUP BY k")
	await(t, r, func() bool { return r.Live() != nil && tableText(r.Live().Table(-1)) == "a=4 b=2" })
	insert("('a', 10, TIMESTAMP '2024-01-01 00:00:04')")
	await(t, r, func() bool { return tableText(r.Live().Table(-1)) == "a=14 b=2" })
	st := r.Status()
	if !st.Stream || st.Mode != "changelog" || strings.Join(st.Key, " ") != "k" || st.State != StateRunning || st.Rows < 4 {
		t.Fatalf("%+v", st)
	}
	ls := r.Live().Status()
	if len(ls.Partitions) != 2 || !strings.Contains(ls.StateNote, "grows with the keys") {
		t.Fatalf("%+v", ls)
	}
	r.Cancel()
	if st := finish(t, r); st.State != StateCancelled || st.Rows < 4 {
		t.Fatalf("%+v", st)
	}
	if got := tableText(r.Live().Table(-1)); got != "a=14 b=2" {
		t.Fatalf("after the end: %s", got)
	}
	after := s.Start(t.Context(), "SELECT k, s FROM "+r.Status().Name+" ORDER BY k")
	if st := finish(t, after); st.Err != "" || page(t, after.Result()) != "a,14\nb,2\n" {
		t.Fatalf("as a table: %+v", st)
	}
}

// await waits until a condition of a run holds.
func await(t *testing.T, r *Run, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !cond(); time.Sleep(2 * time.Millisecond) {
		if st := r.Status(); st.Err != "" || time.Now().After(deadline) {
			t.Fatalf("%s: does not come about: %+v", r.Text(), st)
		}
	}
}
