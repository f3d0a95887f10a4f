package op

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/op/optest"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
	"github.com/riffle-io/riffle/spill"
)

// lives runs the tasks of an operator as a job does that ends again and again: steps go on from the
// newest checkpoint, of which some fail, with another number of tasks. What came out after a checkpoint
// that is not complete is forgotten.
type lives struct {
	t     *testing.T
	r     *rand.Rand
	make  func() (dataflow.Operator, error)
	steps []optest.Step
	keys  [2][]int // by input: columns by which rows go to tasks
	disk  vfs.FS
	store *state.Store

	tasks []*livesTask
	out   outcome
	next  dataflow.CheckpointID
	cur   *livesCheckpoint // being written while the tasks go on
	saved livesMark        // of the newest complete checkpoint
	count struct{ complete, layered, failed, spills int }
}

type livesTask struct {
	op   dataflow.Operator
	tc   *dataflow.TaskContext
	pool *spill.Pool
}

// outcome is what came out: rows, of a changelog what is left of it, and late rows.
type outcome struct {
	rows map[string]int
	late int
}

type livesMark struct {
	step int
	out  outcome
}

type livesCheckpoint struct {
	w     *state.Writer
	snaps []dataflow.Snapshot
	mark  livesMark
}

func (l *lives) check(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// Emit adds up changes.
func (l *lives) Emit(b *vec.Batch) error {
	for k := range b.Live() {
		i := b.Row(k)
		row := optest.RowText(b, i)
		if vec.IsAdd(b.Op(i)) {
			l.out.rows[row]++
		} else if l.out.rows[row]--; l.out.rows[row] == 0 {
			delete(l.out.rows, row)
		}
	}
	return nil
}

// begin opens p tasks and gives them the newest checkpoint.
func (l *lives) begin(p int) {
	var err error
	l.store, err = state.OpenStore(l.disk, "state", parquet.Format{})
	l.check(err)
	l.store.ShareLayers(1000)
	l.out = outcome{rows: maps.Clone(l.saved.out.rows), late: l.saved.out.late}
	ids, err := l.store.Checkpoints()
	l.check(err)
	for num := range p {
		o, err := l.make()
		l.check(err)
		pool := spill.NewPool(int64(l.r.IntN(2))) // no limit, or nothing at all
		tc := &dataflow.TaskContext{Ctx: l.t.Context(), Task: num, P: p, Budget: pool.Reserve("op"), SpillDir: l.t.TempDir(),
			Side: func(string) dataflow.Output {
				return dataflow.OutputFunc(func(b *vec.Batch) error { l.out.late += b.Live(); return nil })
			}}
		l.check(o.Open(tc))
		if len(ids) > 0 {
			cp, err := l.store.Open(ids[0])
			l.check(err)
			l.check(o.(dataflow.Snapshotter).Restore(cp.Operator("op")))
		}
		l.tasks = append(l.tasks, &livesTask{op: o, tc: tc, pool: pool})
	}
}

// end closes the tasks; nothing may be left of them.
func (l *lives) end() {
	for _, task := range l.tasks {
		if w, ok := task.op.(*windowAgg); ok {
			l.count.spills += w.spills
		}
		l.check(task.op.Close())
	}
	if l.cur != nil {
		for _, s := range l.cur.snaps {
			s.Release()
		}
		l.check(l.cur.w.Abort())
		l.cur = nil
	}
	for _, task := range l.tasks {
		if n := task.tc.Budget.Held(); n != 0 {
			l.t.Fatalf("%d bytes held", n)
		}
		if left, err := os.ReadDir(task.tc.SpillDir); err != nil || len(left) > 0 {
			l.t.Fatalf("left on disk: %v %v", left, err)
		}
	}
	l.tasks = nil
	l.check(l.store.Close())
}

// step feeds one step to the tasks.
func (l *lives) step(s optest.Step) {
	for _, task := range l.tasks {
		if s.Batch == nil {
			_, err := task.op.Advance(s.Watermark, l)
			l.check(err)
			continue
		}
		b := s.Batch
		b = b.WithSel(owned(task.tc, b, l.keys[s.In]))
		if b.Live() > 0 {
			l.check(task.op.Process(s.In, b, l))
		}
		if w, ok := task.op.(*windowAgg); ok && l.r.IntN(6) == 0 {
			_, err := w.evict()
			l.check(err)
		}
	}
}

// barrier freezes the tasks before step at.
func (l *lives) barrier(at int) {
	l.next++
	w, err := l.store.Begin(l.next)
	l.check(err)
	l.cur = &livesCheckpoint{w: w}
	for _, task := range l.tasks {
		if f, ok := task.op.(dataflow.Flusher); ok {
			l.check(f.Flush(l))
		}
		snap, err := task.op.(dataflow.Snapshotter).Snapshot(l.next)
		l.check(err)
		l.cur.snaps = append(l.cur.snaps, snap)
	}
	l.cur.mark = livesMark{at, outcome{maps.Clone(l.out.rows), l.out.late}}
}

// write completes the checkpoint that is under way, or lets it fail.
func (l *lives) write() {
	cp, fails := l.cur, l.r.IntN(4) == 0
	l.cur = nil
	for num, s := range cp.snaps {
		if fails && l.r.IntN(2) == 0 {
			s.Release()
			continue
		}
		l.check(s.Write(cp.w.Operator("op", num)))
	}
	if fails {
		l.count.failed++
		l.check(cp.w.Abort())
		return
	}
	l.check(cp.w.Commit(state.Manifest{Job: "job"}))
	l.saved = cp.mark
	l.count.complete++
	if cp.w.Size().Incremental() {
		l.count.layered++
	}
}

// run lives until the steps are done, and returns what came out.
func (l *lives) run() outcome {
	l.saved = livesMark{out: outcome{rows: map[string]int{}}}
	for life := 0; ; life++ {
		p := []int{1, 2, 7, 1, 3}[life%5]
		if len(l.keys[0]) == 0 {
			p = 1
		}
		l.begin(p)
		stop := len(l.steps)
		if life < 6 {
			stop = min(stop, l.saved.step+1+l.r.IntN(len(l.steps)/3))
		}
		for at := l.saved.step; at < stop; at++ {
			if l.cur == nil && l.r.IntN(2) == 0 {
				l.barrier(at)
			}
			l.step(l.steps[at])
			if l.cur != nil && l.r.IntN(2) == 0 {
				l.write()
			}
		}
		if life < 6 {
			l.end()
			continue
		}
		for _, task := range l.tasks {
			_, err := task.op.Advance(dataflow.MaxTime, l)
			l.check(err)
			l.check(task.op.EndInput(0, l)) // a join has nothing to do at the end of the other
		}
		out := l.out
		l.end()
		return out
	}
}

func (l *lives) compare(want []string, late int) {
	l.t.Helper()
	got := l.run()
	var rows []string
	for row, n := range got.rows {
		if n < 0 {
			l.t.Fatalf("row %s was taken back too often", row)
		}
		rows = append(rows, slices.Repeat([]string{row}, n)...)
	}
	slices.Sort(rows)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(rows, want) || got.late != late {
		l.t.Errorf("%d rows and %d late ones, want %d and %d", len(rows), got.late, len(want), late)
		for i := range min(len(rows), len(want)) {
			if rows[i] != want[i] {
				l.t.Fatalf("got\n%s\nwant\n%s", rows[i], want[i])
			}
		}
	}
	if l.count.layered < 3 || l.count.failed == 0 {
		l.t.Errorf("nothing to see: %+v", l.count)
	}
}

// TestWindowsOverManyLives has windows on disk and in memory, rows that come late but in time, and
// checkpoints in layers that are written while panes fire and go to disk.
func TestWindowsOverManyLives(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 8))
			w := windowSpecs[r.IntN(len(windowSpecs))]
			aggs := allAggs(t, r.IntN(2) == 0)
			steps := windowSteps(aggRows(r, 1500, 40), int64(r.IntN(3)*4))
			want, late := windowModel(t, w, aggs, steps, []int{0, 1})
			spec := AggSpec{Keys: boundKeys([]int{0, 1}), Aggs: aggs, In: aggIn, Window: &AggWindow{Start: 0, End: 1, Assign: &w}}
			l := &lives{t: t, r: r, steps: steps, keys: [2][]int{{0, 1}}, disk: vfs.NewMem(), make: func() (dataflow.Operator, error) { return onDisk(spec) }}
			l.compare(want, late)
		})
	}
}

