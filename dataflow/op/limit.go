package op

import (
	"errors"
	"fmt"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// limit counts rows. Where it is in one task, its count is in snapshots: it is the limit of the query.
// In several it only saves others work, and may begin anew.
type limit struct {
	dataflow.Base
	left, skip int64
	one        bool // there is one task
}

// NewLimit passes n rows (-1: all) after the first offset ones, and then asks for no more.
func NewLimit(n, offset int64) dataflow.Operator { return &limit{left: n, skip: offset} }

func (l *limit) Open(tc *dataflow.TaskContext) error {
	l.one = tc.P == 1
	return nil
}

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

// limitTable is the table of a snapshot that has a limit's counts, in one row.
const limitTable = "limit"

var limitSchema = vec.NewSchema(vec.Field{Name: "rows_left", Type: vec.TInt64}, vec.Field{Name: "rows_to_skip", Type: vec.TInt64})

// Snapshot keeps the counts.
func (l *limit) Snapshot(dataflow.CheckpointID) (dataflow.Snapshot, error) {
	if !l.one {
		return nil, nil
	}
	return limitSnapshot{l.left, l.skip}, nil
}

// Restore goes on with the counts of the only task that had some.
func (l *limit) Restore(r dataflow.SnapshotReader) error {
	if !l.one {
		return nil
	}
	return r.Each(limitTable, func(b *vec.Batch) error {
		if b.N != 1 {
			return fmt.Errorf("a limit was stored with %d counts", b.N)
		}
		l.left, l.skip = b.Cols[0].Value(0).I, b.Cols[1].Value(0).I
		return nil
	})
}

type limitSnapshot struct{ left, skip int64 }

func (s limitSnapshot) Write(w dataflow.SnapshotWriter) error {
	t, err := w.Table(limitTable, limitSchema)
	if err != nil {
		return err
	}
	b := vec.NewBatch(limitSchema.Types())
	b.AppendRow(vec.IntValue(s.left), vec.IntValue(s.skip))
	return errors.Join(t.Write(b), t.Close())
}

func (limitSnapshot) Release() {}
