package op

import (
	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

type filter struct {
	dataflow.Base
	pred *expr.Predicate
}

// NewFilter keeps the rows for which pred is true.
func NewFilter(pred expr.Expr) (dataflow.Operator, error) {
	p, err := expr.CompilePredicate(pred)
	if err != nil {
		return nil, err
	}
	return &filter{pred: p}, nil
}

func (f *filter) Process(_ int, b *vec.Batch, out dataflow.Output) error {
	sel, err := f.pred.Select(b)
	switch {
	case err != nil:
		return err
	case sel == nil:
		return out.Emit(b)
	case len(sel) == 0:
		return nil
	}
	return out.Emit(b.WithSel(sel)) // same columns, fewer live rows: nothing is copied
}
