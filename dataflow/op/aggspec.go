package op

import (
	"fmt"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// AggMode is which part of an aggregation an operator does.
type AggMode uint8

// The parts.
const (
	AggSingle  AggMode = iota // rows in, results out
	AggPartial                // rows in, keys and states out
	AggFinal                  // keys and states in, results out
)

// AggSpec says what an aggregation computes. The output is the keys, then the results; of a partial
// aggregation the keys, then the state columns of each aggregate. In AggFinal mode the input is the
// output of a partial aggregation, column by column, and the expressions are not evaluated.
type AggSpec struct {
	Keys   []expr.Expr
	Aggs   []expr.Agg
	In     []vec.Type
	Mode   AggMode
	Window *AggWindow // NewWindowAgg only
	// Changelog tells that the input may take rows back. Without it min, max and any_value keep no
	// values to fall back to, and a retraction is an error for them.
	Changelog bool
	// Exchanged lists the keys by whose hash the input was exchanged; it decides which task restores
	// a group. nil: all keys, but those that are window bounds when Window.Assign is set.
	Exchanged []int
}

// AggWindow says which keys are the bounds of a window.
type AggWindow struct {
	Start, End int // positions in Keys; Start is -1 when only the end is a key
	// Assign is set when the input is rows before they are assigned to windows: the operator then
	// does that too. nil: the bounds are columns of the input.
	Assign *WindowSpec
}

// accKind is a way to accumulate. The comment lists the words of its state.
type accKind uint8

const (
	accCount    accKind = iota // rows
	accSumInt                  // sum, rows
	accSumWide                 // sum (2 words), rows
	accSumFloat                // sum, rows
	accSumIv                   // months and days, µs, rows
	accMoments                 // rows, mean, sum of squared differences
	accMin                     // value (1 or 2 words), whether there is one [, first of its values]
	accMax
	accAny
)

// acc is one accumulator of a group. Aggregate calls share accumulators: sum(x) and avg(x) have one.
type acc struct {
	kind     accKind
	arg      int // in aggPlan.args; -1: count(*)
	argT     vec.Type
	filter   int // in aggPlan.filters; -1: none
	distinct bool
	aux      int // table of values, -1: none
	at       int // first word in a row of the main table
	states   []vec.Type
	col      int // AggFinal: first state column of the input
}

// words is the columns of the main table that hold the accumulator.
func (a *acc) words() []vec.Type {
	n := vec.TInt64
	switch a.kind {
	case accCount:
		return []vec.Type{n}
	case accSumInt, accSumFloat:
		return []vec.Type{n, n}
	case accSumWide:
		return []vec.Type{vec.TDecimal(vec.MaxPrec, 0), n}
	case accSumIv:
		return []vec.Type{vec.TInterval, n}
	case accMoments:
		return []vec.Type{n, n, n}
	}
	if a.aux >= 0 {
		return []vec.Type{a.argT, n, n}
	}
	return []vec.Type{a.argT, n}
}

// isExtreme is true for the accumulators that cannot take a row back by themselves.
func (a *acc) isExtreme() bool { return a.kind >= accMin }

// argInput is one argument expression, evaluated once a batch for all accumulators that want it.
type argInput struct {
	ev     *expr.Evaluator
	filter int
	vec    *vec.Vec
}

// aggPlan is a compiled AggSpec. It owns scratch memory and belongs to one operator; its groups
// may be many.
type aggPlan struct {
	spec     AggSpec
	keyTypes []vec.Type
	keys     []*expr.Evaluator
	keyVecs  []*vec.Vec
	args     []argInput
	filters  []*expr.Predicate
	accs     []acc
	of       []int // by aggregate: its accumulator
	rowCount int   // accumulator that counts the rows of a group; -1: none
	vals     []vec.Type
	aux      []auxSpec
	seen     map[string]int
	s        scratch
	history  state.History
}

// auxSpec is a table of the values of an accumulator by group: for DISTINCT, and for extremes over
// a changelog.
type auxSpec struct {
	acc   int
	value vec.Type
}

// compileAgg prepares spec. countRows adds an accumulator that counts the rows of each group.
func compileAgg(spec AggSpec, countRows bool) (*aggPlan, error) {
	p := &aggPlan{spec: spec, rowCount: -1, seen: map[string]int{}}
	for _, k := range spec.Keys {
		p.keyTypes = append(p.keyTypes, k.Type())
	}
	p.keyVecs = make([]*vec.Vec, len(spec.Keys))
	if spec.Mode != AggFinal {
		var err error
		if p.keys, err = expr.CompileAll(spec.Keys); err != nil {
			return nil, err
		}
	}
	col := len(spec.Keys)
	for _, a := range spec.Aggs {
		i, err := p.addAgg(a, col)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a, err)
		}
		p.of = append(p.of, i)
		col += len(a.StateTypes())
	}
	if countRows {
		i, err := p.addAgg(expr.Agg{Fn: "count", T: vec.TInt64}, -1)
		if err != nil {
			return nil, err
		}
		p.rowCount = i
	}
	var first []int
	for i := range p.accs {
		first = append(first, len(p.vals))
		p.vals = append(p.vals, p.accs[i].words()...)
	}
	layout := state.New(p.keyTypes, p.vals, nil)
	for i := range p.accs {
		p.accs[i].at = layout.ValAt(first[i])
	}
	return p, nil
}

