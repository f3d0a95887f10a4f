package optimizer

import (
	"math"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// interval is the numbers that an expression can be, NULL aside. The zero value knows nothing.
type interval struct {
	lo, hi float64
	known  bool
}

// slack keeps the rounding of floats out of comparisons with limits.
const slack = 0.999

// rangeOf computes the values of a number from the ranges of columns, which are those of all rows of a
// table. fails is true unless it is certain that no row makes e an error.
func rangeOf(e expr.Expr, s plan.Stats) (r interval, fails bool) {
	switch e := e.(type) {
	case *expr.Lit:
		if x := number(e.Val, e.T); e.T.IsNumeric() && !e.Val.Null && !math.IsNaN(x) {
			r = interval{x, x, true}
		}
		return r, false
	case *expr.Col:
		if e.Idx < len(s.Cols) && s.Cols[e.Idx].HasRange && e.T.IsNumeric() && !e.T.IsFloat() {
			r = interval{number(s.Cols[e.Idx].Min, e.T), number(s.Cols[e.Idx].Max, e.T), true}
		}
		return r, false
	case *expr.Cast:
		from := e.Arg.Type()
		r, fails = rangeOf(e.Arg, s)
		if !from.IsNumeric() || from.IsFloat() || !fits(r, e.To) {
			return interval{}, fails || !expr.Infallible(&expr.Cast{Arg: &expr.Col{T: from}, To: e.To, Try: e.Try})
		}
		return r, fails
	case *expr.Call:
		return rangeOfCall(e, s)
	}
	return interval{}, !expr.Infallible(e)
}

func rangeOfCall(e *expr.Call, s plan.Stats) (r interval, fails bool) {
	var args []interval
	for _, a := range e.Args {
		x, bad := rangeOf(a, s)
		args, fails = append(args, x), fails || bad
	}
	if e.Fn.Volatile {
		return interval{}, true
	}
	if len(args) == 2 && args[0].known && args[1].known {
		a, b := args[0], args[1]
		switch e.Fn.Name {
		case "+":
			r = interval{a.lo + b.lo, a.hi + b.hi, true}
		case "-":
			r = interval{a.lo - b.hi, a.hi - b.lo, true}
		case "*":
			p := [...]float64{a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi}
			r = interval{min(p[0], p[1], p[2], p[3]), max(p[0], p[1], p[2], p[3]), true}
		}
		if fits(r, e.T) {
			return r, fails
		}
	}
	return interval{}, fails || e.Fn.Fallible
}

// fits tells whether all numbers of r are values of an integer or decimal type.
func fits(r interval, t vec.Type) bool {
	most := max(math.Abs(r.lo), math.Abs(r.hi))
	return r.known && most <= slack*largest(t)
}

// largest is the largest value of an integer or decimal type, about; 0 for others.
func largest(t vec.Type) float64 {
	switch t.Kind {
	case vec.Int8:
		return math.MaxInt8
	case vec.Int16:
		return math.MaxInt16
	case vec.Int32:
		return math.MaxInt32
	case vec.Int64:
		return math.MaxInt64
	case vec.Decimal:
		return math.Pow10(int(t.Prec) - int(t.Scale))
	}
	return 0
}

// neverFails tells whether e may be computed for rows for which the query itself does not.
func neverFails(e expr.Expr, s plan.Stats) bool {
	_, fails := rangeOf(e, s)
	return !fails
}

// sumFits tells whether sums of e over any of rows rows are values of type t.
func sumFits(e expr.Expr, s plan.Stats, rows float64, t vec.Type) bool {
	if e.Type().IsFloat() {
		return true
	}
	r, _ := rangeOf(e, s)
	return fits(interval{r.lo * rows, r.hi * rows, r.known}, t)
}
