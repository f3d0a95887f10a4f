package law

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
)

// errCrash is the cause of a job that was cut off.
var errCrash = errors.New("crash")

// TestCrash cuts a job off at random rows, several times, restores it from what a power cut leaves of
// the disk, each time with another number of tasks, and compares what was committed with the
// answer over tables.
func TestCrash(t *testing.T) {
	queries := []string{
		"SELECT window_start, window_end, g, count(*) AS n, sum(v) AS sv, min(s) AS m, count(DISTINCT k) AS dk FROM TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '20' SECOND) GROUP BY window_start, window_end, g",
		"SELECT window_start, window_end, k, count(*) AS n, max(d) AS md FROM HOP(TABLE a, DESCRIPTOR(ts), INTERVAL '7' SECOND, INTERVAL '30' SECOND) GROUP BY window_start, window_end, k",
		"SELECT s, g, count(*) AS n, sum(v) AS sv, min(v) AS mv FROM a GROUP BY s, g",
		"SELECT a.k, a.v, b.v AS w FROM a JOIN b ON a.k = b.k AND a.g = b.g",
		"SELECT a.k, a.v, e.s FROM a LEFT JOIN e ON a.k = e.k WHERE a.v <> 0",
		"SELECT a.k, a.v, x.n FROM a JOIN (SELECT k, count(*) AS n, min(s) AS m FROM e GROUP BY k) x ON a.k = x.k",
		"SELECT k, v FROM a WHERE g IN (SELECT g FROM e ORDER BY k, g, v, d, s, ts LIMIT 3) UNION ALL SELECT count(*), sum(v) FROM e UNION ALL SELECT k, max(v) FROM e GROUP BY k",
		"SELECT DISTINCT g, s FROM a",
		"SELECT k, count(*) AS n FROM (SELECT k, g FROM a UNION ALL SELECT k, g FROM b) GROUP BY k",
	}
	crashes(t, func(r *rand.Rand, c *crashCase) {
		c.stream, c.query = true, pick(r, queries)
	})
}

// TestCrashLimit counts: which rows of a stream come first is open, but not how many.
func TestCrashLimit(t *testing.T) {
	crashes(t, func(r *rand.Rand, c *crashCase) {
		c.stream, c.rows = true, 1+r.IntN(len(c.data["a"]))
		c.query = fmt.Sprintf("SELECT k, v FROM a LIMIT %d OFFSET %d", c.rows, r.IntN(len(c.data["a"])-c.rows+1))
	})
}

// TestCrashBounded is the same with random queries over tables that end.
func TestCrashBounded(t *testing.T) {
	crashes(t, func(r *rand.Rand, c *crashCase) {
		g := &generator{r: r}
		c.query = g.relation(1 + r.IntN(3)).sql
		if strings.Contains(c.query, "JOIN") || strings.Contains(c.query, "DESCRIPTOR") { // these multiply rows
			for name, all := range c.data {
				c.data[name] = all[:min(len(all), 60)]
			}
		}
	})
}

// crashes runs many cases, whose query vary chooses.
func crashes(t *testing.T, vary func(*rand.Rand, *crashCase)) {
	var checkpoints, restores int
	seeds(t, func(seed uint64) bool {
		r := newRand(seed, 4)
		size := 200 + r.IntN(800)
		if r.IntN(3) == 0 { // enough for watermarks on the way
			size = 9000
		}
		c := &crashCase{t: t, r: r, seed: seed, disk: vfs.NewCrash(), deal: pick(r, []func(string, rows, int, uint64) *table{deal, cluster}),
			data: map[string]rows{"a": randomRows(r, size, 20), "b": randomRows(r, r.IntN(60), 20), "e": randomRows(r, r.IntN(9), 5)}}
		vary(r, c)
		if c.stream {
			c.deal = deal
		}
		ok := c.run()
		checkpoints, restores = checkpoints+c.checkpoints, restores+c.restores
		return ok
	})
	t.Logf("%d checkpoints, %d restores", checkpoints, restores)
}

// crashCase is one job over all its lives.
type crashCase struct {
	t      *testing.T
	r      *rand.Rand
	seed   uint64
	query  string
	deal   func(name string, all rows, splits int, seed uint64) *table
	stream bool // tables do not end, but for e
	rows   int  // that the answer has, whichever they are; 0: they count themselves
	data   map[string]rows
	disk   *vfs.Crash
	out    ledger
	text   string

	checkpoints, restores int
}

func (c *crashCase) run() bool {
	order := c.r.Uint64() // of the rows in each split: the log that every life reads
	catalog := func(stream bool) *catalog {
		cat := &catalog{tables: map[string]*table{}, delay: 41 * second}
		for name, all := range c.data {
			cat.tables[name] = c.deal(name, all, 3, order)
			cat.tables[name].stream = stream && name != "e"
		}
		return cat
	}
	n, err := catalog(false).bind(c.query)
	if err != nil {
		c.t.Fatal(err)
	}
	want, _, _, err := way{tasks: 1}.run(c.t.Context(), n)
	if err != nil {
		c.t.Fatal(err)
	}
	c.out = ledger{pending: map[string]*sheet{}, done: newSheet(n.Schema().Types())}
	for life := 0; ; life++ {
		cat := catalog(c.stream)
		crashAt := int64(-1)
		if life < 5 {
			crashAt = 1 + c.r.Int64N(int64(len(c.data["a"])))
		}
		over, err := c.live(cat, crashAt)
		if err != nil {
			c.t.Errorf("seed %d, life %d: %v\n%s\n%s", c.seed, life, err, c.query, c.text)
			return false
		}
		if over {
			break
		}
		c.disk = c.disk.CrashClone(c.r.Uint64())
	}
	bad := want.diff(c.out.done)
	if c.rows > 0 {
		if bad = ""; c.out.done.total() != c.rows {
			bad = fmt.Sprintf("%d rows, want %d", c.out.done.total(), c.rows)
		}
	}
	if bad != "" {
		c.t.Errorf("seed %d: after crashes the answer differs:\n%s\n%s\n%s", c.seed, bad, c.query, c.text)
		return false
	}
	return true
}

