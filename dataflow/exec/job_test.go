package exec

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// TestLimitStopsSources: sources stop when nobody wants more rows, also behind an exchange.
func TestLimitStopsSources(t *testing.T) {
	for _, stream := range []bool{false, true} {
		for _, p := range []int{1, 4} {
			noLeaks(t)
			f := &fakeTable{rows: 1 << 40, splits: 4, stream: stream}
			got := 0
			out := dataflow.OutputFunc(func(b *vec.Batch) error { got += b.Live(); return nil })
			root := physical(t, &plan.Limit{In: f.scan(), N: 10})
			if _, err := Run(t.Context(), root, Options{Parallelism: p, Result: out}); err != nil {
				t.Fatal(err)
			}
			if got != 10 || f.count() > 1<<20 {
				t.Errorf("stream=%t P=%d: %d rows came, %d were read", stream, p, got, f.count())
			}
		}
	}
}

// TestLimitOfSilentStream: a limit that several tasks reach together ends the job, also when none of
// them has rows any more.
func TestLimitOfSilentStream(t *testing.T) {
	noLeaks(t)
	f := &fakeTable{stream: true, rows: 100, splits: 3, next: func(n int) error {
		if n >= 6 {
			return dataflow.ErrNoRows
		}
		return nil
	}}
	n := 0
	out := dataflow.OutputFunc(func(b *vec.Batch) error { n += b.Live(); return nil })
	if _, err := Run(t.Context(), physical(t, &plan.Limit{In: f.scan(), N: 5}), Options{Parallelism: 3, Result: out}); err != nil || n != 5 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// TestResultDone: the caller's ErrDone ends a job without an error.
func TestResultDone(t *testing.T) {
	noLeaks(t)
	f := &fakeTable{rows: 1 << 40, splits: 2}
	out := dataflow.OutputFunc(func(*vec.Batch) error { return dataflow.ErrDone })
	if _, err := Run(t.Context(), physical(t, f.scan()), Options{Parallelism: 2, Result: out}); err != nil {
		t.Fatal(err)
	}
}

// TestCancel ends jobs whose tasks sleep, read, wait for a build side and wait for room.
func TestCancel(t *testing.T) {
	reason := errors.New("enough")
	endless := func() *fakeTable { return &fakeTable{rows: 1 << 40, splits: 3} }
	dry := func() *fakeTable {
		return &fakeTable{rows: 1 << 40, splits: 3, stream: true, next: func(n int) error {
			if n > 100 {
				return dataflow.ErrNoRows
			}
			return nil
		}}
	}
	key := &expr.Col{Idx: 0, Name: "n", T: vec.TInt64}
	join := func(l, r plan.Node) plan.Node {
		return &plan.Join{L: l, R: r, Kind: plan.Left, Keys: []plan.EquiKey{{L: key, R: key}}}
	}
	group := func(in plan.Node) plan.Node {
		return &plan.Aggregate{In: in, Keys: []expr.Expr{key}, Names: []string{"n"}}
	}
	for name, n := range map[string]plan.Node{
		"sleeping stream":  dry().scan(),
		"busy scan":        group(endless().scan()),
		"build side":       join(dry().scan(), endless().scan()),
		"sort":             &plan.Sort{In: endless().scan(), Keys: []vec.Order{{Col: 0}}, Limit: -1},
		"updating groups":  group(dry().scan()),
		"two-sided stream": &plan.Join{L: dry().scan(), R: dry().scan(), Kind: plan.Inner, Keys: []plan.EquiKey{{L: key, R: key}}},
	} {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			out := dataflow.OutputFunc(func(*vec.Batch) error { return nil })
			job, err := Start(ctx, physical(t, n), Options{Parallelism: 3, Result: out})
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error)
			go func() { done <- job.Wait() }()
			cancel(reason)
			if err := <-done; !errors.Is(err, reason) {
				t.Errorf("error %v, want the cause", err)
			}
		})
	}
}

// TestErrorsNameTheirPlace: an error says operator, stage, task and split, once, and keeps its cause.
func TestErrorsNameTheirPlace(t *testing.T) {
	bad := errors.New("bad row")
	broken := &fakeTable{rows: 100, splits: 4, next: func(n int) error {
		if n == 50 {
			return bad
		}
		return nil
	}}
	sink := func(fn func(*vec.Batch) error) plan.Node {
		return &plan.Sink{In: (&fakeTable{rows: 100, splits: 4}).scan(), Target: &fakeTarget{fn: fn}}
	}
	for _, c := range []struct {
		name, operator, split string
		root                  plan.Node
	}{
		{"source", "Scan", "fake#2", &plan.Sort{In: broken.scan(), Keys: []vec.Order{{Col: 0}}, Limit: -1}},
		{"sink", "Sink", "", sink(func(*vec.Batch) error { return bad })},
	} {
		t.Run(c.name, func(t *testing.T) {
			noLeaks(t)
			out := dataflow.OutputFunc(func(*vec.Batch) error { return nil })
			_, err := Run(t.Context(), physical(t, c.root), Options{Parallelism: 2, Result: out})
			var te *dataflow.TaskError
			if !errors.Is(err, bad) || !errors.As(err, &te) {
				t.Fatalf("error %v", err)
			}
			if te.Operator != c.operator || te.Split != c.split || te.Stage == "" || strings.Count(err.Error(), "bad row") != 1 {
				t.Errorf("%+v", te)
			}
		})
	}
}

// TestPanic: a bug in an operator fails the job and not the process, and tells where it is.
func TestPanic(t *testing.T) {
	noLeaks(t)
	n := &plan.Sink{In: (&fakeTable{rows: 100, splits: 4}).scan(), Target: &fakeTarget{fn: func(*vec.Batch) error { panic("boom") }}}
	_, err := Run(t.Context(), physical(t, n), Options{Parallelism: 2})
	var te *dataflow.TaskError
	if !errors.As(err, &te) {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{"internal error: boom", "fakeSink", "Sink"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	if te.Operator != "Sink" {
		t.Errorf("operator %q", te.Operator)
	}
}

// TestSingleRow: more than one row where one is wanted is an error of the query.
func TestSingleRow(t *testing.T) {
	noLeaks(t)
	n := &plan.Single{In: (&fakeTable{rows: 3, splits: 2}).scan()}
	out := dataflow.OutputFunc(func(*vec.Batch) error { return nil })
	if _, err := Run(t.Context(), physical(t, n), Options{Parallelism: 2, Result: out}); err == nil || !strings.Contains(err.Error(), "more than one row") {
		t.Errorf("error %v", err)
	}
}
