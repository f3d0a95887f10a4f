package parquet

import (
	"math"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// bounds is what statistics say about the values of a column in some rows. The zero value knows
// nothing.
type bounds struct {
	t        vec.Type
	lo, hi   vec.Value // every value that is not null is in [lo, hi], floats except NaN
	hasRange bool
	allNull  bool // no value is known not to be null
	noNull   bool // no value is null
	absent   func(vec.Value) bool
}

// value decodes a bound; ok is false when it is not usable.
func (l *leaf) value(b []byte) (v vec.Value, ok bool) {
	if b == nil || l.width > 0 && !l.decimals && len(b) != l.width {
		return v, false
	}
	if l.width == 0 {
		return vec.StringValue(string(b)), true
	}
	if l.decimals {
		wide := make([]byte, 16)
		if widen(wide, b) != nil {
			return v, false
		}
		b = wide
	}
	dst := vec.New(l.t, 1)
	if l.conv(dst, 0, b, 1) != nil {
		return v, false
	}
	v = dst.Value(0)
	return v, !math.IsNaN(v.F)
}

// bounds decodes the statistics of rows rows.
func (l *leaf) bounds(min, max []byte, nulls, rows int64) bounds {
	b := bounds{t: l.t, noNull: nulls == 0 || !l.optional, allNull: nulls >= 0 && nulls == rows && rows > 0}
	if !l.ordered {
		return b
	}
	var ok1, ok2 bool
	b.lo, ok1 = l.value(min)
	b.hi, ok2 = l.value(max)
	b.hasRange = ok1 && ok2 && vec.CompareValues(l.t, b.lo, b.hi) <= 0
	return b
}

// chunkBounds decodes the statistics of a column chunk.
func (l *leaf) chunkBounds(g *rowGroup) bounds {
	s := &g.chunks[l.index].stats
	lo, hi := s.min, s.max
	if lo == nil && hi == nil && l.signed {
		lo, hi = s.oldMin, s.oldMax
	}
	return l.bounds(lo, hi, s.nulls, g.rows)
}

// mayMatch is false when e is true for no row, as far as the bounds of its columns tell.
func mayMatch(e expr.Expr, col func(idx int) bounds) bool {
	switch e := e.(type) {
	case *expr.Lit:
		return !e.Val.Null && e.Val.I != 0
	case *expr.In:
		c, ok := column(e.Arg)
		if !ok {
			return true
		}
		b := col(c)
		for _, v := range e.List {
			if b.mayBe("=", v) {
				return true
			}
		}
		return false
	case *expr.Call:
		return mayMatchCall(e, col)
	}
	return true
}

func mayMatchCall(e *expr.Call, col func(idx int) bounds) bool {
	switch e.Fn.Name {
	case "and":
		for _, a := range e.Args {
			if !mayMatch(a, col) {
				return false
			}
		}
		return true
	case "or":
		for _, a := range e.Args {
			if mayMatch(a, col) {
				return true
			}
		}
		return false
	case "is_null", "is_not_null":
		c, ok := e.Args[0].(*expr.Col)
		if !ok {
			return true
		}
		if b := col(c.Idx); e.Fn.Name == "is_null" {
			return !b.noNull
		} else {
			return !b.allNull
		}
	case "=", "<", "<=", ">", ">=":
		op := e.Fn.Name
		c, isCol := column(e.Args[0])
		lit, isLit := e.Args[1].(*expr.Lit)
		if !isCol || !isLit {
			c, isCol = column(e.Args[1])
			lit, isLit = e.Args[0].(*expr.Lit)
			op = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}[op]
		}
		if isCol && isLit {
			b := col(c)
			return !lit.Val.Null && b.mayBe(op, lit.Val)
		}
	}
	return true
}

// column sees through casts that keep an integer as it is.
func column(e expr.Expr) (int, bool) {
	switch e := e.(type) {
	case *expr.Col:
		return e.Idx, true
	case *expr.Cast:
		if c, ok := e.Arg.(*expr.Col); ok && c.T.IsInteger() && e.To.IsInteger() && e.To.Kind >= c.T.Kind {
			return c.Idx, true
		}
	}
	return 0, false
}

// mayBe is false when no value is op v.
func (b *bounds) mayBe(op string, v vec.Value) bool {
	if b.allNull {
		return false
	}
	if op == "=" && b.absent != nil && b.absent(v) {
		return false
	}
	if !b.hasRange || math.IsNaN(v.F) {
		return true
	}
	lo, hi := vec.CompareValues(b.t, b.lo, v), vec.CompareValues(b.t, b.hi, v)
	nan := b.t.IsFloat() // NaN is above every bound and not in the statistics
	switch op {
	case "=":
		return lo <= 0 && hi >= 0
	case "<":
		return lo < 0
	case "<=":
		return lo <= 0
	case ">":
		return hi > 0 || nan
	}
	return hi >= 0 || nan
}
