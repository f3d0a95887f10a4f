package exec

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/op"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// stage is a part of the plan between exchanges. It runs as p tasks of the same chain.
type stage struct {
	name    string
	p       int
	source  *sourceStage // nil: fed by exchanges
	edges   []*edge      // into this stage
	inputs  int          // inputs of the first operator
	ops     []opSpec     // the chain, first to last
	out     *edge        // nil: the result, or nothing
	result  bool         // rows go to the job's caller
	sink    bool         // the chain ends in the sink of the job
	waitFor []*shared
	pools   []*batchPool // by channel of the inbox: where its batches go back to
	builds  *shared      // what this stage builds, instead of an output
	feeds   bool         // its rows end in what a stage builds
	forgets bool         // it takes no checkpoint before it is done
	tasks   []*task
}

// opSpec makes one operator of a chain for each task.
type opSpec struct {
	id    string
	name  string
	make  func(task int) (dataflow.Operator, error)
	node  plan.Node
	sides []string

	forgets bool // its state is in no snapshot
}

// edge connects two stages.
type edge struct {
	from, to *stage
	input    int
	kind     plan.ExchangeKind
	keys     []int
	types    []vec.Type
	first    int // channel of the first sender in the receivers' inboxes
}

// shared is a structure that one stage builds and another reads when it is complete: the table of
// a hash join, the runs of a sort.
type shared struct {
	built chan struct{}
	left  sync.WaitGroup
}

// builder cuts a physical plan into stages.
type builder struct {
	job    *Job
	stages []*stage
	ids    map[string]int
	keys   map[int]keysOf // runtime filters by number
}

// add appends a stage; stages are in an order in which producers come first.
func (b *builder) add(name string, p int) *stage {
	s := &stage{name: fmt.Sprintf("%s-%d", name, len(b.stages)), p: p, inputs: 1}
	b.stages = append(b.stages, s)
	return s
}

// id names an operator by the meaning of its sub-plan, so that its state is found again by a job
// whose other parts changed.
func (b *builder) id(n plan.Node) string {
	text := plan.Explain(n, nil)
	sum := sha256.Sum256([]byte(text))
	word, _, _ := strings.Cut(n.Describe(), " ")
	id := strings.ToLower(word) + "-" + hex.EncodeToString(sum[:6])
	b.ids[id]++
	if k := b.ids[id]; k > 1 {
		id = fmt.Sprintf("%s-%d", id, k)
	}
	return id
}

// stageFor returns the stage whose chain ends with the rows of n.
func (b *builder) stageFor(n plan.Node) (*stage, error) {
	switch n := n.(type) {
	case *plan.Scan:
		return b.scan(n)
	case *plan.Values:
		s := b.add("Values", 1)
		s.source = &sourceStage{src: &valuesSource{n}, queue: true, id: b.id(n)}
		return s, s.source.list(b.job.ctx)
	case *plan.Exchange:
		s := b.add("Exchange", b.parallelism(n.Kind))
		return s, b.connect(n, s, 0)
	case *plan.Union:
		s := b.add("Union", b.job.opts.Parallelism)
		for _, in := range n.Ins {
			if err := b.connect(in, s, 0); err != nil {
				return nil, err
			}
		}
		return s, nil
	case *plan.Sort:
		if n.Limit < 0 {
			return b.sort(n)
		}
	case *plan.Join:
		return b.join(n)
	}
	in, err := b.stageFor(n.Inputs()[0])
	if err != nil {
		return nil, err
	}
	return in, b.push(in, n)
}

func (b *builder) parallelism(k plan.ExchangeKind) int {
	if k == plan.Gather || k == plan.Merge {
		return 1
	}
	return b.job.opts.Parallelism
}

// push appends the operator of a unary node to a stage's chain.
func (b *builder) push(s *stage, n plan.Node) error {
	mk, err := b.job.operator(n)
	if err != nil {
		return err
	}
	word, _, _ := strings.Cut(n.Describe(), " ")
	spec := opSpec{id: b.id(n), name: word, make: mk, node: n, forgets: forgets(n)}
	switch n := n.(type) {
	case *plan.Window: // rows without an event time
		spec.sides = []string{"late"}
	case *plan.Aggregate:
		if n.Window != nil && n.Mode != plan.AggFinal {
			spec.sides = []string{"late"}
		}
	}
	s.ops = append(s.ops, spec)
	s.forgets = s.forgets || spec.forgets
	return nil
}

// forgets tells whether the operator of n has state that is in no snapshot: what needs the whole of an
// input that ends is computed anew after a crash, and takes no checkpoint before it is done.
func forgets(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Aggregate: // a partial one flushes at barriers
		return n.Mode != plan.AggPartial && n.Window == nil && !n.Updating
	case *plan.Sort, *plan.Single:
		return true
	case *plan.Limit:
		return !plan.Unbounded(n.In)
	}
	return false
}

