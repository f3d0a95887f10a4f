package expr

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// Agg is one aggregate function call. Args have the types that the function wants.
type Agg struct {
	Fn       string // see AggFuncs; count without arguments counts rows
	Args     []Expr
	Distinct bool
	Filter   Expr // nil: all rows
	T        vec.Type
	Name     string // of the output column
}

func (a Agg) String() string {
	args := make([]string, len(a.Args))
	for i, e := range a.Args {
		args[i] = e.String()
	}
	in := strings.Join(args, ", ")
	switch {
	case len(args) == 0:
		in = "*"
	case a.Distinct:
		in = "DISTINCT " + in
	}
	s := a.Fn + "(" + in + ")"
	if a.Filter != nil {
		s += " FILTER (WHERE " + a.Filter.String() + ")"
	}
	return s
}

// AggFunc is one entry of the table of aggregate functions.
type AggFunc struct {
	Name string
	Args string // signature for people
	Doc  string
	// Resolve maps argument types to wanted types, the result and the columns of the state that
	// travels between partial and final aggregation and into checkpoints.
	Resolve func(a []vec.Type) (want []vec.Type, out vec.Type, state []vec.Type, ok bool)
	// Invertible is true when a row can be taken out of the state again.
	Invertible bool
}

var aggFuncs = map[string]*AggFunc{}

func init() {
	for _, f := range []*AggFunc{
		{Name: "count", Args: "* or a", Doc: "Number of rows, or of rows where a is not NULL.", Resolve: resolveCount, Invertible: true},
		{Name: "sum", Args: "a", Doc: "Sum; BIGINT for integers, DECIMAL(38,s) for decimals; an error on overflow; NULL over no rows.", Resolve: resolveSumAgg, Invertible: true},
		{Name: "avg", Args: "a", Doc: "Mean as DOUBLE; exact sums for integers and decimals.", Resolve: resolveAvg, Invertible: true},
		{Name: "min", Args: "a", Doc: "Smallest value.", Resolve: resolveExtreme},
		{Name: "max", Args: "a", Doc: "Largest value.", Resolve: resolveExtreme},
		{Name: "any_value", Args: "a", Doc: "Some value that is not NULL.", Resolve: resolveExtreme},
		{Name: "bool_and", Args: "a", Doc: "True when all are.", Resolve: resolveBoolAgg},
		{Name: "bool_or", Args: "a", Doc: "True when one is.", Resolve: resolveBoolAgg},
		{Name: "var_samp", Args: "a", Doc: "Sample variance.", Resolve: resolveMoments},
		{Name: "var_pop", Args: "a", Doc: "Population variance.", Resolve: resolveMoments},
		{Name: "stddev_samp", Args: "a", Doc: "Sample standard deviation.", Resolve: resolveMoments},
		{Name: "stddev_pop", Args: "a", Doc: "Population standard deviation.", Resolve: resolveMoments},
	} {
		aggFuncs[f.Name] = f
	}
}

var aggAliases = map[string]string{"mean": "avg", "variance": "var_samp", "stddev": "stddev_samp", "every": "bool_and", "first": "any_value"}

// LookupAgg finds an aggregate function by name, in lower case.
func LookupAgg(name string) (*AggFunc, bool) {
	if a, ok := aggAliases[name]; ok {
		name = a
	}
	f, ok := aggFuncs[name]
	return f, ok
}

// AggFuncs lists the table by name.
func AggFuncs() []*AggFunc {
	var out []*AggFunc
	for _, n := range slices.Sorted(maps.Keys(aggFuncs)) {
		out = append(out, aggFuncs[n])
	}
	return out
}

