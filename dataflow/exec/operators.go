package exec

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/op"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// SourceTable is a plan.Table that can be read. Source gives the columns scan.Cols.
type SourceTable interface {
	plan.Table
	Source(scan *plan.Scan) (dataflow.Source, error)
}

// SinkTarget is a plan.Target that can be written. NewSink is called once a task; the operator
// may be a dataflow.Committer, without which rows are visible as they come.
type SinkTarget interface {
	plan.Target
	NewSink(spec plan.SinkSpec) (dataflow.Operator, error)
}

// Decider is a SinkTarget whose own system says which checkpoint was committed last: a Kafka
// transaction commits together with the checkpoint's number.
type Decider interface {
	LastCommitted(ctx context.Context, job string) (id dataflow.CheckpointID, ok bool, err error)
}

func (j *Job) source(n *plan.Scan) (dataflow.Source, error) {
	t, ok := n.Table.(SourceTable)
	if !ok {
		return nil, fmt.Errorf("exec: table %s cannot be read", n.Table.Name())
	}
	src, err := t.Source(n)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Table.Name(), err)
	}
	return src, nil
}

// overColumns moves an expression over a table's columns to the columns that a scan produces.
func overColumns(e expr.Expr, cols []int) (expr.Expr, error) {
	at := map[int]int{}
	for i, c := range cols {
		at[c] = i
	}
	var missing string
	out := expr.MapColumns(e, func(c *expr.Col) expr.Expr {
		i, ok := at[c.Idx]
		if !ok {
			missing = c.Name
		}
		return &expr.Col{Idx: i, Name: c.Name, T: c.T}
	})
	if missing != "" {
		return nil, fmt.Errorf("column %s is not read", missing)
	}
	return out, nil
}

// operator gives the maker of a unary node's operator.
func (j *Job) operator(n plan.Node) (func(task int) (dataflow.Operator, error), error) {
	switch n := n.(type) {
	case *plan.Filter:
		return func(int) (dataflow.Operator, error) { return op.NewFilter(n.Pred) }, nil
	case *plan.Project:
		return func(int) (dataflow.Operator, error) { return op.NewProject(n.Exprs) }, nil
	case *plan.Limit:
		return func(int) (dataflow.Operator, error) { return op.NewLimit(n.N, n.Offset), nil }, nil
	case *plan.Sort:
		return func(int) (dataflow.Operator, error) {
			return op.NewTopN(n.Schema().Types(), n.Keys, n.Limit, n.Offset), nil
		}, nil
	case *plan.Single:
		return func(int) (dataflow.Operator, error) { return op.NewSingle(n.Schema().Types()), nil }, nil
	case *plan.Window:
		spec := op.WindowSpec{Kind: op.WindowKind(n.Kind), Time: n.Time, Size: n.Size, Slide: n.Slide, Offset: n.Offset}
		return func(int) (dataflow.Operator, error) { return op.NewWindowAssign(spec) }, nil
	case *plan.Aggregate:
		return j.aggregate(n)
	case *plan.Join:
		return func(int) (dataflow.Operator, error) {
			return op.NewStreamJoin(op.StreamJoinSpec{Left: n.L.Schema().Types(), Right: n.R.Schema().Types(), Keys: joinKeys(n), Residual: n.Residual, Expire: n.Expire})
		}, nil
	case *plan.Sink:
		t, ok := n.Target.(SinkTarget)
		if !ok {
			return nil, fmt.Errorf("exec: table %s cannot be written", n.Target.Name())
		}
		mode, key := plan.ModeOf(n.In)
		spec := plan.SinkSpec{Schema: n.In.Schema(), Mode: mode, Key: key}
		return func(int) (dataflow.Operator, error) { return t.NewSink(spec) }, nil
	}
	return nil, fmt.Errorf("exec: no operator for %s", n.Describe())
}

