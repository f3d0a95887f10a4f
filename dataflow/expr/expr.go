// Package expr is typed expressions and their vectorised evaluation.
//
//	NewCall("+", col, lit) ──► Expr (pure data, in plans) ── Compile ──► Eval(batch) ──► vector
//	                                                      └─ CompilePredicate ──► Select(batch) ──► selection
//
// Logic is three-valued, arithmetic never wraps (ErrOverflow), and a kernel looks at live rows only:
// a division by zero in a row that a filter removed is no error. A function of one dictionary
// column and constants is evaluated once for each dictionary entry and not for each row.
//
// The function table (Funcs) is the one list of scalar functions: the binder resolves names in it,
// and the SQL reference is generated from it.
package expr

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// Expr is an expression over the columns of a batch. Expressions are immutable and may be shared.
type Expr interface {
	Type() vec.Type
	// String is canonical text: equal text and types mean equal expressions.
	String() string
}

// Col is column Idx of the input.
type Col struct {
	Idx  int
	Name string
	T    vec.Type
}

// Lit is a constant.
type Lit struct {
	Val vec.Value
	T   vec.Type
}

// Call applies a function of the table to arguments whose types fit it exactly.
type Call struct {
	Fn   *Func
	Args []Expr
	T    vec.Type
}

// Cast converts. With Try, what cannot be converted is NULL instead of an error.
type Cast struct {
	Arg Expr
	To  vec.Type
	Try bool
}

// Case is a searched CASE: the first true condition wins. Else is never nil.
type Case struct {
	Whens []When
	Else  Expr
}

// When is one branch of a Case.
type When struct{ Cond, Then Expr }

// In tells whether Arg is one of List, whose values have Arg's type; a null in the original list
// is HasNull.
type In struct {
	Arg     Expr
	List    []vec.Value
	HasNull bool
}

func (e *Col) Type() vec.Type  { return e.T }
func (e *Lit) Type() vec.Type  { return e.T }
func (e *Call) Type() vec.Type { return e.T }
func (e *Cast) Type() vec.Type { return e.To }
func (e *Case) Type() vec.Type { return e.Else.Type() }
func (e *In) Type() vec.Type   { return vec.TBool }

func (e *Col) String() string { return e.Name }

func (e *Lit) String() string {
	if e.Val.Null {
		return "NULL"
	}
	text := e.Val.Format(e.T)
	switch {
	case e.T.Phys() == vec.PhysStr:
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	case e.T.IsTemporal() || e.T.Kind == vec.IntervalK:
		return e.T.String() + " '" + text + "'"
	}
	return text
}

func (e *Call) String() string {
	a := make([]string, len(e.Args))
	for i, x := range e.Args {
		a[i] = x.String()
	}
	switch {
	case e.Fn.Infix && len(a) == 2, e.Fn.Name == "and", e.Fn.Name == "or":
		return "(" + strings.Join(a, " "+strings.ToUpper(e.Fn.Name)+" ") + ")"
	case e.Fn.Name == "not":
		return "(NOT " + a[0] + ")"
	case e.Fn.Name == "is_null":
		return "(" + a[0] + " IS NULL)"
	case e.Fn.Name == "is_not_null":
		return "(" + a[0] + " IS NOT NULL)"
	}
	return e.Fn.Name + "(" + strings.Join(a, ", ") + ")"
}

func (e *Cast) String() string {
	if e.Try {
		return "TRY_CAST(" + e.Arg.String() + " AS " + e.To.String() + ")"
	}
	return "CAST(" + e.Arg.String() + " AS " + e.To.String() + ")"
}

func (e *Case) String() string {
	var b strings.Builder
	b.WriteString("CASE")
	for _, w := range e.Whens {
		fmt.Fprintf(&b, " WHEN %s THEN %s", w.Cond, w.Then)
	}
	return b.String() + " ELSE " + e.Else.String() + " END"
}

func (e *In) String() string {
	l := make([]string, 0, len(e.List)+1)
	for _, v := range e.List {
		l = append(l, (&Lit{Val: v, T: e.Arg.Type()}).String())
	}
	if e.HasNull {
		l = append(l, "NULL")
	}
	return "(" + e.Arg.String() + " IN (" + strings.Join(l, ", ") + "))"
}

// Children lists the direct operands of e.
func Children(e Expr) []Expr {
	switch e := e.(type) {
	case *Call:
		return e.Args
	case *Cast:
		return []Expr{e.Arg}
	case *In:
		return []Expr{e.Arg}
	case *Case:
		var out []Expr
		for _, w := range e.Whens {
			out = append(out, w.Cond, w.Then)
		}
		return append(out, e.Else)
	}
	return nil
}