// NewAgg resolves an aggregate call and casts its arguments; ErrNoFunction or ErrArguments, wrapped,
// when that cannot be done.
func NewAgg(name string, args []Expr, distinct bool, filter Expr) (Agg, error) {
	f, ok := LookupAgg(name)
	if !ok {
		return Agg{}, fmt.Errorf("%w: %s", ErrNoFunction, name)
	}
	types := make([]vec.Type, len(args))
	for i, a := range args {
		types[i] = a.Type()
	}
	want, out, _, ok := f.Resolve(types)
	if !ok || distinct && len(args) == 0 {
		return Agg{}, fmt.Errorf("%w: %s(%s)", ErrArguments, name, typeList(types))
	}
	a := Agg{Fn: f.Name, Distinct: distinct, Filter: filter, T: out}
	for i := range args {
		c, err := NewCast(args[i], want[i])
		if err != nil {
			return Agg{}, err
		}
		a.Args = append(a.Args, c)
	}
	if distinct && (f.Name == "min" || f.Name == "max" || f.Name == "any_value" || f.Name == "bool_and" || f.Name == "bool_or") {
		a.Distinct = false // the same answer without
	}
	a.Name = a.String()
	return a, nil
}

// StateTypes is the columns of the state of a call.
func (a Agg) StateTypes() []vec.Type {
	types := make([]vec.Type, len(a.Args))
	for i, e := range a.Args {
		types[i] = e.Type()
	}
	f := aggFuncs[a.Fn]
	_, _, st, _ := f.Resolve(types)
	return st
}

// IsAgg tells whether name is an aggregate function.
func IsAgg(name string) bool { _, ok := LookupAgg(name); return ok }

func one(t vec.Type) []vec.Type { return []vec.Type{t} }

func resolveCount(a []vec.Type) ([]vec.Type, vec.Type, []vec.Type, bool) {
	return a, vec.TInt64, one(vec.TInt64), len(a) <= 1
}

// SumType is the result of sum over t.
func SumType(t vec.Type) vec.Type {
	switch {
	case t.IsInteger(), t.Kind == vec.Null:
		return vec.TInt64
	case t.IsFloat():
		return vec.TFloat64
	case t.Kind == vec.Decimal:
		return vec.TDecimal(vec.MaxPrec, int(t.Scale))
	}
	return t
}

func resolveSumAgg(a []vec.Type) ([]vec.Type, vec.Type, []vec.Type, bool) {
	if len(a) != 1 || !(a[0].IsNumeric() || a[0].Kind == vec.Null || a[0].Kind == vec.IntervalK) {
		return nil, vec.Type{}, nil, false
	}
	t := SumType(a[0])
	want := a[0]
	if t.Kind != vec.Decimal {
		want = t
	}
	return one(want), t, []vec.Type{t, vec.TInt64}, true
}

// resolveAvg keeps sums of integers and decimals exact, so that a mean does not depend on the
// order of rows.
func resolveAvg(a []vec.Type) ([]vec.Type, vec.Type, []vec.Type, bool) {
	if len(a) != 1 || !(a[0].IsNumeric() || a[0].Kind == vec.Null) {
		return nil, vec.Type{}, nil, false
	}
	want, sum := a[0], vec.TDecimal(vec.MaxPrec, int(a[0].Scale))
	switch {
	case a[0].IsFloat():
		want, sum = vec.TFloat64, vec.TFloat64
	case a[0].Kind != vec.Decimal:
		want = vec.TInt64
	}
	return one(want), vec.TFloat64, []vec.Type{sum, vec.TInt64}, true
}

func resolveExtreme(a []vec.Type) ([]vec.Type, vec.Type, []vec.Type, bool) {
	if len(a) != 1 {
		return nil, vec.Type{}, nil, false
	}
	return a, a[0], one(a[0]), true
}

func resolveBoolAgg(a []vec.Type) ([]vec.Type, vec.Type, []vec.Type, bool) {
	ok := len(a) == 1 && (a[0].Kind == vec.Bool || a[0].Kind == vec.Null)
	return one(vec.TBool), vec.TBool, one(vec.TBool), ok
}

func resolveMoments(a []vec.Type) ([]vec.Type, vec.Type, []vec.Type, bool) {
	ok := len(a) == 1 && (a[0].IsNumeric() || a[0].Kind == vec.Null)
	return one(vec.TFloat64), vec.TFloat64, []vec.Type{vec.TInt64, vec.TFloat64, vec.TFloat64}, ok
}