// TestUpdatingAggOverManyLives takes rows back over lives, with a clock that jumps, so that changes of
// several batches go out together.
func TestUpdatingAggOverManyLives(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 9))
			keys := [][]int{{0, 1}, {1}, {}}[r.IntN(3)]
			aggs := allAggs(t, true)
			steps, left := changes(r, aggRows(r, 1500, 40), aggIn)
			now := time.UnixMilli(0)
			spec := AggSpec{Keys: exprsOf(keys), Aggs: aggs, In: aggIn, Changelog: true}
			l := &lives{t: t, r: r, steps: steps, keys: [2][]int{keys}, disk: vfs.NewMem(), make: func() (dataflow.Operator, error) {
				o, err := NewUpdatingAgg(spec)
				if err == nil {
					o.(*updatingAgg).now = func() time.Time {
						now = now.Add(time.Duration(r.IntN(4)) * time.Millisecond)
						return now
					}
				}
				return o, err
			}}
			l.compare(modelGroups(t, aggs, left, keys), 0)
		})
	}
}

// TestStreamJoinOverManyLives takes rows of both sides back over lives.
func TestStreamJoinOverManyLives(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 10))
			spec, steps, want := joinChanges(t, r, 900, 1+r.IntN(300), r.IntN(2) == 0)
			l := &lives{t: t, r: r, steps: steps, keys: [2][]int{{0}, {1}}, disk: vfs.NewMem(), make: func() (dataflow.Operator, error) { return NewStreamJoin(spec) }}
			l.compare(want, 0)
		})
	}
}

