// Package optest runs an operator through what the engine may do to it and compares the answers.
//
//	optest.Run(t, optest.Test{New: newOp, Steps: steps, Want: rows})
//
// Every run feeds the same rows and watermarks, differently each time: in batches of 1, 3 and 1,024
// rows; with dead rows between the live ones; with columns as dictionaries; with the memory of a
// batch overwritten as soon as Process returns; with a budget that grants the minimum only; and, for
// operators with state, with a snapshot restored into a new instance between batches, while the
// old instance goes on and changes what it has.
//
// Invariants checked: the answer (as a multiset; changes are summed up) is always Want, the rows of
// the side output "late" are always Late, and the budget is given back in full.
package optest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

// Step is rows for an input, or a watermark when Batch is nil.
type Step struct {
	In        int
	Batch     *vec.Batch
	Watermark dataflow.Time
}

// Test says what to run and what must come out.
type Test struct {
	New    func() (dataflow.Operator, error)
	Steps  []Step
	Inputs int // default 1
	// Want is the rows that must come out, as RowText writes them, in any order; of a changelog, what
	// is left of it.
	Want []string
	// Late is how many rows go to the side output "late".
	Late int
	// Keep lets batches be cut only where Steps cut them: for operators whose output depends on it.
	Keep bool
}

// RowText is row i of b: values separated by "|".
func RowText(b *vec.Batch, i int) string {
	parts := make([]string, len(b.Cols))
	for c, v := range b.Cols {
		parts[c] = v.Value(i).Format(v.Type)
	}
	return strings.Join(parts, "|")
}

// Run runs all variants.
func Run(t *testing.T, test Test) {
	t.Helper()
	if test.Inputs == 0 {
		test.Inputs = 1
	}
	want := slices.Sorted(slices.Values(test.Want))
	for _, size := range []int{1, 3, 1024} {
		for variant := range 6 {
			r := &runner{t: t, test: test, size: size, rand: rand.New(rand.NewPCG(uint64(size), uint64(variant)))}
			r.sel, r.dict = variant%2 == 1, variant%3 == 1
			r.snap, r.poor = variant >= 2, variant >= 4
			r.name = fmt.Sprintf("batches of %d, selections %v, dictionaries %v, snapshots %v, no memory %v", size, r.sel, r.dict, r.snap, r.poor)
			got := r.run()
			if !slices.Equal(got, want) {
				t.Fatalf("%s:\n%s", r.name, diff(got, want))
			}
			if r.late != test.Late {
				t.Fatalf("%s: %d late rows, want %d", r.name, r.late, test.Late)
			}
		}
	}
}

// diff lists the rows on one side only.
func diff(got, want []string) string {
	count := map[string]int{}
	for _, s := range got {
		count[s]++
	}
	for _, s := range want {
		count[s]--
	}
	var out []string
	for s, n := range count {
		if n != 0 {
			out = append(out, fmt.Sprintf("%+d %s", n, s))
		}
	}
	slices.Sort(out)
	return fmt.Sprintf("%d rows, want %d\n%s", len(got), len(want), strings.Join(out[:min(len(out), 20)], "\n"))
}

type runner struct {
	t    *testing.T
	test Test
	name string
	size int
	rand *rand.Rand

	sel, dict, snap, poor bool

	op   dataflow.Operator
	res  *spill.Reservation
	pool *spill.Pool
	kept []*vec.Batch
	late int
	mute bool // an instance that was replaced
}

func (r *runner) check(err error) {
	if err != nil {
		r.t.Helper()
		r.t.Fatalf("%s: %v", r.name, err)
	}
}

// Emit collects rows.
func (r *runner) Emit(b *vec.Batch) error {
	if r.mute {
		return nil
	}
	if b.Live() == 0 || b.N > 2*vec.MaxRows {
		r.t.Fatalf("%s: a batch of %d rows", r.name, b.N)
	}
	r.kept = append(r.kept, b.Compact()) // as an exchange does: it shares dictionaries, nothing else
	return nil
}

// sum adds up what came out.
func (r *runner) sum() map[string]int {
	rows := map[string]int{}
	for _, b := range r.kept {
		for i := range b.N {
			d := 1
			if !vec.IsAdd(b.Op(i)) {
				d = -1
			}
			rows[RowText(b, i)] += d
		}
	}
	return rows
}

func (r *runner) open() {
	op, err := r.test.New()
	r.check(err)
	r.op = op
	limit := int64(0)
	if r.poor {
		limit = 1
	}
	r.pool = spill.NewPool(limit)
	r.res = r.pool.Reserve("optest")
	r.check(op.Open(&dataflow.TaskContext{
		Ctx: context.Background(), Job: "optest", Stage: "optest", P: 1, Budget: r.res, SpillDir: r.t.TempDir(),
		Side: func(string) dataflow.Output {
			return dataflow.OutputFunc(func(b *vec.Batch) error {
				if !r.mute {
					r.late += b.Live()
				}
				return nil
			})
		},
	}))
}

func (r *runner) close() {
	r.check(r.op.Close())
	if n := r.res.Held(); n != 0 {
		r.t.Fatalf("%s: %d bytes of the budget were not given back", r.name, n)
	}
}

