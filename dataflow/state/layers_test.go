package state_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
)

// counter is an operator instance that counts keys in tables that come and go, as windows do, and the
// counts that each checkpoint should have.
type counter struct {
	r       *rand.Rand
	history state.History
	tables  map[int64]*state.Table // by window
	want    map[dataflow.CheckpointID]map[string]int64
	next    int64
}

var countSchema = vec.NewSchema(vec.Field{Name: "window", Type: vec.TInt64}, vec.Field{Name: "key", Type: vec.TInt64},
	vec.Field{Name: "tag", Type: vec.TString}, vec.Field{Name: "n", Type: vec.TInt64})

func newCounter(seed uint64) *counter {
	return &counter{r: rand.New(rand.NewPCG(seed, 77)), tables: map[int64]*state.Table{}, want: map[dataflow.CheckpointID]map[string]int64{}}
}

// change opens and drops windows, counts keys and deletes some.
func (c *counter) change(t *testing.T, rows int) {
	if len(c.tables) == 0 || c.r.IntN(4) == 0 {
		c.tables[c.next] = state.New([]vec.Type{vec.TInt64, vec.TString}, []vec.Type{vec.TInt64}, nil)
		c.next++
	}
	windows := slices.Sorted(maps.Keys(c.tables))
	if len(windows) > 3 {
		c.tables[windows[0]].Close()
		delete(c.tables, windows[0])
	}
	for _, tab := range c.tables {
		c.count(t, tab, c.r.IntN(rows))
	}
}

func (c *counter) count(t *testing.T, tab *state.Table, n int) {
	b := vec.NewBatch([]vec.Type{vec.TInt64, vec.TString})
	for range n {
		tag := vec.StringValue(strings.Repeat("long ", c.r.IntN(5)))
		if c.r.IntN(9) == 0 {
			tag = vec.NullValue()
		}
		b.AppendRow(vec.IntValue(int64(c.r.IntN(5000))), tag)
	}
	refs := make([]state.Ref, b.N)
	if _, err := tab.FindOrInsert(b.Cols, b.N, nil, refs); err != nil {
		t.Fatal(err)
	}
	tab.Touch(refs)
	for _, r := range refs {
		tab.Pages()[r>>state.PageShift][int(r&state.PageMask)+tab.ValAt(0)]++
	}
	all, _ := tab.Scan(0, make([]state.Ref, 0, 10_000))
	for range min(len(all), n/5) { // rows that this batch need not have touched
		k := c.r.IntN(len(all))
		tab.Delete(all[k])
		all = slices.Delete(all, k, k+1)
	}
}

// snapshot freezes the tables and notes what they hold under id.
func (c *counter) snapshot(id dataflow.CheckpointID) (*state.Snapshot, []state.File) {
	s := c.history.Begin()
	f := state.File{Name: "counts", Schema: countSchema}
	c.want[id] = map[string]int64{}
	for _, w := range slices.Sorted(maps.Keys(c.tables)) {
		frozen := s.Freeze(c.tables[w])
		gather := func(refs []state.Ref, b *vec.Batch) {
			b.Cols[0].Resize(len(refs))
			for k := range refs {
				b.Cols[0].I64[k] = w
			}
			for col := range 3 {
				frozen.Gather(col, refs, b.Cols[1+col])
			}
		}
		f.From = append(f.From, state.Rows{Frozen: frozen, Gather: gather})
		c.read(id, c.tables[w], gather)
	}
	return s, []state.File{f}
}

func (c *counter) read(id dataflow.CheckpointID, tab *state.Table, gather func([]state.Ref, *vec.Batch)) {
	refs := make([]state.Ref, 0, 500)
	for at := state.Ref(0); at != state.NoRef; {
		refs, at = tab.Scan(at, refs[:0])
		b := vec.NewBatch(countSchema.Types())
		b.N = len(refs)
		gather(refs, b)
		add(c.want[id], b)
	}
}

func add(to map[string]int64, b *vec.Batch) {
	for k := range b.Live() {
		i := b.Row(k)
		var row []string
		for c, v := range b.Cols[:3] {
			row = append(row, v.Value(i).Format(countSchema.Fields[c].Type))
		}
		to[strings.Join(row, "|")] += b.Cols[3].Value(i).I
	}
}

// checkpoint writes one; drop leaves it out of the store.
func (c *counter) checkpoint(st *state.Store, id dataflow.CheckpointID, drop bool) (state.Size, error) {
	s, files := c.snapshot(id)
	w, err := st.Begin(id)
	if err != nil {
		return state.Size{}, err
	}
	if err := s.Write(w.Operator("count", 0), files...); err != nil {
		return state.Size{}, errors.Join(err, w.Abort())
	}
	if drop {
		return state.Size{}, w.Abort()
	}
	return w.Size(), w.Commit(state.Manifest{Job: "job"})
}

func rowsOf(c *state.Checkpoint) (map[string]int64, error) {
	got := map[string]int64{}
	err := c.Operator("count").Each("counts", func(b *vec.Batch) error { add(got, b); return nil })
	return got, err
}

