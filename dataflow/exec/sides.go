package exec

import (
	"fmt"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// nowhere takes rows that nobody asked for.
var nowhere = dataflow.OutputFunc(func(*vec.Batch) error { return nil })

// side builds a side output of one operator instance: a counter, and the sink when there is one.
func (j *Job) side(t *task, name string, spec opSpec) (*side, error) {
	sd := &side{name: name}
	var links []*link
	if target, ok := j.opts.Sides[name]; ok {
		schema := dataflow.SideSchema()
		if name == "late" {
			schema = LateSchema(spec.node.Inputs()[0].Schema())
		}
		o, err := target.NewSink(plan.SinkSpec{Schema: schema})
		if err != nil {
			return nil, fmt.Errorf("side output %s: %w", name, err)
		}
		links = append(links, &link{op: o, id: spec.id + "-" + name, name: name, stats: newCounters()})
	}
	sd.chain = newChain(t, links, &resultTail{out: nowhere})
	j.sides[name].all = append(j.sides[name].all, sd)
	return sd, nil
}

// LateSchema is the columns of the side output "late" of an operator with input in: the row, then
// the bounds of the window that had closed, and the reason.
func LateSchema(in *vec.Schema) *vec.Schema {
	s := &vec.Schema{Fields: append([]vec.Field{}, in.Fields...)}
	for _, n := range []string{"late_window_start", "late_window_end", "late_watermark"} {
		s.Fields = append(s.Fields, vec.Field{Name: n, Type: vec.TTimestamp})
	}
	s.Fields = append(s.Fields, vec.Field{Name: "reason", Type: vec.TString})
	return s
}

// SideRows counts the rows of a side output: "late", "bad".
func (j *Job) SideRows(name string) int64 {
	n := j.sides[name].before
	for _, s := range j.sides[name].all {
		n += s.count.Load()
	}
	return n
}

// sideRows counts the rows of one side output.
type sideRows struct {
	before int64 // in earlier runs, up to the checkpoint that this one began with
	all    []*side
}