// Rewrite replaces the nodes of e bottom-up by what fn returns for them; a node none of whose
// operands changed is passed as it is.
func Rewrite(e Expr, fn func(Expr) Expr) Expr {
	switch x := e.(type) {
	case *Call:
		if args, changed := rewriteAll(x.Args, fn); changed {
			e = &Call{Fn: x.Fn, Args: args, T: x.T}
		}
	case *Cast:
		if a := Rewrite(x.Arg, fn); a != x.Arg {
			e = &Cast{Arg: a, To: x.To, Try: x.Try}
		}
	case *In:
		if a := Rewrite(x.Arg, fn); a != x.Arg {
			e = &In{Arg: a, List: x.List, HasNull: x.HasNull}
		}
	case *Case:
		n := &Case{Whens: make([]When, len(x.Whens)), Else: Rewrite(x.Else, fn)}
		changed := n.Else != x.Else
		for i, w := range x.Whens {
			n.Whens[i] = When{Rewrite(w.Cond, fn), Rewrite(w.Then, fn)}
			changed = changed || n.Whens[i] != w
		}
		if changed {
			e = n
		}
	}
	return fn(e)
}

func rewriteAll(in []Expr, fn func(Expr) Expr) (out []Expr, changed bool) {
	out = make([]Expr, len(in))
	for i, a := range in {
		out[i] = Rewrite(a, fn)
		changed = changed || out[i] != a
	}
	return out, changed
}

// Walk calls fn for e and everything below it, top-down, while fn returns true.
func Walk(e Expr, fn func(Expr) bool) {
	if fn(e) {
		for _, c := range Children(e) {
			Walk(c, fn)
		}
	}
}

// Columns is the set of input columns that e reads, as sorted unique indices.
func Columns(es ...Expr) []int {
	seen := map[int]bool{}
	for _, e := range es {
		Walk(e, func(x Expr) bool {
			if c, ok := x.(*Col); ok {
				seen[c.Idx] = true
			}
			return true
		})
	}
	return slices.Sorted(maps.Keys(seen))
}

// MapColumns is e with column i replaced by to(i).
func MapColumns(e Expr, to func(*Col) Expr) Expr {
	return Rewrite(e, func(x Expr) Expr {
		if c, ok := x.(*Col); ok {
			return to(c)
		}
		return x
	})
}

// Infallible tells whether e may be computed for values that the query itself does not compute it for:
// nothing in it fails, and it has no effect but its value.
func Infallible(e Expr) bool {
	ok := true
	Walk(e, func(x Expr) bool {
		switch x := x.(type) {
		case *Call:
			ok = ok && !x.Fn.Fallible && !x.Fn.Volatile
		case *Cast:
			ok = ok && (x.Try || widens(x.Arg.Type(), x.To))
		}
		return ok
	})
	return ok
}

// widens tells whether every value of one type is a value of the other.
func widens(from, to vec.Type) bool {
	switch {
	case from == to:
		return true
	case from.IsInteger() && to.IsInteger():
		return to.Kind >= from.Kind
	case from.Kind == vec.Decimal && to.Kind == vec.Decimal:
		return to.Scale >= from.Scale && to.Prec-to.Scale >= from.Prec-from.Scale
	}
	return false
}

// Equal tells whether two expressions are the same.
func Equal(a, b Expr) bool {
	return a == b || key(a) == key(b)
}

// key is canonical text with column numbers and types in place of names.
func key(e Expr) string {
	m := MapColumns(e, func(c *Col) Expr {
		return &Col{Idx: c.Idx, Name: fmt.Sprintf("#%d", c.Idx), T: c.T}
	})
	return m.String() + "::" + m.Type().String()
}

// SplitAnd lists the conjuncts of e; nil has none.
func SplitAnd(e Expr) []Expr {
	if e == nil {
		return nil
	}
	if c, ok := e.(*Call); ok && c.Fn.Name == "and" {
		var out []Expr
		for _, a := range c.Args {
			out = append(out, SplitAnd(a)...)
		}
		return out
	}
	return []Expr{e}
}

// And joins conjuncts; none give nil.
func And(es ...Expr) Expr {
	switch len(es) {
	case 0:
		return nil
	case 1:
		return es[0]
	}
	return &Call{Fn: funcs["and"], Args: es, T: vec.TBool}
}

// IsConst tells whether e reads no column and always gives the same value.
func IsConst(e Expr) bool {
	ok := true
	Walk(e, func(x Expr) bool {
		switch x := x.(type) {
		case *Col:
			ok = false
		case *Call:
			ok = ok && !x.Fn.Volatile
		}
		return ok
	})
	return ok
}

// Literals for plans and tests.
func Int(i int64) *Lit       { return &Lit{Val: vec.IntValue(i), T: vec.TInt64} }
func Str(s string) *Lit      { return &Lit{Val: vec.StringValue(s), T: vec.TString} }
func Float(f float64) *Lit   { return &Lit{Val: vec.FloatValue(f), T: vec.TFloat64} }
func Bool(b bool) *Lit       { return &Lit{Val: vec.BoolValue(b), T: vec.TBool} }
func NullOf(t vec.Type) *Lit { return &Lit{Val: vec.NullValue(), T: t} }
