package op

import (
	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// minSweep is the number of rows from which a join looks for expired ones. After that it looks when
// it keeps twice what the last look left, so that each row is moved about once.
const minSweep = 32 << 10

// Advance drops expired rows now and then. Rows that stay are moved into new tables, which is
// cheaper than deleting the many that go.
func (j *streamJoin) Advance(wm dataflow.Time, _ dataflow.Output) (dataflow.Time, error) {
	if j.expire == nil || j.sides[0].rows.Rows()+j.sides[1].rows.Rows() < j.sweepAt {
		return wm, nil
	}
	for i := range j.sides {
		if err := j.sides[i].sweep(j.expire[i], wm, j.over); err != nil {
			return wm, err
		}
	}
	j.sweepAt = max(minSweep, 2*(j.sides[0].rows.Rows()+j.sides[1].rows.Rows()))
	return wm, nil
}

// sweep keeps the rows whose time in column col is above wm.
func (s *joinSide) sweep(col int, wm dataflow.Time, over *overdraft) error {
	rows, heads := s.rows, s.heads
	defer rows.Close()
	defer heads.Close()
	s.makeTables(over)
	b := vec.NewBatch(append(append([]vec.Type{}, s.types...), vec.TInt64))
	refs := make([]state.Ref, 0, vec.MaxRows)
	for at := state.Ref(0); at != state.NoRef; {
		refs, at = rows.Scan(at, refs[:0])
		refs = live(rows, refs, col, wm, b.Cols[col])
		if len(refs) == 0 {
			continue
		}
		b.Reset()
		b.N = len(refs)
		for c, v := range b.Cols {
			rows.Gather(c, refs, v) // the count is the first value, behind the keys
		}
		kept := &vec.Batch{Cols: b.Cols[:len(s.types)], N: b.N}
		if err := s.eval(kept); err != nil {
			return err
		}
		if err := s.store(kept, s.sel, b.Cols[len(s.types)].I64); err != nil {
			return err
		}
	}
	return nil
}

// live keeps the rows whose column col is above wm. v is scratch.
func live(t *state.Table, refs []state.Ref, col int, wm dataflow.Time, v *vec.Vec) []state.Ref {
	if len(refs) == 0 {
		return refs
	}
	t.Gather(col, refs, v)
	k := 0
	for i, r := range refs {
		if v.I64[i] > wm {
			refs[k] = r
			k++
		}
	}
	return refs[:k]
}

func (s *joinSide) makeTables(over *overdraft) {
	s.heads = state.New(s.keyT, []vec.Type{vec.TInt64}, over)
	s.rows = state.New(s.types, []vec.Type{vec.TInt64, vec.TInt64, vec.TInt64}, over)
}
