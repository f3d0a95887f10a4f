package law

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// streamCase is a query over streams whose answer is known from the same rows as tables.
type streamCase struct {
	trial
	streams []string // which of the tables are streams
	delay   int64
}

// both runs a case as tables and as streams.
func (c *streamCase) both(t *testing.T, r *rand.Rand, w way) (batch, stream *sheet, job *exec.Job, text string) {
	t.Helper()
	run := func(streams []string, w way) (*sheet, *exec.Job, string) {
		cat := &catalog{tables: map[string]*table{}, delay: c.delay}
		for _, name := range slices.Sorted(maps.Keys(c.data)) {
			cat.tables[name] = deal(name, c.data[name], 1+r.IntN(5), r.Uint64())
		}
		for _, name := range streams {
			cat.tables[name].stream = true
		}
		n, err := cat.bind(c.query)
		if err != nil {
			t.Fatalf("%v\n%s", err, c.query)
		}
		s, job, text, err := w.run(t.Context(), n)
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, c.query, text)
		}
		return s, job, text
	}
	batch, _, _ = run(nil, way{tasks: 2, spillDir: t.TempDir()})
	stream, job, text = run(c.streams, w)
	return batch, stream, job, text
}

func streamWay(r *rand.Rand, t *testing.T) way {
	return way{tasks: []int{1, 2, 7}[r.IntN(3)], plain: r.IntN(3) == 0, tiny: r.IntN(3) == 0, spillDir: t.TempDir(), keepInput: true}
}

// TestWindows: bounded = streamed + late. The aggregates are counts and sums, to which late rows can
// be added afterwards.
func TestWindows(t *testing.T) {
	seeds(t, func(seed uint64) bool {
		r := newRand(seed, 2)
		g := &generator{r: r}
		n := []int{20, 300, 300, 3000, 6000}[r.IntN(5)]
		spread := 1 + r.IntN(300)
		data := map[string]rows{"a": randomRows(r, n, spread)}
		delay := int64(r.IntN(2*spread) * second)
		where := ""
		if r.IntN(3) == 0 {
			where = "WHERE v > 0 "
		}
		query := fmt.Sprintf("SELECT window_start, window_end, g, count(*) AS n, coalesce(sum(v), 0) AS sv FROM %s %sGROUP BY window_start, window_end, g", g.windowOf("a"), where)
		return holds(t, seed, trial{query: query, data: data}, func(tr trial) string {
			return streamedAndLate(t, newRand(seed, 4), &streamCase{tr, []string{"a"}, delay})
		})
	})
}

// streamedAndLate says in what a window's result over a table differs from that over a stream and
// the rows that were late for it.
func streamedAndLate(t *testing.T, r *rand.Rand, c *streamCase) string {
	late := &lateRows{counts: map[string]*[2]int64{}}
	w := streamWay(r, t)
	w.sides = map[string]exec.SinkTarget{"late": late}
	batch, stream, job, text := c.both(t, r, w)
	if bad := late.addTo(stream); bad != "" {
		return fmt.Sprintf("%+v: %s\n%s\n%s", w, bad, c.query, text)
	}
	if n := job.SideRows("late"); late.rows != n {
		return fmt.Sprintf("%+v: %d late rows came, %d were counted", w, late.rows, n)
	}
	if bad := batch.diff(stream); bad != "" {
		return fmt.Sprintf("%+v: bounded and streamed + late differ (%d late rows):\n%s\n%s\n%s", w, late.rows, bad, c.query, text)
	}
	return ""
}

// lateRows is the target of the side output: what each window and key missed.
type lateRows struct {
	mu     sync.Mutex
	counts map[string]*[2]int64 // by window_start|window_end|g: rows and sum(v)
	rows   int64
	schema *vec.Schema
}

func (l *lateRows) Name() string                   { return "late" }
func (l *lateRows) Schema() *vec.Schema            { return l.schema }
func (l *lateRows) Accepts(plan.Mode, []int) error { return nil }

// NewSink is called once a task, in turn.
func (l *lateRows) NewSink(spec plan.SinkSpec) (dataflow.Operator, error) {
	l.schema = spec.Schema
	return &lateSink{l: l}, nil
}

type lateSink struct {
	dataflow.Base
	l    *lateRows
	mine []lateRow
}

type lateRow struct {
	key string
	v   int64
}

