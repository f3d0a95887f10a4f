package expr

import (
	"github.com/riffle-io/riffle/dataflow/vec"
)

func two(t vec.Type) []vec.Type { return []vec.Type{t, t} }

// resolveAdd follows DuckDB for decimals: a sum of two that fit 18 digits stays in 18 digits, and
// overflow is checked, so that hot sums stay in 64 bits.
func resolveAdd(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 2 {
		return nil, vec.Type{}, false
	}
	x, y := a[0], a[1]
	if w, out, ok := resolveTimeAdd(x, y); ok {
		return w, out, true
	}
	return resolveSum(x, y)
}

func resolveSum(x, y vec.Type) ([]vec.Type, vec.Type, bool) {
	if x.Kind == vec.IntervalK && y.Kind == vec.IntervalK {
		return two(x), x, true
	}
	t, ok := numeric(x, y)
	if !ok {
		return nil, vec.Type{}, false
	}
	if t.Kind == vec.Decimal {
		p := min(int(t.Prec)+1, vec.MaxPrec)
		if t.Prec <= vec.MaxDec64 {
			p = min(p, vec.MaxDec64)
		}
		t = vec.TDecimal(p, int(t.Scale))
	}
	return two(t), t, true
}

// numeric is the common type of two numbers; NULL counts as the other's type.
func numeric(x, y vec.Type) (vec.Type, bool) {
	if x.Kind == vec.Null && y.Kind == vec.Null {
		return vec.TInt64, true
	}
	t, ok := Common(x, y)
	return t, ok && t.IsNumeric()
}

func resolveSub(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 2 {
		return nil, vec.Type{}, false
	}
	if w, out, ok := resolveTimeSub(a[0], a[1]); ok {
		return w, out, true
	}
	return resolveSum(a[0], a[1])
}

func resolveMul(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 2 {
		return nil, vec.Type{}, false
	}
	x, y := a[0], a[1]
	switch {
	case x.Kind == vec.IntervalK && y.IsNumeric():
		return []vec.Type{x, mulFactor(y)}, x, true
	case y.Kind == vec.IntervalK && x.IsNumeric():
		return []vec.Type{mulFactor(x), y}, y, true
	}
	t, ok := numeric(x, y)
	if !ok || t.Kind != vec.Decimal {
		return two(t), t, ok
	}
	dx, dy := asDecimal(x), asDecimal(y)
	if x.Kind == vec.Null {
		dx = dy
	} else if y.Kind == vec.Null {
		dy = dx
	}
	prec, scale := int(dx.Prec)+int(dy.Prec), int(dx.Scale)+int(dy.Scale)
	if scale > vec.MaxPrec {
		return nil, vec.Type{}, false
	}
	if prec > vec.MaxDec64 && max(dx.Prec, dy.Prec) <= vec.MaxDec64 && scale <= vec.MaxDec64 {
		prec = vec.MaxDec64
	}
	return []vec.Type{dx, dy}, vec.TDecimal(min(prec, vec.MaxPrec), scale), true
}

func mulFactor(t vec.Type) vec.Type {
	if t.IsInteger() {
		return vec.TInt64
	}
	return vec.TFloat64
}

func resolveDiv(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 2 {
		return nil, vec.Type{}, false
	}
	if a[0].Kind == vec.IntervalK && a[1].IsNumeric() {
		return []vec.Type{a[0], vec.TFloat64}, a[0], true
	}
	t, ok := numeric(a[0], a[1])
	if t.Kind == vec.Decimal {
		t = vec.TFloat64
	}
	return two(t), t, ok
}

func resolveMod(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 2 {
		return nil, vec.Type{}, false
	}
	t, ok := numeric(a[0], a[1])
	return two(t), t, ok
}

func resolveNeg(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 1 {
		return nil, vec.Type{}, false
	}
	t := a[0]
	if t.Kind == vec.Null {
		t = vec.TInt64
	}
	return []vec.Type{t}, t, t.IsNumeric() || t.Kind == vec.IntervalK
}