// kindOf finds the accumulator of a call.
func kindOf(a expr.Agg) (accKind, error) {
	var t vec.Type
	if len(a.Args) > 0 {
		t = a.Args[0].Type()
	}
	switch a.Fn {
	case "count":
		return accCount, nil
	case "sum", "avg":
		switch {
		case t.IsFloat():
			return accSumFloat, nil
		case t.Kind == vec.IntervalK:
			return accSumIv, nil
		case t.Kind == vec.Decimal || a.Fn == "avg":
			return accSumWide, nil
		}
		return accSumInt, nil
	case "min", "bool_and":
		return accMin, nil
	case "max", "bool_or":
		return accMax, nil
	case "any_value":
		return accAny, nil
	case "var_samp", "var_pop", "stddev_samp", "stddev_pop":
		return accMoments, nil
	}
	return 0, fmt.Errorf("op: no accumulator for %s", a.Fn)
}

// addAgg returns the accumulator of a call, a new one unless another call has the same.
func (p *aggPlan) addAgg(a expr.Agg, col int) (int, error) {
	kind, err := kindOf(a)
	if err != nil {
		return 0, err
	}
	if a.Distinct && p.spec.Mode != AggSingle {
		return 0, fmt.Errorf("op: DISTINCT cannot be split into a partial and a final part")
	}
	id := fmt.Sprintf("%d %v %s|", kind, a.Distinct, exprID(a.Filter))
	for _, e := range a.Args {
		id += exprID(e)
	}
	if i, ok := p.seen[id]; ok {
		return i, nil
	}
	c := acc{kind: kind, arg: -1, filter: -1, aux: -1, distinct: a.Distinct, states: a.StateTypes(), col: col}
	if len(a.Args) > 0 {
		c.argT = a.Args[0].Type()
	}
	if p.spec.Mode != AggFinal {
		if err := p.addInputs(&c, a); err != nil {
			return 0, err
		}
	}
	if c.distinct || c.isExtreme() && p.spec.Changelog {
		c.aux = len(p.aux)
		p.aux = append(p.aux, auxSpec{acc: len(p.accs), value: c.argT})
	}
	p.accs = append(p.accs, c)
	p.seen[id] = len(p.accs) - 1
	return len(p.accs) - 1, nil
}

// exprID is text that only equal expressions share. Columns go by number, since two may have the
// same name.
func exprID(e expr.Expr) string {
	if e == nil {
		return ""
	}
	byNumber := expr.MapColumns(e, func(c *expr.Col) expr.Expr {
		return &expr.Col{Idx: c.Idx, Name: fmt.Sprintf("#%d:%s", c.Idx, c.T), T: c.T}
	})
	return byNumber.String() + " " + e.Type().String()
}

func (p *aggPlan) addInputs(c *acc, a expr.Agg) error {
	if a.Filter != nil {
		id := "filter " + exprID(a.Filter)
		i, ok := p.seen[id]
		if !ok {
			pred, err := expr.CompilePredicate(a.Filter)
			if err != nil {
				return err
			}
			i = len(p.filters)
			p.filters = append(p.filters, pred)
			p.seen[id] = i
		}
		c.filter = i
	}
	if len(a.Args) == 0 {
		return nil
	}
	id := fmt.Sprintf("arg %d %s", c.filter, exprID(a.Args[0]))
	i, ok := p.seen[id]
	if !ok {
		ev, err := expr.Compile(a.Args[0])
		if err != nil {
			return err
		}
		i = len(p.args)
		p.args = append(p.args, argInput{ev: ev, filter: c.filter})
		p.seen[id] = i
	}
	c.arg = i
	return nil
}

// eval computes the keys, and the arguments that no filter guards, of the live rows of b.
func (p *aggPlan) eval(b *vec.Batch) error {
	if p.spec.Mode == AggFinal {
		copy(p.keyVecs, b.Cols)
		return nil
	}
	for i, ev := range p.keys {
		v, err := ev.Eval(b)
		if err != nil {
			return err
		}
		p.keyVecs[i] = v
	}
	for i := range p.args {
		a := &p.args[i]
		if a.filter >= 0 {
			continue
		}
		v, err := a.ev.Eval(b)
		if err != nil {
			return err
		}
		a.vec = v
	}
	return nil
}

// outTypes is the columns of the output without the keys: states or results.
func (p *aggPlan) outTypes(states bool) []vec.Type {
	var out []vec.Type
	for _, a := range p.spec.Aggs {
		if states {
			out = append(out, a.StateTypes()...)
		} else {
			out = append(out, a.T)
		}
	}
	return out
}