// TestFinalWindowsOverManyLives merges what a partial aggregation gives, which is dealt by all keys,
// the bounds of the window among them.
func TestFinalWindowsOverManyLives(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 11))
			w := windowSpecs[r.IntN(len(windowSpecs))]
			aggs := allAggs(t, false)
			in := windowSteps(aggRows(r, 1500, 40), int64(r.IntN(3)*4))
			want, _ := windowModel(t, w, aggs, in, []int{0, 1})
			spec := AggSpec{Keys: boundKeys([]int{0, 1}), Aggs: aggs, In: aggIn, Mode: AggPartial, Window: &AggWindow{Start: 0, End: 1, Assign: &w}}
			steps := partialSteps(t, spec, in)
			spec.Mode, spec.Window = AggFinal, &AggWindow{Start: 0, End: 1}
			l := &lives{t: t, r: r, steps: steps, keys: [2][]int{{0, 1, 2, 3}}, disk: vfs.NewMem(), make: func() (dataflow.Operator, error) { return onDisk(spec) }}
			l.compare(want, 0)
		})
	}
}

// partialSteps is what the partial part of spec makes of steps.
func partialSteps(t *testing.T, spec AggSpec, steps []optest.Step) (out []optest.Step) {
	o, err := NewWindowAgg(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Open(context1(t, 0)); err != nil {
		t.Fatal(err)
	}
	to := dataflow.OutputFunc(func(b *vec.Batch) error {
		out = append(out, optest.Step{Batch: b.Compact()})
		return nil
	})
	for _, s := range steps {
		if s.Batch != nil {
			err = o.Process(0, s.Batch, to)
		} else if _, err = o.Advance(s.Watermark, to); err == nil {
			out = append(out, s)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.Advance(dataflow.MaxTime, to); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}