func (s *lateSink) Process(_ int, b *vec.Batch, _ dataflow.Output) error {
	at := func(name string) int { return s.l.schema.Index(name) }
	start, end, g, v := at("late_window_start"), at("late_window_end"), at("g"), at("v")
	if c := at("window_start"); c >= 0 { // windows were assigned before: the row has the bound itself
		start = c
	}
	for k := range b.Live() {
		i := b.Row(k)
		cell := func(c int) string { return b.Cols[c].Value(i).Format(s.l.schema.Fields[c].Type) }
		row := lateRow{key: cell(start) + "|" + cell(end) + "|" + cell(g)}
		if !b.Cols[v].IsNull(i) {
			row.v = b.Cols[v].Value(i).I
		}
		s.mine = append(s.mine, row)
	}
	return nil
}

// EndInput hands the rows over. Tasks end one after the other or at once, hence the lock.
func (s *lateSink) EndInput(int, dataflow.Output) error {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	for _, row := range s.mine {
		if s.l.counts[row.key] == nil {
			s.l.counts[row.key] = &[2]int64{}
		}
		s.l.counts[row.key][0]++
		s.l.counts[row.key][1] += row.v
		s.l.rows++
	}
	return nil
}

// addTo adds late rows to the groups of a result.
func (l *lateRows) addTo(s *sheet) string {
	groups := map[string]string{}
	for row, n := range s.count {
		f := strings.Split(row, "|")
		key := strings.Join(f[:3], "|")
		if _, twice := groups[key]; twice || n != 1 {
			return "two results for " + key
		}
		groups[key] = row
	}
	for key, add := range l.counts {
		var n, sum int64
		if row, ok := groups[key]; ok {
			f := strings.Split(row, "|")
			n, _ = strconv.ParseInt(f[3], 10, 64)
			sum, _ = strconv.ParseInt(f[4], 10, 64)
			s.add(row, vec.Delete)
		}
		s.add(fmt.Sprintf("%s|%d|%d", key, n+add[0], sum+add[1]), vec.Insert)
	}
	return ""
}

// TestUpdating: the changes of a query without windows add up to the answer over tables.
func TestUpdating(t *testing.T) {
	queries := []string{
		"SELECT g, count(*), sum(v), min(v), max(k), count(DISTINCT s) FROM a GROUP BY g",
		"SELECT s, g, sum(d), count(v) FILTER (WHERE v > 0) FROM a WHERE k <> 3 GROUP BY s, g",
		"SELECT k % 3, max(s), min(ts) FROM a GROUP BY 1 HAVING count(*) > 4",
		"SELECT n, count(*) FROM (SELECT k, count(*) AS n FROM a GROUP BY k) GROUP BY n",
		"SELECT count(*), sum(v) FROM a",
		"SELECT DISTINCT k, g FROM a",
		"SELECT a.v, b.v, a.s FROM a JOIN b ON a.k = b.k AND a.v < b.v",
		"SELECT a.g, count(*), sum(b.v) FROM a JOIN b ON a.k = b.k GROUP BY a.g",
		"SELECT a.v, e.s FROM a JOIN e ON a.g = e.g",
		"SELECT a.v, e.s FROM a LEFT JOIN e ON a.k = e.k AND e.v > 0",
		"SELECT e.s, count(*) FROM e JOIN a ON a.g = e.g GROUP BY e.s",
		"SELECT v FROM a WHERE k IN (SELECT k FROM e)",
		"SELECT v, s FROM a WHERE s LIKE '%b%' UNION ALL SELECT v, s FROM b",
		"SELECT x.g, x.n, y.n FROM (SELECT g, count(*) AS n FROM a GROUP BY g) x JOIN (SELECT g, count(*) AS n FROM b GROUP BY g) y ON x.g = y.g",
		"SELECT ws, count(*), sum(n) FROM (SELECT window_start AS ws, g, count(*) AS n FROM TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '7' SECOND) GROUP BY window_start, window_end, g) GROUP BY ws",
	}
	seeds(t, func(seed uint64) bool {
		r := newRand(seed, 3)
		tr := trial{query: queries[r.IntN(len(queries))],
			data: map[string]rows{"a": randomRows(r, r.IntN(300), 50), "b": randomRows(r, r.IntN(60), 50), "e": randomRows(r, r.IntN(9), 5)}}
		return holds(t, seed, tr, func(tr trial) string {
			r := newRand(seed, 5)
			c := &streamCase{tr, []string{"a", "b"}, 1000 * second}
			w := streamWay(r, t)
			batch, stream, _, text := c.both(t, r, w)
			if bad := batch.diff(stream); bad != "" {
				return fmt.Sprintf("%+v: the changes do not add up to the answer:\n%s\n%s\n%s", w, bad, c.query, text)
			}
			return ""
		})
	})
}
