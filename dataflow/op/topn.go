package op

import (
	"slices"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// topN keeps the first rows of an order: those that are surely among them, sorted, and newer
// candidates behind them. Rows that cannot make it are dropped by one comparison with the worst.
type topN struct {
	dataflow.Base
	keys    []vec.Order
	types   []vec.Type
	keep    int // limit + offset
	offset  int
	rows    *vec.Batch // the first sorted rows are in order
	sorted  int
	scratch []int32
}

// topNSlack is how many candidates are gathered before they are sorted in.
const topNSlack = 2 * vec.MaxRows

// NewTopN emits, at the end of its input, limit rows after offset in the order of keys.
func NewTopN(types []vec.Type, keys []vec.Order, limit, offset int64) dataflow.Operator {
	return &topN{keys: keys, types: types, keep: int(limit + offset), offset: int(offset), rows: vec.NewBatch(types)}
}

func (t *topN) Process(_ int, b *vec.Batch, _ dataflow.Output) error {
	if t.keep == 0 {
		return dataflow.ErrDone
	}
	sel := b.Sel
	if t.sorted == t.keep {
		sel = t.scratch[:0]
		for k, n := 0, b.Live(); k < n; k++ {
			if i := b.Row(k); vec.Compare(t.keys, b, i, t.rows, t.sorted-1) < 0 {
				sel = append(sel, int32(i))
			}
		}
		if t.scratch = sel; len(sel) == 0 {
			return nil
		}
	}
	t.rows.Append(b, sel)
	if t.rows.N >= t.keep+topNSlack {
		t.compact()
	}
	return nil
}

// compact sorts all rows and drops those beyond the limit. Equal rows keep their order of arrival.
func (t *topN) compact() {
	idx := make([]int32, t.rows.N)
	for i := range idx {
		idx[i] = int32(i)
	}
	slices.SortStableFunc(idx, func(a, b int32) int { return vec.Compare(t.keys, t.rows, int(a), t.rows, int(b)) })
	idx = idx[:min(t.keep, len(idx))]
	next := vec.NewBatch(t.types)
	for c, v := range next.Cols {
		v.Gather(t.rows.Cols[c], idx, false)
	}
	next.N = len(idx)
	t.rows, t.sorted = next, next.N
}

func (t *topN) EndInput(_ int, out dataflow.Output) error {
	t.compact()
	for from := t.offset; from < t.rows.N; from += vec.MaxRows {
		sel := make([]int32, 0, vec.MaxRows)
		for i := from; i < min(t.rows.N, from+vec.MaxRows); i++ {
			sel = append(sel, int32(i))
		}
		if err := out.Emit(t.rows.WithSel(sel)); err != nil {
			return err
		}
	}
	return nil
}
