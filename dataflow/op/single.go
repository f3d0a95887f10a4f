package op

import (
	"errors"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// ErrManyRows means that a subquery that stands for a value returned more than one row.
var ErrManyRows = errors.New("more than one row returned by a subquery used as an expression")

type single struct {
	dataflow.Base
	row *vec.Batch
}

// NewSingle passes the only row of its input; no row becomes a row of NULLs, and a second one is
// ErrManyRows.
func NewSingle(types []vec.Type) dataflow.Operator { return &single{row: vec.NewBatch(types)} }

func (s *single) Process(_ int, b *vec.Batch, _ dataflow.Output) error {
	if s.row.N+b.Live() > 1 {
		return ErrManyRows
	}
	s.row.Append(b, nil)
	return nil
}

func (s *single) EndInput(_ int, out dataflow.Output) error {
	if s.row.N == 0 {
		for _, c := range s.row.Cols {
			c.AppendNull()
		}
		s.row.N = 1
	}
	return out.Emit(s.row)
}
