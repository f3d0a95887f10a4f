package plan

import (
	"fmt"
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// Agg is one aggregate function call.
type Agg = expr.Agg

// AggMode is which part of an aggregation a node does.
type AggMode uint8

const (
	AggLogical AggMode = iota // not decided yet
	AggSingle                 // rows in, results out
	AggPartial                // rows in, keys and states out, may emit a group more than once
	AggFinal                  // keys and states in, results out
)

var aggModes = [...]string{"Aggregate", "HashAggregate", "HashAggregate partial", "HashAggregate final"}

// Aggregate groups by Keys. Its output is the keys, then the aggregates. No keys give one row.
// The output of a partial aggregation is the keys, then the state columns of each aggregate.
// With SortedKeys the input comes ordered by the keys.
type Aggregate struct {
	In    Node
	Keys  []expr.Expr
	Names []string // of the keys
	Aggs  []Agg
	Mode  AggMode
	// Window is set when two of the keys are the bounds of a window of event time: groups are then
	// final, and dropped, when the watermark passes the window's end.
	Window *WindowKeys
	// Updating is set when groups never end (no window on an unbounded input): the output is a
	// changelog.
	Updating bool
	// Clustered is set when the splits of the scan below keep the values of key ClusterKey apart:
	// groups end with their split, in the task that reads it.
	Clustered  bool
	ClusterKey int
	// States is the schema between the partial and the final aggregation.
	States *vec.Schema
}

// WindowKeys says which keys are the bounds of a window, and how the windows are assigned.
type WindowKeys struct {
	Start, End int // positions in Keys; Start is -1 when only the end is a key
	Window     *Window
}

func (a *Aggregate) Schema() *vec.Schema {
	if a.Mode == AggPartial {
		return a.States
	}
	s := &vec.Schema{}
	for i, k := range a.Keys {
		s.Fields = append(s.Fields, vec.Field{Name: a.Names[i], Type: k.Type()})
	}
	for _, g := range a.Aggs {
		s.Fields = append(s.Fields, vec.Field{Name: g.Name, Type: g.T})
	}
	return s
}
func (a *Aggregate) Inputs() []Node { return []Node{a.In} }
func (a *Aggregate) WithInputs(in ...Node) Node {
	c := *a
	c.In = in[0]
	return &c
}
func (a *Aggregate) Describe() string {
	name := aggModes[a.Mode]
	switch {
	case a.Window != nil:
		name = strings.Replace(name, "HashAggregate", "WindowAggregate", 1)
	case a.Updating:
		name = strings.Replace(name, "HashAggregate", "UpdatingAggregate", 1)
	}
	aggs := make([]string, len(a.Aggs))
	for i, g := range a.Aggs {
		aggs[i] = g.String()
	}
	if a.Clustered {
		name += " clustered=[" + a.Names[a.ClusterKey] + "]"
	}
	window := "" // the state of another window is other state
	if a.Window != nil && a.Window.Window != nil {
		window = " window=" + a.Window.Window.spec()
	}
	return fmt.Sprintf("%s%s keys=[%s] aggs=[%s]", name, window, exprList(a.Keys, ", "), strings.Join(aggs, ", "))
}

// WindowKind is a way to assign windows.
type WindowKind uint8

const (
	Tumble WindowKind = iota
	Hop
	Cumulate
	Session
)

var windowNames = [...]string{"TUMBLE", "HOP", "CUMULATE", "SESSION"}

// Window assigns rows to windows of event time: it appends window_start, window_end (exclusive)
// and window_time (the last µs inside) to each row, once for every window that the row is in.
type Window struct {
	In     Node
	Kind   WindowKind
	Time   int   // column of In, a timestamp
	Size   int64 // µs; the gap for sessions
	Slide  int64 // µs, HOP and CUMULATE
	Offset int64 // µs
}

func (w *Window) Schema() *vec.Schema {
	in := w.In.Schema()
	t := in.Fields[w.Time].Type
	s := &vec.Schema{Fields: append([]vec.Field{}, in.Fields...)}
	for _, n := range []string{"window_start", "window_end", "window_time"} {
		s.Fields = append(s.Fields, vec.Field{Name: n, Type: t, NotNull: true})
	}
	return s
}
func (w *Window) Inputs() []Node { return []Node{w.In} }
func (w *Window) WithInputs(in ...Node) Node {
	c := *w
	c.In = in[0]
	return &c
}
func (w *Window) Describe() string { return "Window " + w.spec() }

func (w *Window) spec() string {
	s := fmt.Sprintf("%s(%s, %s", windowNames[w.Kind], w.In.Schema().Fields[w.Time].Name, micros(w.Size))
	if w.Slide != 0 {
		s += " slide " + micros(w.Slide)
	}
	return s + ")"
}

func micros(us int64) string { return vec.Interval{Micros: us}.String() }