func (j *Job) aggregate(n *plan.Aggregate) (func(task int) (dataflow.Operator, error), error) {
	mode, _ := plan.ModeOf(n.In)
	spec := op.AggSpec{Keys: n.Keys, Aggs: n.Aggs, In: n.In.Schema().Types(), Changelog: mode == plan.Retract}
	if n.Clustered {
		ends := op.NewSplitEnds(spec, n.ClusterKey, j.opts.Budget("aggregation by "+strings.Join(n.Names, ", ")))
		j.shared = append(j.shared, ends)
		return func(int) (dataflow.Operator, error) { return op.NewClusteredAgg(spec, ends) }, nil
	}
	switch n.Mode {
	case plan.AggSingle:
		spec.Mode = op.AggSingle
	case plan.AggPartial:
		spec.Mode = op.AggPartial
	case plan.AggFinal:
		spec.Mode = op.AggFinal
	default:
		return nil, fmt.Errorf("exec: %s was not planned", n.Describe())
	}
	if w := n.Window; w != nil {
		spec.Window = &op.AggWindow{Start: w.Start, End: w.End}
		if w.Window != nil {
			spec.Window.Assign = &op.WindowSpec{Kind: op.WindowKind(w.Window.Kind), Time: w.Window.Time, Size: w.Window.Size, Slide: w.Window.Slide, Offset: w.Window.Offset}
		}
	}
	return func(int) (dataflow.Operator, error) {
		switch {
		case n.Updating:
			return op.NewUpdatingAgg(spec)
		case n.Window != nil:
			return op.NewWindowAgg(spec)
		}
		return op.NewHashAgg(spec)
	}, nil
}

func joinKeys(n *plan.Join) (keys [2][]expr.Expr) {
	for _, k := range n.Keys {
		keys[0] = append(keys[0], k.L)
		keys[1] = append(keys[1], k.R)
	}
	return keys
}

// joinName is a join as an error names it: by its keys.
func joinName(n *plan.Join) string {
	if len(n.Keys) == 0 {
		return "join without equal keys"
	}
	on := make([]string, len(n.Keys))
	for i, k := range n.Keys {
		on[i] = k.L.String() + " = " + k.R.String()
	}
	return "join on " + strings.Join(on, " AND ")
}

func (j *Job) joinTable(n *plan.Join) (*op.JoinTable, error) {
	keys := joinKeys(n)
	kind, ok := map[plan.JoinKind]op.JoinKind{plan.Inner: op.JoinInner, plan.Left: op.JoinLeft, plan.Semi: op.JoinSemi, plan.Anti: op.JoinAnti, plan.Mark: op.JoinMark}[n.Kind]
	if !ok {
		return nil, fmt.Errorf("exec: no operator for a %s join", n.Kind)
	}
	t, err := op.NewJoinTable(op.JoinSpec{
		Kind: kind, Probe: n.L.Schema().Types(), Build: n.R.Schema().Types(), ProbeKeys: keys[0], BuildKeys: keys[1],
		Residual: n.Residual, NullAware: n.NullAware,
		Budget: j.opts.Budget(joinName(n)),
	})
	if err != nil {
		return nil, err
	}
	j.shared = append(j.shared, t)
	return t, nil
}

// valuesSource reads literal rows.
type valuesSource struct{ n *plan.Values }

func (v *valuesSource) Schema() *vec.Schema { return v.n.Out }
func (v *valuesSource) Unbounded() bool     { return false }
func (v *valuesSource) Splits(context.Context) ([]dataflow.Split, error) {
	return []dataflow.Split{{ID: "values", MinTime: dataflow.MinTime, Rows: int64(len(v.n.Rows))}}, nil
}
func (v *valuesSource) Open(context.Context, dataflow.Split, []byte, func()) (dataflow.Reader, error) {
	return &valuesReader{n: v.n, b: vec.NewBatch(v.n.Out.Types())}, nil
}

type valuesReader struct {
	n  *plan.Values
	b  *vec.Batch
	at int
}

func (r *valuesReader) Next() (*vec.Batch, error) {
	if r.at == len(r.n.Rows) {
		return nil, io.EOF
	}
	r.b.Reset()
	for r.at < len(r.n.Rows) && r.b.N < vec.MaxRows {
		r.b.AppendRow(r.n.Rows[r.at]...)
		r.at++
	}
	return r.b, nil
}
func (r *valuesReader) Position() []byte { return nil }
func (r *valuesReader) Close() error     { return nil }

// runsSource reads the merged runs of a sort.
type runsSource struct {
	runs   *op.SortedRuns
	schema *vec.Schema
}

func (s *runsSource) Schema() *vec.Schema { return s.schema }
func (s *runsSource) Unbounded() bool     { return false }
func (s *runsSource) Splits(context.Context) ([]dataflow.Split, error) {
	return []dataflow.Split{{ID: "runs", MinTime: dataflow.MinTime, Rows: -1}}, nil
}
func (s *runsSource) Open(ctx context.Context, _ dataflow.Split, _ []byte, _ func()) (dataflow.Reader, error) {
	return s.runs.Merge(ctx)
}
