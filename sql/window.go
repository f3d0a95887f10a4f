package sql

import (
	"slices"
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

var windowKinds = map[string]plan.WindowKind{
	"tumble": plan.Tumble, "hop": plan.Hop, "cumulate": plan.Cumulate, "session": plan.Session,
}

// windowParams names the arguments of the kinds behind table and column, as Flink does.
var windowParams = map[plan.WindowKind][]string{
	plan.Tumble: {"size", "offset"}, plan.Hop: {"slide", "size", "offset"}, plan.Cumulate: {"step", "size", "offset"},
}

// windowTable binds TUMBLE(TABLE t, DESCRIPTOR(c), size) and its relatives.
func (b *binder) windowTable(kind plan.WindowKind, f *syntax.FuncCall, e *env) (*relation, error) {
	name := strings.ToUpper(f.Name[0].Name)
	params, ok := windowParams[kind]
	if !ok {
		return nil, b.unsupported(f, name)
	}
	args, err := b.windowArgs(f, append([]string{"data", "timecol"}, params...))
	if err != nil {
		return nil, err
	}
	rel, err := b.windowInput(f, args[0], e)
	if err != nil {
		return nil, err
	}
	d, ok := args[1].(*syntax.Descriptor)
	if !ok || len(d.Columns) != 1 {
		n := syntax.Node(f)
		if args[1] != nil {
			n = args[1]
		}
		return nil, b.fail(n, "the second argument of %s is DESCRIPTOR(column)", name)
	}
	ref := &syntax.ColumnRef{Span: d.Columns[0].Span, Parts: d.Columns}
	col, err := b.newExprs(e, rel, name).columnRef(ref)
	if err != nil {
		return nil, err
	}
	w, err := b.windowOver(kind, f, ref, rel.node, col.(*expr.Col), params, args[2:], e)
	if err != nil {
		return nil, err
	}
	width := rel.node.Schema().Len()
	rel.node = w
	for i, f := range w.Schema().Fields[width:] {
		rel.cols = append(rel.cols, column{name: f.Name, idx: width + i, typ: f.Type})
	}
	return rel, nil
}

// windowArgs puts positional and named arguments in the order of params; those not given are nil.
func (b *binder) windowArgs(f *syntax.FuncCall, params []string) ([]syntax.Expr, error) {
	if len(f.Args) > len(params) {
		return nil, b.fail(f.Args[len(params)], "%s takes (%s)", strings.ToUpper(f.Name[0].Name), strings.Join(params, ", "))
	}
	out := make([]syntax.Expr, len(params))
	copy(out, f.Args)
	for _, a := range f.Named {
		i := slices.Index(params, strings.ToLower(a.Name.Name))
		switch {
		case i < 0:
			return nil, b.failHint(a.Name, didYouMean(a.Name.Name, params), "%s has no argument %q", strings.ToUpper(f.Name[0].Name), a.Name.Name)
		case out[i] != nil:
			return nil, b.fail(a, "argument %q is given twice", a.Name.Name)
		}
		out[i] = a.Value
	}
	return out, nil
}

// windowInput binds the table of a window: TABLE t, or just t.
func (b *binder) windowInput(f *syntax.FuncCall, arg syntax.Expr, e *env) (*relation, error) {
	switch a := arg.(type) {
	case *syntax.TableArg:
		if len(a.PartitionBy) > 0 {
			return nil, b.fail(a.PartitionBy[0], "PARTITION BY does not go with %s", strings.ToUpper(f.Name[0].Name))
		}
		return b.tableRef(a.Table, e)
	case *syntax.ColumnRef:
		return b.tableRef(&syntax.TableName{Span: a.Span, Name: a.Parts}, e)
	case *syntax.Subquery:
		return b.tableRef(&syntax.DerivedTable{Span: a.Span, Query: a.Query}, e)
	case *syntax.Literal:
		if a.Kind == syntax.StringLit {
			return b.tableRef(&syntax.FileTable{Span: a.Span, Path: a.Text}, e)
		}
	}
	return nil, b.failHint(f, "write "+strings.ToUpper(f.Name[0].Name)+"(TABLE t, DESCRIPTOR(time), …)", "the first argument of %s is a table", strings.ToUpper(f.Name[0].Name))
}

// windowOver builds the node that assigns windows by a column. args go with params.
func (b *binder) windowOver(kind plan.WindowKind, f *syntax.FuncCall, at syntax.Node, in plan.Node, col *expr.Col, params []string, args []syntax.Expr, e *env) (*plan.Window, error) {
	if col.T.Kind != vec.Timestamp && col.T.Kind != vec.TimestampTZ {
		return nil, b.failHint(at, "cast it to TIMESTAMP in a subquery", "windows are over a TIMESTAMP, column %q is %s", col.Name, col.T)
	}
	if err := b.hasEventTime(at, in, col); err != nil {
		return nil, err
	}
	w := &plan.Window{In: in, Kind: kind, Time: col.Idx}
	for i, p := range params {
		if args[i] == nil && p == "offset" {
			continue
		}
		if args[i] == nil {
			return nil, b.fail(f, "%s needs its %s", strings.ToUpper(f.Name[0].Name), p)
		}
		us, err := b.duration(e, args[i], p)
		if err != nil {
			return nil, err
		}
		if us <= 0 && p != "offset" {
			return nil, b.fail(args[i], "%s of a window must be positive", p)
		}
		switch p {
		case "size":
			w.Size = us
		case "offset":
			w.Offset = us
		default:
			w.Slide = us
		}
	}
	if kind == plan.Cumulate && w.Size%w.Slide != 0 {
		return nil, b.fail(f, "the size of CUMULATE must be a multiple of its step")
	}
	return w, nil
}

// duration is the µs of a constant interval of fixed length.
func (b *binder) duration(e *env, arg syntax.Expr, what string) (int64, error) {
	l, err := b.fold(e, arg, what)
	if err != nil {
		return 0, err
	}
	iv, ok := l.Val.Iv, l.T.Kind == vec.IntervalK && !l.Val.Null
	if l.T.Kind == vec.String && !l.Val.Null {
		iv, ok = expr.ParseInterval(l.Val.S)
	}
	if !ok {
		return 0, b.failHint(arg, "such as INTERVAL '1' HOUR or '1 hour'", "%s of a window is an interval", what)
	}
	if iv.Months != 0 {
		return 0, b.failHint(arg, "months differ in length; use days", "%s of a window must have a fixed length", what)
	}
	const day = 24 * 3600 * 1_000_000
	return int64(iv.Days)*day + iv.Micros, nil
}

// hasEventTime refuses a window over a stream by a column that no watermark follows: such a window
// would never end.
func (b *binder) hasEventTime(at syntax.Node, in plan.Node, col *expr.Col) error {
	if !plan.Unbounded(in) || followsWatermark(in, col) {
		return nil
	}
	return b.failHint(at, "declare it in CREATE TABLE: WATERMARK FOR "+col.Name+" AS "+col.Name+" - INTERVAL '5' SECOND; or end the range of the topic, as in @start..end",
		"column %q of an unbounded table has no watermark, so its windows would never end", col.Name)
}

// followsWatermark tells whether a column is one that a watermark is derived from, or a bound of a
// window.
func followsWatermark(n plan.Node, col *expr.Col) bool {
	node, _ := source(n, col.Idx, eventTime)
	return node != nil
}

// eventTime accepts the bounds of windows and what the watermark of a scan is derived from: a column
// of the scan, or a column that is computed right over it.
func eventTime(n plan.Node, col int) bool {
	switch n := n.(type) {
	case *plan.Scan:
		return n.Watermark != nil && slices.Contains(expr.Columns(n.Watermark.Expr), n.Cols[col])
	case *plan.Project:
		s, ok := n.In.(*plan.Scan)
		return ok && s.Watermark != nil && !expr.IsConst(n.Exprs[col]) && within(s.Watermark.Expr, n.Exprs[col])
	case *plan.Window:
		return col >= n.In.Schema().Len()
	}
	return false
}

// within tells whether part is e or an operand in it.
func within(e, part expr.Expr) bool {
	found := false
	expr.Walk(e, func(x expr.Expr) bool {
		found = found || expr.Equal(x, part)
		return !found
	})
	return found
}

// source follows column col of n down through what passes it on. It is the node that is accepts,
// and the column there; nil when the column comes from none.
func source(n plan.Node, col int, is func(plan.Node, int) bool) (plan.Node, int) {
	if is(n, col) {
		return n, col
	}
	switch n := n.(type) {
	case *plan.Filter, *plan.Limit, *plan.Sort:
		return source(n.Inputs()[0], col, is)
	case *plan.Window:
		if col < n.In.Schema().Len() {
			return source(n.In, col, is)
		}
	case *plan.Project:
		return sourceOf(n.In, n.Exprs[col], is)
	case *plan.Aggregate:
		if col < len(n.Keys) && n.Window != nil {
			return sourceOf(n.In, n.Keys[col], is)
		}
	case *plan.Join:
		width := n.L.Schema().Len()
		if col < width {
			return source(n.L, col, is)
		}
		if n.Kind != plan.Mark {
			return source(n.R, col-width, is)
		}
	case *plan.Union:
		return sourceOfUnion(n, col, is)
	}
	return nil, 0
}

func sourceOf(n plan.Node, e expr.Expr, is func(plan.Node, int) bool) (plan.Node, int) {
	if c, ok := e.(*expr.Col); ok {
		return source(n, c.Idx, is)
	}
	return nil, 0
}

// sourceOfUnion is the source in the first input, when every input has one of the same column.
func sourceOfUnion(u *plan.Union, col int, is func(plan.Node, int) bool) (plan.Node, int) {
	first, at := source(u.Ins[0], col, is)
	for _, in := range u.Ins[1:] {
		n, c := source(in, col, is)
		if n == nil || first == nil || !sameWindow(n, first, c, at) {
			return nil, 0
		}
	}
	return first, at
}

// sameWindow tells whether two nodes cut time alike and column i of a is the same part of the window
// as column j of b; nodes other than windows do.
func sameWindow(a, b plan.Node, i, j int) bool {
	v, ok := a.(*plan.Window)
	w, both := b.(*plan.Window)
	if !ok || !both {
		return ok == both
	}
	return i-v.In.Schema().Len() == j-w.In.Schema().Len() && v.Kind == w.Kind && v.Size == w.Size && v.Slide == w.Slide && v.Offset == w.Offset
}

// Parts of a window: the first columns that plan.Window appends, in order.
const (
	windowStart = iota
	windowEnd
)

// windowPart finds the window that column col of n is a bound of, and which.
func windowPart(n plan.Node, col int) (*plan.Window, int) {
	node, at := source(n, col, func(n plan.Node, col int) bool {
		w, ok := n.(*plan.Window)
		return ok && col >= w.In.Schema().Len()
	})
	if w, ok := node.(*plan.Window); ok {
		return w, at - w.In.Schema().Len()
	}
	return nil, 0
}

// shortWindow is the window of GROUP BY TUMBLE(…).
type shortWindow struct {
	text       string // of the call, to find it again in the select list
	start, end column
}

// isShortWindow tells whether a grouping expression is the short form of a window.
func isShortWindow(e syntax.Expr) (*syntax.FuncCall, bool) {
	f, ok := e.(*syntax.FuncCall)
	if !ok || len(f.Name) != 1 || len(f.Args) == 0 {
		return nil, false
	}
	_, ok = windowKinds[f.Name[0].Name]
	return f, ok
}

// groupWindow appends the window of GROUP BY TUMBLE(ts, size) to the relation and gives its bounds.
func (x *exprs) groupWindow(f *syntax.FuncCall) ([]expr.Expr, error) {
	if x.win != nil {
		if x.win.text == syntax.Format(f) {
			return nil, nil
		}
		return nil, x.fail(f, "GROUP BY has two windows of time")
	}
	kind := windowKinds[f.Name[0].Name]
	params, ok := windowParams[kind]
	if !ok {
		return nil, x.unsupported(f, strings.ToUpper(f.Name[0].Name))
	}
	args, err := x.windowArgs(f, append([]string{"timecol"}, params...))
	if err != nil {
		return nil, err
	}
	if args[0] == nil {
		return nil, x.fail(f, "%s needs its timecol", strings.ToUpper(f.Name[0].Name))
	}
	ts, err := x.bind(args[0])
	if err != nil {
		return nil, err
	}
	col, ok := ts.(*expr.Col)
	if !ok || col.Idx >= outerBase {
		return nil, x.fail(args[0], "the first argument of %s is a column", strings.ToUpper(f.Name[0].Name))
	}
	w, err := x.windowOver(kind, f, args[0], x.rel.node, col, params, args[1:], x.env)
	if err != nil {
		return nil, err
	}
	width := x.rel.node.Schema().Len()
	x.rel.node = w
	var cols []column
	for i, f := range w.Schema().Fields[width:] {
		cols = append(cols, column{name: f.Name, idx: width + i, typ: f.Type, hidden: true, weak: true})
	}
	x.rel.cols = append(x.rel.cols, cols...)
	x.win = &shortWindow{text: syntax.Format(f), start: cols[windowStart], end: cols[windowEnd]}
	return []expr.Expr{x.win.start.expr(), x.win.end.expr()}, nil
}

// windowCall binds what refers to the window of GROUP BY: tumble_start(), tumble_end(), and the call
// itself, which is its start; nil for other functions.
func (x *exprs) windowCall(f *syntax.FuncCall, name string) (expr.Expr, error) {
	prefix, part, _ := strings.Cut(name, "_")
	_, isKind := windowKinds[prefix]
	if !isKind && prefix != "window" || part != "" && part != "start" && part != "end" || name == "window" {
		return nil, nil
	}
	if x.win == nil || part == "" && syntax.Format(f) != x.win.text {
		hint := "GROUP BY TUMBLE(ts, '1 minute'), or FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE)"
		return nil, x.failHint(f, hint, "%s needs a window of time in GROUP BY", name)
	}
	if part == "end" {
		return x.win.end.expr(), nil
	}
	return x.win.start.expr(), nil
}
