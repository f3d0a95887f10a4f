package op

import (
	"context"
	"errors"
	"testing"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// emitFunc is an Output.
type emitFunc func(*vec.Batch) error

func (f emitFunc) Emit(b *vec.Batch) error { return f(b) }

// A join whose one batch makes millions of pairs ends with the job.
func TestJoinProbeCancelled(t *testing.T) {
	types := []vec.Type{vec.TInt32}
	col := []expr.Expr{&expr.Col{T: vec.TInt32}}
	for name, keys := range map[string][]expr.Expr{"loop": nil, "hash": col} {
		tc := context1(t, 0)
		tab, err := NewJoinTable(JoinSpec{Probe: types, Build: types, ProbeKeys: keys, BuildKeys: keys, Budget: tc.Budget})
		if err != nil {
			t.Fatal(err)
		}
		b := vec.NewBatch(types)
		for range 2000 {
			b.AppendRow(vec.IntValue(1))
		}
		build, err := NewJoinBuild(tab)
		if err != nil {
			t.Fatal(err)
		}
		probe, err := NewJoinProbe(tab)
		if err != nil {
			t.Fatal(err)
		}
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		tc.Ctx = ctx
		out := emitFunc(func(*vec.Batch) error { cancel(why); return nil })
		for _, err := range []error{build.Process(0, b, nil), build.EndInput(0, nil), probe.Open(tc)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := probe.Process(0, b, out); !errors.Is(err, why) {
			t.Errorf("%s: got %v", name, err)
		}
		cancel(nil)
		if err := errors.Join(probe.Close(), build.Close()); err != nil {
			t.Error(err)
		}
	}
}