// check compares the newest checkpoint of a store with what was noted under its number.
func (c *counter) check(t *testing.T, st *state.Store) {
	t.Helper()
	ids, err := st.Checkpoints()
	if err != nil || len(ids) == 0 {
		t.Fatal(ids, err)
	}
	cp, err := st.Open(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	got, err := rowsOf(cp)
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(got, c.want[ids[0]]) {
		t.Fatalf("checkpoint %d has %d rows, want %d", ids[0], len(got), len(c.want[ids[0]]))
	}
}

func open(t *testing.T, disk vfs.FS) *state.Store {
	t.Helper()
	st, err := state.OpenStore(disk, "state", parquet.Format{})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// TestLayers takes checkpoints while windows come and go, some of which are dropped, and compares
// each with the tables of its moment; a savepoint of it has the same rows in one layer.
func TestLayers(t *testing.T) {
	layers, full := 0, 0
	for seed := range uint64(4) {
		c, disk := newCounter(seed), vfs.NewMem()
		st := open(t, disk)
		for id := dataflow.CheckpointID(1); id < 40; id++ {
			c.change(t, []int{5, 200, 4000}[c.r.IntN(3)])
			drop := id > 1 && c.r.IntN(8) == 0
			size, err := c.checkpoint(st, id, drop)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case drop:
			case size.Incremental():
				layers++
			default:
				full++
			}
			c.check(t, st)
			if size.Rows != 0 && size.Rows != rowCount(c) {
				t.Fatalf("%d rows of state, want %d", size.Rows, rowCount(c))
			}
		}
		ids, err := st.Checkpoints()
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Export(ids[0], "sp"); err != nil {
			t.Fatal(err)
		}
		sp, err := state.OpenSavepoint(disk, "sp", parquet.Format{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := rowsOf(sp)
		if err != nil || !maps.Equal(got, c.want[ids[0]]) {
			t.Fatalf("savepoint: %d rows, want %d: %v", len(got), len(c.want[ids[0]]), err)
		}
		if len(sp.Tables) != 1 || sp.Tables[0].Layer != 0 || sp.Tables[0].Rows != int64(len(got)) || len(sp.Tables[0].Columns) != countSchema.Len() {
			t.Fatalf("files of the savepoint: %+v", sp.Tables)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if layers < 40 || full < 15 {
		t.Errorf("%d checkpoints with layers, %d full ones", layers, full)
	}
}

func rowCount(c *counter) (n int64) {
	for _, tab := range c.tables {
		n += int64(tab.Rows())
	}
	return n
}

// steps is a run of checkpoints with layers and a new first layer.
func steps(t *testing.T, c *counter, st *state.Store) error {
	for id := dataflow.CheckpointID(1); id <= 7; id++ {
		rows := 20
		if id == 1 || id == 5 {
			rows = 600
		}
		c.change(t, rows)
		if _, err := c.checkpoint(st, id, false); err != nil {
			return err
		}
	}
	return nil
}

// onDisks runs a test over disks with hard links and over such that have none, where files are copied.
func onDisks(t *testing.T, test func(t *testing.T, over func(vfs.FS) vfs.FS)) {
	t.Run("links", func(t *testing.T) { test(t, func(f vfs.FS) vfs.FS { return f }) })
	t.Run("copies", func(t *testing.T) { test(t, func(f vfs.FS) vfs.FS { return noLinks{f} }) })
}

// TestLayersAfterPowerCut cuts the power before every operation on the disk.
func TestLayersAfterPowerCut(t *testing.T) { onDisks(t, layersAfterPowerCut) }

func layersAfterPowerCut(t *testing.T, over func(vfs.FS) vfs.FS) {
	c, disk := newCounter(3), vfs.NewCrash()
	fault := vfs.NewFault(disk)
	st := open(t, over(fault))
	cuts, seen := 0, map[dataflow.CheckpointID]bool{}
	fault.SetInject(func(op vfs.Op) error {
		for seed := range uint64(2) {
			after := open(t, disk.CrashClone(seed<<32|uint64(op.N)))
			ids, err := after.Checkpoints()
			if err != nil {
				t.Fatal(err)
			}
			if len(ids) > 0 {
				seen[ids[0]] = true
				c.check(t, after)
			}
			cuts++
			if err := after.Close(); err != nil {
				t.Fatal(err)
			}
		}
		return nil
	})
	if err := steps(t, c, st); err != nil {
		t.Fatal(err)
	}
	fault.SetInject(nil)
	if len(seen) < 6 || cuts < 100 {
		t.Errorf("%d power cuts, after which %d checkpoints were seen", cuts, len(seen))
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLayersOnFailingDisk makes each operation fail, one run each. The job goes on with a new store
// and the same tables, so that the changes of the checkpoint that failed are in the next one.
func TestLayersOnFailingDisk(t *testing.T) { onDisks(t, layersOnFailingDisk) }

func layersOnFailingDisk(t *testing.T, over func(vfs.FS) vfs.FS) {
	broken := errors.New("disk is broken")
	for n := 1; ; n++ {
		c, disk := newCounter(5), vfs.NewCrash()
		fault := vfs.NewFault(disk)
		st := open(t, over(fault))
		fault.FailAt(n, broken)
		if err := steps(t, c, st); err != nil && !errors.Is(err, broken) {
			t.Fatalf("operation %d: %v", n, err)
		}
		last := fault.Count() < n
		fault.SetInject(nil)
		for id := dataflow.CheckpointID(20); id < 23; id++ {
			c.change(t, 50)
			if _, err := c.checkpoint(st, id, false); err != nil {
				t.Fatalf("after operation %d failed: %v", n, err)
			}
			c.check(t, st)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		st = open(t, disk.CrashClone(uint64(n)))
		c.check(t, st)
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		if last {
			if n < 100 {
				t.Errorf("only %d operations were seen", n)
			}
			return
		}
	}
}