// live runs the job until its end or its crash.
func (c *crashCase) live(cat *catalog, crashAt int64) (over bool, err error) {
	n, err := cat.bind(c.query)
	if err != nil {
		return false, err
	}
	w := way{tasks: []int{1, 2, 7}[c.r.IntN(3)]}
	phys, err := w.physical(&plan.Sink{In: n, Target: &c.out})
	if err != nil {
		return false, err
	}
	c.text = plan.Explain(phys, nil)
	store, err := state.OpenStore(c.disk, "state", parquet.Format{})
	if err != nil {
		return false, fmt.Errorf("open store: %w", err)
	}
	defer store.Close()
	store.ShareLayers([]float64{0.5, 100}[c.r.IntN(2)]) // much: small states have layers too
	ctx, cancel := context.WithCancelCause(c.t.Context())
	defer cancel(nil)
	for _, t := range cat.tables {
		if t.stream || !c.stream {
			t.onRow = func(n int64) {
				if t.name == "a" && n >= crashAt && crashAt > 0 {
					cancel(errCrash)
				}
				time.Sleep(50 * time.Microsecond) // lets checkpoints happen between rows
			}
		}
	}
	o := w.options()
	o.Store, o.Checkpoint = store, time.Millisecond
	o.OnEvent = func(exec.Event) { c.checkpoints++ }
	if o.ID, err = store.JobID(); err != nil {
		return false, err
	}
	if had, err := store.Checkpoints(); err != nil {
		return false, err
	} else if len(had) > 0 {
		c.restores++
	}
	_, err = exec.Run(ctx, phys, o)
	switch {
	case errors.Is(err, errCrash):
		return false, nil
	case err != nil:
		return false, err
	}
	return true, nil
}

// ledger is a table in a system of its own, which outlives crashes: rows are prepared under a name,
// and count from their commit on. It keeps multisets, so that it needs no order of rows.
type ledger struct {
	mu      sync.Mutex
	next    int
	pending map[string]*sheet
	done    *sheet
}

func (l *ledger) Name() string                   { return "ledger" }
func (l *ledger) Schema() *vec.Schema            { return &vec.Schema{} }
func (l *ledger) Accepts(plan.Mode, []int) error { return nil }
func (l *ledger) NewSink(spec plan.SinkSpec) (dataflow.Operator, error) {
	return &ledgerSink{l: l, rows: newSheet(spec.Schema.Types())}, nil
}

type ledgerSink struct {
	dataflow.Base
	l    *ledger
	rows *sheet
}

func (s *ledgerSink) Process(_ int, b *vec.Batch, _ dataflow.Output) error { return s.rows.Emit(b) }

// Prepare stores the rows under a new name.
func (s *ledgerSink) Prepare(dataflow.CheckpointID) ([]byte, error) {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	if len(s.rows.count) == 0 {
		return nil, nil
	}
	s.l.next++
	name := fmt.Sprint(s.l.next)
	s.l.pending[name], s.rows = s.rows, newSheet(s.rows.types)
	return json.Marshal(name)
}

// Commit counts what has that name, once.
func (s *ledgerSink) Commit(_ dataflow.CheckpointID, prepared []byte) error {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	var name string
	if err := json.NewDecoder(bytes.NewReader(prepared)).Decode(&name); err != nil {
		return err
	}
	rows, ok := s.l.pending[name]
	if !ok {
		return nil
	}
	delete(s.l.pending, name)
	for row, n := range rows.count {
		for ; n > 0; n-- {
			s.l.done.add(row, vec.Insert)
		}
		for ; n < 0; n++ {
			s.l.done.add(row, vec.Delete)
		}
	}
	return nil
}

// TestLedger shows that the test's own target counts a commit once.
func TestLedger(t *testing.T) {
	l := &ledger{pending: map[string]*sheet{}, done: newSheet([]vec.Type{vec.TInt64})}
	o, err := l.NewSink(plan.SinkSpec{Schema: vec.NewSchema(vec.Field{Name: "x", Type: vec.TInt64})})
	if err != nil {
		t.Fatal(err)
	}
	s := o.(*ledgerSink)
	s.rows.add("1", vec.Insert)
	name, err := s.Prepare(1)
	if err != nil || len(l.done.count) != 0 {
		t.Fatalf("prepared rows count already: %v %v", l.done.count, err)
	}
	for range 2 {
		if err := s.Commit(1, name); err != nil || l.done.count["1"] != 1 {
			t.Errorf("%v %v", l.done.count, err)
		}
	}
	if !strings.Contains(string(name), "1") {
		t.Errorf("name %s", name)
	}
}
