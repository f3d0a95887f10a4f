package law

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// columns is the schema of all tables: nullable numbers and text with many equal values, and an
// event time that is never null.
var columns = vec.NewSchema(
	vec.Field{Name: "k", Type: vec.TInt64}, vec.Field{Name: "g", Type: vec.TInt32}, vec.Field{Name: "v", Type: vec.TInt64},
	vec.Field{Name: "d", Type: vec.TDecimal(10, 2)}, vec.Field{Name: "s", Type: vec.TString},
	vec.Field{Name: "ts", Type: vec.TTimestamp, NotNull: true})

// timeColumn is the position of ts.
const timeColumn = 5

// second is one in event time.
const second = 1_000_000

// rows are the contents of one table, split as they are read.
type rows [][]vec.Value

// randomRows makes n rows whose event times rise by about a second each, in disorder of up to
// spread seconds.
func randomRows(r *rand.Rand, n, spread int) rows {
	words := []string{"", "a", "b", "ab", "abc", "a longer text than the others"}
	out := make(rows, n)
	some := func(v vec.Value) vec.Value {
		if r.IntN(8) == 0 {
			return vec.Value{Null: true}
		}
		return v
	}
	for i := range out {
		at := int64(1_000_000+i)*second + int64(r.IntN(2*spread*second+1)-spread*second)
		out[i] = []vec.Value{
			some(vec.IntValue(int64(r.IntN(max(20, n)) - 5))), some(vec.IntValue(int64(r.IntN(4)))), some(vec.IntValue(int64(r.IntN(2000) - 1000))),
			some(vec.IntValue(int64(r.IntN(100_000)))), some(vec.StringValue(words[r.IntN(len(words))])), vec.IntValue(at),
		}
	}
	return out
}

// table is rows as a plan.Table that the engine reads. How it is read (splits, batches, pauses)
// follows seed, and must not show in an answer.
type table struct {
	name   string
	splits []rows
	stream bool
	seed   uint64
	apart  *int               // the column whose values the splits keep apart; nil: there is none
	shared map[int64]struct{} // of that column, the values that are in two splits
	onRow  func(n int64)      // told how many rows were read, of all splits; nil: nobody
	read   atomic.Int64
}

// deal makes a table of rows in splits whose rows keep their order.
func deal(name string, all rows, splits int, seed uint64) *table {
	r := rand.New(rand.NewPCG(seed, 1))
	t := &table{name: name, splits: make([]rows, splits), seed: seed}
	for _, row := range all {
		i := r.IntN(splits)
		t.splits[i] = append(t.splits[i], row)
	}
	return t
}

// cluster makes a table of rows in splits that keep the values of a random column apart, except for
// some at their ends. NULLs are in the first.
func cluster(name string, all rows, splits int, seed uint64) *table {
	r := rand.New(rand.NewPCG(seed, 2))
	col := pick(r, []int{0, 1, 2, timeColumn})
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b []vec.Value) int {
		if a[col].Null || b[col].Null {
			return cmp.Compare(b2i(b[col].Null), b2i(a[col].Null))
		}
		return cmp.Compare(a[col].I, b[col].I)
	})
	t := &table{name: name, seed: seed, apart: &col, shared: map[int64]struct{}{}}
	at := 0
	for i := range splits {
		to := at + r.IntN(len(sorted)-at+1)
		for to < len(sorted) && sorted[to][col].Null || i == splits-1 && to < len(sorted) {
			to++
		}
		if at > 0 && to > at && !sorted[at-1][col].Null && sorted[at-1][col].I == sorted[at][col].I {
			t.shared[sorted[at][col].I] = struct{}{}
		}
		t.splits = append(t.splits, sorted[at:to])
		at = to
	}
	for _, s := range t.splits { // in a split they come in any order, or in theirs
		if r.IntN(2) == 0 {
			r.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
		}
	}
	r.Shuffle(len(t.splits), func(i, j int) { t.splits[i], t.splits[j] = t.splits[j], t.splits[i] })
	return t
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Clustered makes a table a plan.ClusteredTable.
func (t *table) Clustered(col int) bool { return t.apart != nil && *t.apart == col }

