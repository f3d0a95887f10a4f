package exec

import (
	"context"
	"errors"
	"fmt"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/state"
)

// Dumper is an Operator that can emit what its state stands for. Operators whose state comes out
// at the end of input, such as open windows, need not be one.
type Dumper interface {
	// Dump emits the rows. It is called once, after Restore, by a job that only reads state.
	Dump(out dataflow.Output) error
}

// ErrNoView tells that a query's state does not stand for rows of its result.
var ErrNoView = errors.New("the state of this query is no result")

// StartView builds a job that reads a query's state as of a checkpoint: the query's operators get
// their state and then the end of their input, so that open windows come out with what is in them
// now and updating groups with their present values. Nothing is read from streams and nothing is
// written. root is the plan that made the checkpoint; its sink is left out.
func StartView(ctx context.Context, root plan.Node, from *state.Checkpoint, opts Options) (*Job, error) {
	if s, ok := root.(*plan.Sink); ok {
		root = s.In
	}
	if err := viewable(root); err != nil {
		return nil, err
	}
	opts.Store, opts.view = nil, from
	return Start(ctx, root, opts)
}

// viewable refuses plans with state that holds past input instead of results.
func viewable(root plan.Node) (err error) {
	plan.Transform(root, func(n plan.Node) plan.Node {
		if j, ok := n.(*plan.Join); ok && j.Method == plan.StreamJoin {
			err = fmt.Errorf("%w: a join of two streams keeps rows of its inputs; SELECT * FROM savepoint('DIR', 'OPERATOR') shows them", ErrNoView)
		}
		return n
	})
	return err
}

// loadView takes the state of the checkpoint and ends the streams that it has positions of.
func (c *coordinator) loadView(cp *state.Checkpoint) error {
	c.from = cp
	have := map[string]bool{}
	for _, s := range cp.Sources {
		have[s.ID] = true
	}
	for _, s := range c.job.stages {
		if s.source != nil && (s.source.unbounded || have[s.source.id]) {
			s.source.splits, s.source.src = nil, emptySource{s.source.src}
		}
	}
	return nil
}

// dump has the operators of a task emit their state.
func (c *coordinator) dump(t *task) error {
	if c.job.opts.view == nil {
		return nil
	}
	for _, l := range t.chain.links {
		if d, ok := l.op.(Dumper); ok {
			if err := d.Dump(l.out); err != nil {
				return l.blame(err)
			}
		}
	}
	return nil
}

// Operators lists the ids under which a plan's operators keep state in checkpoints, and the plan's
// words for them, inputs first.
func Operators(root plan.Node) (ids, names []string) {
	b := &builder{ids: map[string]int{}}
	var walk func(n plan.Node)
	walk = func(n plan.Node) {
		for _, in := range n.Inputs() {
			walk(in)
		}
		if keepsState(n) {
			ids, names = append(ids, b.id(n)), append(names, n.Describe())
		}
	}
	walk(root)
	return ids, names
}

func keepsState(n plan.Node) bool {
	if !plan.Unbounded(n) {
		return false
	}
	switch n := n.(type) {
	case *plan.Aggregate:
		return n.Mode != plan.AggPartial || n.Window != nil // which keeps its watermark
	case *plan.Join:
		return n.Method == plan.StreamJoin
	}
	return false
}