// connect makes n the producer of input in of stage to.
func (b *builder) connect(n plan.Node, to *stage, in int) error {
	kind, keys := plan.Rebalance, []int(nil)
	if x, ok := n.(*plan.Exchange); ok {
		kind, keys, n = x.Kind, x.Keys, x.In
	}
	from, err := b.stageFor(n)
	if err != nil {
		return err
	}
	e := &edge{from: from, to: to, input: in, kind: kind, keys: keys, types: n.Schema().Types()}
	from.out = e
	to.edges = append(to.edges, e)
	to.inputs = max(to.inputs, in+1)
	b.sink(to)
	return nil
}

// sink moves a stage behind the producers that were added after it.
func (b *builder) sink(s *stage) {
	for i, x := range b.stages {
		if x == s {
			b.stages = append(append(b.stages[:i:i], b.stages[i+1:]...), s)
			return
		}
	}
}

func (b *builder) scan(n *plan.Scan) (*stage, error) {
	src, err := b.job.source(n)
	if err != nil {
		return nil, err
	}
	if got, want := src.Schema(), n.Schema(); !got.Equal(want) {
		return nil, fmt.Errorf("exec: source of %s gives %s, the plan wants %s", n.Table.Name(), got, want)
	}
	ss := &sourceStage{src: src, unbounded: src.Unbounded(), queue: !src.Unbounded(), id: b.id(n), table: n.Table.Name()}
	if q, ok := src.(dataflow.OrderedSource); ok && q.Ordered() {
		ss.queue = true
	}
	if n.Watermark != nil {
		w := *n.Watermark
		if w.Expr, err = overColumns(w.Expr, n.Cols); err != nil {
			return nil, fmt.Errorf("watermark of %s: %w", n.Table.Name(), err)
		}
		ss.watermark = &w
		ss.idleAfter.Store(w.Idle)
	}
	builds, err := b.filterKeys(n, src)
	if err != nil {
		return nil, err
	}
	if err := ss.list(b.job.ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", n.Table.Name(), err)
	}
	b.job.scans[n] = ss
	p := max(1, min(b.job.opts.Parallelism, len(ss.splits)))
	if n.InOrder {
		p = 1
	}
	s := b.add("Scan "+n.Table.Name(), p)
	s.source, s.waitFor = ss, builds
	return s, nil
}

// sort makes two stages: one whose tasks sort runs, and one that merges them.
func (b *builder) sort(n *plan.Sort) (*stage, error) {
	up, err := b.stageFor(n.In)
	if err != nil {
		return nil, err
	}
	types := n.Schema().Types()
	runs := op.NewSortedRuns(types, n.Keys)
	sh := b.builtBy(up)
	up.ops = append(up.ops, opSpec{id: b.id(n), name: "Sort", node: n,
		make: func(int) (dataflow.Operator, error) { return op.NewSort(runs), nil }})
	s := b.add("Merge", 1)
	s.source = &sourceStage{src: &runsSource{runs: runs, schema: n.Schema()}, queue: true, id: b.id(n)}
	s.waitFor, s.forgets = append(s.waitFor, sh), true
	return s, s.source.list(b.job.ctx)
}

// builtBy makes a stage end in a shared structure.
func (b *builder) builtBy(s *stage) *shared {
	sh := &shared{built: make(chan struct{})}
	s.builds = sh
	return sh
}

func (b *builder) join(n *plan.Join) (*stage, error) {
	if n.Method == plan.StreamJoin {
		s := b.add("StreamJoin", b.job.opts.Parallelism)
		for i, in := range n.Inputs() {
			if err := b.connect(in, s, i); err != nil {
				return nil, err
			}
		}
		return s, b.push(s, n)
	}
	right := n.R
	if x, ok := right.(*plan.Exchange); ok { // a shared table needs no exchange
		right = x.In
	}
	up, err := b.stageFor(right)
	if err != nil {
		return nil, err
	}
	table, err := b.job.joinTable(n)
	if err != nil {
		return nil, err
	}
	sh := b.builtBy(up)
	up.ops = append(up.ops, opSpec{id: b.id(n) + "-build", name: "JoinBuild",
		make: func(int) (dataflow.Operator, error) { return op.NewJoinBuild(table) }})
	b.giveKeys(n, table, sh)
	s, err := b.stageFor(n.L)
	if err != nil {
		return nil, err
	}
	s.wait(sh)
	s.ops = append(s.ops, opSpec{id: b.id(n), name: n.Method.String(), node: n,
		make: func(int) (dataflow.Operator, error) { return op.NewJoinProbe(table) }})
	return s, nil
}