func (t *table) Name() string        { return t.name }
func (t *table) Schema() *vec.Schema { return columns }
func (t *table) Unbounded() bool     { return t.stream }
func (t *table) Stats() plan.Stats {
	st := plan.Stats{Bytes: -1, Cols: make([]plan.ColStats, columns.Len())}
	for _, s := range t.splits {
		st.Rows += float64(len(s))
		for _, row := range s {
			for c, v := range row {
				if f := columns.Fields[c].Type; !v.Null && f.Phys() != vec.PhysStr {
					widen(&st.Cols[c], f, v)
				}
			}
		}
	}
	return st
}

// widen puts a value into the range of a column.
func widen(s *plan.ColStats, t vec.Type, v vec.Value) {
	if !s.HasRange || vec.CompareValues(t, v, s.Min) < 0 {
		s.Min = v
	}
	if !s.HasRange || vec.CompareValues(t, v, s.Max) > 0 {
		s.Max = v
	}
	s.HasRange = true
}

// Source reads columns scan.Cols.
func (t *table) Source(scan *plan.Scan) (dataflow.Source, error) {
	return &source{t: t, cols: scan.Cols, clustered: scan.Clustered}, nil
}

type source struct {
	t    *table
	cols []int

	clustered bool
}

func (s *source) Schema() *vec.Schema { return columns.Project(s.cols) }
func (s *source) Unbounded() bool     { return s.t.stream }
func (s *source) Splits(context.Context) (out []dataflow.Split, err error) {
	for i, rows := range s.t.splits {
		sp := dataflow.Split{ID: fmt.Sprintf("%s#%d", s.t.name, i), MinTime: dataflow.MinTime, Rows: int64(len(rows)), Data: i}
		if s.clustered {
			for v := range s.t.shared {
				sp.Shared = append(sp.Shared, vec.IntValue(v))
			}
		}
		out = append(out, sp)
	}
	return out, nil
}

func (s *source) Open(_ context.Context, sp dataflow.Split, pos []byte, wake func()) (dataflow.Reader, error) {
	i := sp.Data.(int)
	r := &reader{t: s.t, cols: s.cols, rows: s.t.splits[i], wake: wake, r: rand.New(rand.NewPCG(s.t.seed, uint64(i)))}
	r.b = vec.NewBatch(s.Schema().Types())
	if pos != nil {
		r.at = int(binary.BigEndian.Uint32(pos))
	}
	return r, nil
}

// reader gives batches of random sizes and, of a stream, sometimes none.
type reader struct {
	t    *table
	cols []int
	rows rows
	at   int
	r    *rand.Rand
	b    *vec.Batch
	wake func()
}

func (r *reader) Next() (*vec.Batch, error) {
	if r.at == len(r.rows) {
		return nil, io.EOF
	}
	if r.t.stream && r.r.IntN(5) == 0 {
		go r.wake()
		return nil, dataflow.ErrNoRows
	}
	n := 1 + r.r.IntN(8)
	if r.r.IntN(4) == 0 {
		n = 1 + r.r.IntN(vec.MaxRows)
	}
	n = min(n, len(r.rows)-r.at)
	r.b.Reset()
	for _, row := range r.rows[r.at : r.at+n] {
		for c, col := range r.cols {
			r.b.Cols[c].AppendValue(row[col])
		}
	}
	r.b.N = n
	r.at += n
	if total := r.t.read.Add(int64(n)); r.t.onRow != nil {
		r.t.onRow(total)
	}
	return r.b, nil
}

func (r *reader) Position() []byte { return binary.BigEndian.AppendUint32(nil, uint32(r.at)) }
func (r *reader) Close() error     { return nil }
