package op

import (
	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

type project struct {
	dataflow.Base
	exprs []*expr.Evaluator
	out   vec.Batch
}

// NewProject computes one column for each expression.
func NewProject(exprs []expr.Expr) (dataflow.Operator, error) {
	evs, err := expr.CompileAll(exprs)
	if err != nil {
		return nil, err
	}
	return &project{exprs: evs, out: vec.Batch{Cols: make([]*vec.Vec, len(evs))}}, nil
}

func (p *project) Process(_ int, b *vec.Batch, out dataflow.Output) error {
	for i, e := range p.exprs {
		v, err := e.Eval(b)
		if err != nil {
			return err
		}
		p.out.Cols[i] = v
	}
	p.out.N, p.out.Sel, p.out.Ops = b.N, b.Sel, b.Ops
	return out.Emit(&p.out)
}
