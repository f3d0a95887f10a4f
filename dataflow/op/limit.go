package op

import (
	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

type limit struct {
	dataflow.Base
	left, skip int64
}

// NewLimit passes n rows (-1: all) after the first offset ones, and then asks for no more.
func NewLimit(n, offset int64) dataflow.Operator { return &limit{left: n, skip: offset} }

func (l *limit) Process(_ int, b *vec.Batch, out dataflow.Output) error {
	if l.left == 0 {
		return dataflow.ErrDone
	}
	n := int64(b.Live())
	if n <= l.skip {
		l.skip -= n
		return nil
	}
	from, to := l.skip, n
	l.skip = 0
	if l.left >= 0 {
		to = min(to, from+l.left)
		l.left -= to - from
	}
	if from > 0 || to < n {
		sel := make([]int32, 0, to-from)
		for k := from; k < to; k++ {
			sel = append(sel, int32(b.Row(int(k))))
		}
		b = b.WithSel(sel)
	}
	if err := out.Emit(b); err != nil {
		return err
	}
	if l.left == 0 {
		return dataflow.ErrDone
	}
	return nil
}