func (r *runner) run() []string {
	r.open()
	for _, s := range r.test.Steps {
		if s.Batch == nil {
			_, err := r.op.Advance(s.Watermark, r)
			r.check(err)
		} else {
			r.feed(s)
		}
		r.maybeRestore()
	}
	_, err := r.op.Advance(dataflow.MaxTime, r)
	r.check(err)
	for in := range r.test.Inputs {
		r.check(r.op.EndInput(in, r))
	}
	r.close()
	var out []string
	for s, n := range r.sum() {
		if n < 0 {
			r.t.Fatalf("%s: row %s was taken back %d times too often", r.name, s, -n)
		}
		for range n {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

func (r *runner) feed(s Step) {
	size := r.size
	if r.test.Keep {
		size = s.Batch.N
	}
	for at := 0; at < s.Batch.N; at += size {
		b := r.shape(s.Batch, at, min(size, s.Batch.N-at))
		r.check(r.op.Process(s.In, b, r))
		mangle(b)
		if !r.test.Keep && size > 1 {
			r.maybeRestore()
		}
	}
}

// shape copies rows of b, with dead rows between them and in other forms as the variant wants it.
func (r *runner) shape(b *vec.Batch, at, n int) *vec.Batch {
	var idx, live []int32
	for i := at; i < at+n; i++ {
		for r.sel && r.rand.IntN(3) == 0 {
			idx = append(idx, int32(r.rand.IntN(b.N)))
		}
		live = append(live, int32(len(idx)))
		idx = append(idx, int32(i))
	}
	out := &vec.Batch{N: len(idx)}
	if r.sel {
		out.Sel = live
	}
	for _, v := range b.Cols {
		o := vec.New(v.Type, 0)
		if r.dict && r.rand.IntN(2) == 0 {
			o.Append(v, b.N, nil)
			o = vec.NewDict(o, slices.Clone(idx), nil)
		} else {
			o.Gather(v, idx, false)
		}
		out.Cols = append(out.Cols, o)
	}
	if b.Ops != nil {
		for _, i := range idx {
			out.Ops = append(out.Ops, b.Ops[i])
		}
	}
	return out
}

// mangle overwrites what an operator must not have kept. Dictionaries are immutable and stay.
func mangle(b *vec.Batch) {
	for _, v := range b.Cols {
		for i := range v.I64 {
			v.I64[i] = -0x5a5a5a5a5a5a5a5a
		}
		for i := range v.I32 {
			v.I32[i] = -0x5a5a5a5a
		}
		for i := range v.F64 {
			v.F64[i] = -1e300
		}
		for i := range v.I128 {
			v.I128[i] = vec.Int128{Lo: 0x5a5a, Hi: -0x5a5a}
		}
		for i := range v.Data {
			v.Data[i] = 0x5a
		}
		clear(v.Codes)
		clear(v.Valid)
	}
	for i := range b.Ops {
		b.Ops[i] = vec.Delete
	}
}

// maybeRestore replaces the operator by a new one with its state, at random. A partial operator is
// flushed, as at a barrier.
func (r *runner) maybeRestore() {
	if !r.snap || r.rand.IntN(4) != 0 {
		return
	}
	if f, ok := r.op.(dataflow.Flusher); ok {
		r.check(f.Flush(r))
	}
	s, ok := r.op.(dataflow.Snapshotter)
	if !ok {
		return
	}
	snap, err := s.Snapshot(1)
	r.check(err)
	if snap == nil {
		return
	}
	// The old instance goes on with other rows, which must not show in the snapshot.
	r.mute = true
	for _, st := range r.test.Steps {
		if st.Batch != nil && st.Batch.Ops == nil {
			r.check(r.op.Process(st.In, st.Batch, r))
			break
		}
	}
	tables := Tables{}
	r.check(snap.Write(tables))
	r.close()
	r.mute = false
	r.open()
	r.check(r.op.(dataflow.Snapshotter).Restore(tables))
}

// Tables is a snapshot in memory.
type Tables map[string]*table

type table struct {
	schema *vec.Schema
	rows   *vec.Batch
}

// Table starts a table.
func (m Tables) Table(name string, schema *vec.Schema) (dataflow.TableWriter, error) {
	if t := m[name]; t != nil {
		if !t.schema.Equal(schema) {
			return nil, fmt.Errorf("table %s has columns %s and %s", name, t.schema, schema)
		}
		return t, nil
	}
	m[name] = &table{schema: schema, rows: vec.NewBatch(schema.Types())}
	return m[name], nil
}

func (t *table) Write(b *vec.Batch) error {
	if len(b.Cols) != t.schema.Len() {
		return fmt.Errorf("%d columns, want %s", len(b.Cols), t.schema)
	}
	for c, v := range b.Cols {
		if v.Type != t.schema.Fields[c].Type {
			return fmt.Errorf("column %s is %s", t.schema.Fields[c].Name, v.Type)
		}
	}
	t.rows.Append(b, nil)
	return nil
}

func (t *table) Close() error { return nil }

// Each reads a table in batches of up to 100 rows.
func (m Tables) Each(name string, fn func(b *vec.Batch) error) error {
	t := m[name]
	if t == nil {
		return nil
	}
	for at := 0; at < t.rows.N; at += 100 {
		idx := make([]int32, 0, 100)
		for i := at; i < min(at+100, t.rows.N); i++ {
			idx = append(idx, int32(i))
		}
		b := vec.NewBatch(t.schema.Types())
		b.Append(t.rows, idx)
		if err := fn(b); err != nil {
			return err
		}
		mangle(b)
	}
	return nil
}
