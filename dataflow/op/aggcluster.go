package op

import (
	"errors"
	"slices"
	"sync"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

// SplitEnds is what the tasks of a clustered aggregation share: the groups whose key other splits may
// have too. There are few, those at the two ends of a split's range of keys.
type SplitEnds struct {
	key    int     // the key by which splits are clustered
	spec   AggSpec // of the aggregation that merges states
	budget dataflow.Budget

	mu   sync.Mutex
	agg  *hashAgg // nil: no task has begun
	left int      // tasks that have not ended
}

// NewSplitEnds is shared by the operators that NewClusteredAgg makes for the same spec. key is the one
// of spec.Keys by which the splits are clustered; it is stored as an int32 or int64.
func NewSplitEnds(spec AggSpec, key int, b dataflow.Budget) *SplitEnds {
	spec.Mode = AggFinal
	return &SplitEnds{key: key, spec: spec, budget: b}
}

// begin is called by each task.
func (e *SplitEnds) begin(tc *dataflow.TaskContext) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.agg != nil {
		return nil
	}
	op, err := NewHashAgg(e.spec)
	if err != nil {
		return err
	}
	e.agg, e.left = op.(*hashAgg), tc.P
	shared := *tc
	shared.Budget = e.budget
	return e.agg.Open(&shared)
}

// Emit takes keys and states of shared groups, from any task.
func (e *SplitEnds) Emit(b *vec.Batch) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.agg.Process(0, b, nil)
}

// end is called by each task that has read its splits to the end; the last one emits the groups.
func (e *SplitEnds) end(out dataflow.Output) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.left--; e.left > 0 {
		return nil
	}
	return e.agg.EndInput(0, out)
}

// Close frees memory and files when no task works any more.
func (e *SplitEnds) Close() error {
	if e.agg == nil {
		return nil
	}
	return e.agg.Close()
}

// clusteredAgg groups rows whose key of number ends.key is in one split alone, except for the values
// that the split names as shared. Its table lives for a split: when the split ends its groups are
// final. Groups of shared values go to ends.
type clusteredAgg struct {
	*hashAgg
	ends   *SplitEnds
	half   bool     // rows of a split came, and not its end
	aside  *emitter // to ends
	shared []int64  // of the split that ends
	keep   []int32
	refs   []state.Ref // to set aside
	starts []int32     // of runs of equal keys
}

// NewClusteredAgg is an aggregation in one phase and without an exchange, behind a source whose splits
// keep the values of a key apart. spec has no DISTINCT aggregates, and its input takes no rows back.
func NewClusteredAgg(spec AggSpec, ends *SplitEnds) (dataflow.Operator, error) {
	h, err := NewHashAgg(spec)
	if err != nil {
		return nil, err
	}
	return &clusteredAgg{hashAgg: h.(*hashAgg), ends: ends}, nil
}

func (c *clusteredAgg) Open(tc *dataflow.TaskContext) error {
	if err := c.hashAgg.Open(tc); err != nil {
		return err
	}
	c.aside = newEmitter(c.p, c.p.keyTypes)
	c.aside.states, c.aside.out = true, vec.NewBatch(append(slices.Clone(c.p.keyTypes), c.p.outTypes(true)...))
	c.emit.before = c.setAside
	c.keep = make([]int32, 0, vec.MaxRows) // never nil, which would select all
	return c.ends.begin(tc)
}

// Process looks a key up once for all rows that follow each other with it.
func (c *clusteredAgg) Process(_ int, b *vec.Batch, _ dataflow.Output) error {
	c.half = true
	if err := c.p.eval(b); err != nil {
		return err
	}
	c.starts = runStarts(c.p.keyVecs, b, c.starts[:0])
	if len(c.starts) > b.Live()/2 {
		return c.add(b)
	}
	return c.afford(func() error {
		groups, _, err := c.g.find(b.N, c.starts)
		if err != nil {
			return err
		}
		c.runs.refs = room(c.runs.refs, b.Live())
		spreadRuns(c.starts, groups, b, c.runs.refs)
		return c.g.accumulate(b, b.Sel, c.runs.refs)
	})
}

// EndSplit emits the groups of the split, except for those that others may have.
func (c *clusteredAgg) EndSplit(s dataflow.Split, out dataflow.Output) error {
	c.shared = c.shared[:0]
	for _, v := range s.Shared {
		c.shared = append(c.shared, v.I)
	}
	groups := c.g.t.Rows()
	sp := c.sp
	c.sp = nil
	if err := c.finish(c.g, sp, out); err != nil {
		return err
	}
	c.half = false
	if err := c.g.reserve(groups); !errors.Is(err, spill.ErrOverBudget) { // the next will have as many
		return err
	}
	return nil
}

// setAside gives groups of shared keys, among refs that are about to be emitted in b, to ends, and
// takes them out of b.
func (c *clusteredAgg) setAside(g *groups, refs []state.Ref, b *vec.Batch) error {
	if len(c.shared) == 0 {
		return nil
	}
	c.keep, c.refs = c.keep[:0], c.refs[:0]
	key := b.Cols[c.ends.key]
	for k, r := range refs {
		x := int64(0)
		if key.Type.Phys() == vec.PhysI32 {
			x = int64(key.I32[k])
		} else {
			x = key.I64[k]
		}
		if slices.Contains(c.shared, x) {
			c.refs = append(c.refs, r)
		} else {
			c.keep = append(c.keep, int32(k))
		}
	}
	if len(c.refs) == 0 {
		return nil
	}
	b.Sel = c.keep
	return c.aside.rows(g, c.refs, func(col int, dst *vec.Vec) { g.t.Gather(col, c.refs, dst) }, c.ends)
}

// EndInput has the last task emit the groups of shared keys. A task that stops in a split, because
// nobody wants more rows, has not all of theirs: then nobody emits them.
func (c *clusteredAgg) EndInput(_ int, out dataflow.Output) error {
	if c.half {
		return nil
	}
	return c.ends.end(out)
}
