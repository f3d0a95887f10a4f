package state_test

import (
	"fmt"
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

// noLinks is a file system without hard links.
type noLinks struct{ vfs.FS }

// shelf is an operator with a table a task, whose keys have one and whose values two words or more, and
// the map that the tables together should be.
type shelf struct {
	t     *testing.T
	r     *rand.Rand
	keys  []vec.Type
	vals  []vec.Type
	tasks []*shelfTask
	want  map[string]string
}

type shelfTask struct {
	table   *state.Table
	history state.History
}

// open makes empty tables for p tasks.
func (s *shelf) open(p int) {
	s.tasks, s.want = nil, map[string]string{}
	for range p {
		s.tasks = append(s.tasks, &shelfTask{table: state.New(s.keys, s.vals, nil)})
	}
}

func (s *shelf) schema() *vec.Schema {
	out := &vec.Schema{}
	for i, t := range append(slices.Clone(s.keys), s.vals...) {
		out.Fields = append(out.Fields, vec.Field{Name: fmt.Sprint("c", i), Type: t})
	}
	return out
}

// put gives the keys of b the values of their rows: the first a number, the last a text; others stay 0.
func (s *shelf) put(b *vec.Batch, value func(i int) (int64, string)) {
	hash := make([]uint64, b.N)
	if len(s.keys) > 0 {
		b.Hash(hash, upTo(len(s.keys)))
	}
	for task, st := range s.tasks {
		var sel []int32
		for i, h := range hash {
			if dataflow.GroupTask(dataflow.KeyGroup(h), len(s.tasks)) == task {
				sel = append(sel, int32(i))
			}
		}
		if len(sel) == 0 {
			continue
		}
		refs := make([]state.Ref, len(sel))
		if _, err := st.table.FindOrInsert(b.Cols[:len(s.keys)], b.N, sel, refs); err != nil {
			s.t.Fatal(err)
		}
		st.table.Touch(refs)
		for k, r := range refs {
			n, str := value(int(sel[k]))
			st.table.Pages()[r>>state.PageShift][int(r&state.PageMask)+st.table.ValAt(0)] = uint64(n)
			st.table.PutStr(r, st.table.ValAt(len(s.vals)-1), []byte(str))
			s.want[rowText(b, int(sel[k]), len(s.keys))] = fmt.Sprint(n, " ", str)
		}
	}
}

func upTo(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

func rowText(b *vec.Batch, i, cols int) string {
	var out []string
	for _, v := range b.Cols[:cols] {
		out = append(out, v.Value(i).Format(v.Type))
	}
	return strings.Join(out, "|")
}

// change writes some rows and deletes others, of which some come back at once.
func (s *shelf) change(n, keys int) {
	b := vec.NewBatch(s.keys)
	for range n {
		var row []vec.Value
		for _, t := range s.keys {
			v := vec.IntValue(int64(s.r.IntN(keys)))
			if t == vec.TString {
				v = vec.StringValue(strings.Repeat("k", s.r.IntN(30)) + fmt.Sprint(v.I))
			}
			if s.r.IntN(20) == 0 {
				v = vec.NullValue()
			}
			row = append(row, v)
		}
		b.AppendRow(row...)
	}
	if len(s.keys) == 0 {
		b.N = 1
	}
	s.put(b, func(int) (int64, string) { return s.r.Int64N(100), strings.Repeat("v", s.r.IntN(40)) })
	s.remove(s.r.IntN(2*n + 1))
	if b.N > 3 {
		half := vec.NewBatch(s.keys)
		half.Append(b, []int32{0, 1, 2})
		s.put(half, func(int) (int64, string) { return -1, "came back, as a longer string than before" })
	}
}

func (s *shelf) remove(n int) {
	types := s.schema().Types()
	for _, st := range s.tasks {
		all, _ := st.table.Scan(0, make([]state.Ref, 0, st.table.Rows()+1))
		for range min(n, len(all)) {
			k := s.r.IntN(len(all))
			b := vec.NewBatch(types)
			b.N = 1
			for c := range types {
				st.table.Gather(c, all[k:k+1], b.Cols[c])
			}
			delete(s.want, rowText(b, 0, len(s.keys)))
			st.table.Delete(all[k])
			all = slices.Delete(all, k, k+1)
		}
	}
}

// checkpoint writes one of all tasks. fate says what becomes of it: 0 it is complete, 1 it is
// dropped after it was written, 2 before, 3 one task cannot write.
func (s *shelf) checkpoint(st *state.Store, id dataflow.CheckpointID, fate int) bool {
	w, err := st.Begin(id)
	if err != nil {
		s.t.Fatal(err)
	}
	for num, task := range s.tasks {
		snap := task.history.Begin()
		f := snap.Freeze(task.table)
		gather := func(refs []state.Ref, b *vec.Batch) {
			for c, v := range b.Cols {
				f.Gather(c, refs, v)
			}
		}
		if fate == 2 || fate == 3 && num == len(s.tasks)-1 {
			snap.Release()
			continue
		}
		if err := snap.Write(w.Operator("shelf", num), state.File{Name: "rows", Schema: s.schema(), From: []state.Rows{{Frozen: f, Gather: gather}}}); err != nil {
			s.t.Fatal(err)
		}
	}
	if fate > 0 {
		err = w.Abort()
	} else {
		err = w.Commit(state.Manifest{Job: "job"})
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return w.Size().Incremental()
}

// restore begins a new life of p tasks from a checkpoint.
func (s *shelf) restore(c *state.Checkpoint, p int) {
	s.open(p)
	n := len(s.keys)
	err := c.Operator("shelf").Each("rows", func(b *vec.Batch) error {
		for k := range b.Live() {
			if row := rowText(b, b.Row(k), n); s.want[row] != "" {
				s.t.Fatalf("row %s comes twice", row)
			}
		}
		b = b.Compact()
		number, text := b.Cols[n], b.Cols[len(b.Cols)-1]
		s.put(b, func(i int) (int64, string) { return number.Value(i).I, text.Value(i).S })
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// openStore opens a store that makes layers of few changes, or of many.
func (s *shelf) openStore(disk vfs.FS, dir string) *state.Store {
	st, err := state.OpenStore(disk, dir, parquet.Format{})
	if err != nil {
		s.t.Fatal(err)
	}
	st.ShareLayers([]float64{0.5, 1000}[s.r.IntN(2)])
	return st
}

// newest is the newest complete checkpoint.
func (s *shelf) newest(st *state.Store) *state.Checkpoint {
	ids, err := st.Checkpoints()
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := st.Open(ids[0])
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// live runs lives of 1, 2, 7, 1 and 3 tasks on a disk, and counts checkpoints in layers.
func (s *shelf) live(disk vfs.FS, dir string) (layers int) {
	s.open(1)
	complete, id := map[string]string{}, dataflow.CheckpointID(0)
	for _, p := range []int{1, 2, 7, 1, 3, 3} {
		st := s.openStore(disk, dir)
		if id > 0 {
			c := s.newest(st)
			if s.restore(c, p); !maps.Equal(s.want, complete) {
				s.t.Fatalf("checkpoint %d: %d rows, want %d", c.ID, len(s.want), len(complete))
			}
		}
		for range 1 + s.r.IntN(8) {
			s.change(1+s.r.IntN([]int{5, 300}[s.r.IntN(2)]), []int{20, 2000}[s.r.IntN(2)])
			id++
			fate := 0
			if id > 1 && s.r.IntN(3) == 0 {
				fate = 1 + s.r.IntN(3)
			}
			if s.checkpoint(st, id, fate) {
				layers++
			}
			if fate == 0 {
				complete = maps.Clone(s.want)
			}
		}
		if err := st.Close(); err != nil {
			s.t.Fatal(err)
		}
	}
	return layers
}

// TestLayersOverManyLives changes tables of random shapes, takes checkpoints of which some fail, and
// goes on from the newest with other numbers of tasks; the process also ends before the first full
// checkpoint of a life. What is restored is compared with a map.
func TestLayersOverManyLives(t *testing.T) {
	layers := 0
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			s := &shelf{t: t, r: rand.New(rand.NewPCG(seed, 3))}
			s.keys = [][]vec.Type{{vec.TInt64}, {vec.TString, vec.TInt64}, {vec.TInt32, vec.TString}, {}}[s.r.IntN(4)]
			s.vals = append(slices.Repeat([]vec.Type{vec.TInt64}, 1+s.r.IntN(40)), vec.TString)
			layers += s.live([]vfs.FS{vfs.OS{}, noLinks{vfs.OS{}}, vfs.NewMem()}[seed%3], t.TempDir())
		})
	}
	if layers < 8 {
		t.Errorf("%d checkpoints in layers", layers)
	}
}
