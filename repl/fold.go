package repl

import (
	"encoding/binary"

	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/repl/render"
)

// fold is the result of a stream that ends, as a query over an input that ends shows it: the rows that
// are left of all changes, and not the changes.
//
//	+I -U +U … ─► rows, how often each is there ─ Close ─► those that are, in the order in which they came
//
// It holds the rows in memory until the end; rows that were taken back are let go of now and then.
type fold struct {
	out   render.Writer
	rows  *vec.Batch
	types []vec.Type
	count []int32          // of each row
	at    map[string]int32 // row by its values
	live  int              // rows whose count is not 0

	key []byte
	sel []int32
}

// foldSweep is how many rows there are at least before those that are gone are looked for.
const foldSweep = 1 << 16

func newFold(out render.Writer, types []vec.Type) *fold {
	return &fold{out: out, rows: vec.NewBatch(types), types: types, at: map[string]int32{}}
}

func (f *fold) Flush() error { return nil }

func (f *fold) Write(b *vec.Batch) error {
	f.sel = f.sel[:0]
	next := int32(f.rows.N)
	for k, n := 0, b.Live(); k < n; k++ {
		i := b.Row(k)
		f.key = appendRowKey(f.key[:0], b, i)
		row, ok := f.at[string(f.key)]
		if !ok {
			row = next + int32(len(f.sel))
			f.at[string(f.key)] = row
			f.sel, f.count = append(f.sel, int32(i)), append(f.count, 0)
		}
		was := f.count[row]
		if b.Ops == nil || vec.IsAdd(b.Ops[i]) {
			f.count[row]++
		} else {
			f.count[row]--
		}
		if was == 0 {
			f.live++
		} else if f.count[row] == 0 {
			f.live--
		}
	}
	f.append(b)
	if f.rows.N >= foldSweep && f.live < f.rows.N/2 {
		f.sweep()
	}
	return nil
}

// append keeps the rows of b in sel.
func (f *fold) append(b *vec.Batch) {
	for c, col := range f.rows.Cols {
		col.Append(b.Cols[c], 0, f.sel)
	}
	f.rows.N += len(f.sel)
}

// sweep lets go of the rows that were taken back.
func (f *fold) sweep() {
	old, count := f.rows, f.count
	f.sel = f.sel[:0]
	f.rows, f.count = vec.NewBatch(f.types), nil
	clear(f.at)
	for i, n := range count {
		if n != 0 {
			f.key = appendRowKey(f.key[:0], old, i)
			f.at[string(f.key)] = int32(len(f.sel))
			f.sel, f.count = append(f.sel, int32(i)), append(f.count, n)
		}
	}
	f.append(old)
}

// Close writes what is left: each row once, then those that are there twice again, and so on.
func (f *fold) Close() error {
	sel := make([]int32, 0, vec.MaxRows)
	for times, more := int32(1), true; more; times++ {
		more = false
		for i, n := range f.count {
			more = more || n > times
			if n >= times {
				sel = append(sel, int32(i))
			}
			if last := i == len(f.count)-1; len(sel) > 0 && (last || len(sel) == vec.MaxRows) {
				if err := f.out.Write(f.rows.WithSel(sel)); err != nil {
					return err
				}
				sel = sel[:0]
			}
		}
	}
	return f.out.Close()
}

// appendRowKey appends the values of row i, so that rows differ where a value does.
func appendRowKey(key []byte, b *vec.Batch, i int) []byte {
	for _, col := range b.Cols {
		if col.IsNull(i) {
			key = append(key, 0xff)
			continue
		}
		start := len(key)
		key = col.AppendText(append(key, 0, 0, 0, 0, 0), i)
		binary.LittleEndian.PutUint32(key[start+1:], uint32(len(key)-start-5))
	}
	return key
}

// watermarked tells whether anything that a plan reads has event time.
func watermarked(n plan.Node) bool {
	if s, ok := n.(*plan.Scan); ok {
		return s.Watermark != nil
	}
	for _, in := range n.Inputs() {
		if watermarked(in) {
			return true
		}
	}
	return false
}
