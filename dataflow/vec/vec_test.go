package vec

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"
)

func randWide(r *rand.Rand) Int128 {
	x := Int128{Lo: r.Uint64(), Hi: int64(r.Uint64())}
	s := uint(r.IntN(127))
	switch r.IntN(3) {
	case 0: // any width
		v, _ := I128FromBig(new(big.Int).Rsh(x.Big(), s))
		return v
	case 1:
		return I128(int64(r.Uint64()) >> (s & 63))
	}
	return x
}

// TestInt128 compares arithmetic with math/big.
func TestInt128(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	fits := func(b *big.Int) bool { return b.BitLen() < 128 }
	for range 200_000 {
		a, b := randWide(r), randWide(r)
		x, y := a.Big(), b.Big()
		if a.Cmp(b) != x.Cmp(y) {
			t.Fatalf("cmp %v %v", x, y)
		}
		for _, c := range []struct {
			name string
			got  Int128
			ok   bool
			want *big.Int
		}{
			op("add", Int128.Add, a, b, new(big.Int).Add(x, y)), op("sub", Int128.Sub, a, b, new(big.Int).Sub(x, y)),
			op("mul", Int128.Mul, a, b, new(big.Int).Mul(x, y)),
		} {
			if c.ok && c.got.Big().Cmp(c.want) != 0 || !c.ok && fits(c.want) && c.want.BitLen() < 127 {
				t.Fatalf("%s %v %v = %v (%v), want %v", c.name, x, y, c.got.Big(), c.ok, c.want)
			}
		}
		if b.Sign() != 0 && x.BitLen() < 127 && y.BitLen() < 127 {
			q, m := a.QuoRem(b)
			wq, wm := new(big.Int).QuoRem(x, y, new(big.Int))
			if q.Big().Cmp(wq) != 0 || m.Big().Cmp(wm) != 0 {
				t.Fatalf("%v / %v = %v rest %v, want %v rest %v", x, y, q.Big(), m.Big(), wq, wm)
			}
		}
	}
}

func op(name string, f func(a, b Int128) (Int128, bool), a, b Int128, want *big.Int) struct {
	name string
	got  Int128
	ok   bool
	want *big.Int
} {
	got, ok := f(a, b)
	return struct {
		name string
		got  Int128
		ok   bool
		want *big.Int
	}{name, got, ok, want}
}

var kinds = []Type{TBool, TInt32, TInt64, TDecimal(30, 2), TFloat64, TInterval, TString}

func randValue(r *rand.Rand, t Type) Value {
	if r.IntN(4) == 0 {
		return NullValue()
	}
	n := int64(r.IntN(7))
	switch t.Phys() {
	case PhysBool:
		return IntValue(n & 1)
	case PhysI128:
		return Dec128Value(I128(n))
	case PhysF64:
		return FloatValue(float64(n))
	case PhysIv:
		return IvValue(Interval{Days: int32(n)})
	case PhysStr:
		return StringValue(fmt.Sprint("s", n)[:r.IntN(3)])
	}
	return IntValue(n)
}

// randVec is a vector of n rows in a random form, and its values.
func randVec(r *rand.Rand, t Type, n int) (*Vec, []Value) {
	base := New(t, 0)
	var vals []Value
	for range n + 1 {
		v := randValue(r, t)
		base.AppendValue(v)
		vals = append(vals, v)
	}
	switch r.IntN(3) {
	case 0:
		c := ConstVec(t, vals[0])
		out := make([]Value, n)
		for i := range out {
			out[i] = vals[0]
		}
		return c, out
	case 1:
		codes, out := make([]int32, n), make([]Value, n)
		valid := NewBitmap(n)
		for i := range codes {
			codes[i] = int32(r.IntN(n + 1))
			if out[i] = vals[codes[i]]; r.IntN(5) == 0 {
				valid.Clear(i)
				out[i] = NullValue()
			}
		}
		return NewDict(base, codes, valid), out
	}
	return base, vals
}

func check(t *testing.T, what string, v *Vec, want []Value) {
	t.Helper()
	for i, w := range want {
		if got := v.Value(i); got.Null != w.Null || !w.Null && CompareValues(v.Type, got, w) != 0 {
			t.Fatalf("%s of %s: row %d is %s, want %s", what, v.Type, i, got.Format(v.Type), w.Format(v.Type))
		}
	}
}

// TestMoves compares Append, Gather and Flatten with slices of values, over all kinds and forms.
func TestMoves(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 7))
		typ := kinds[r.IntN(len(kinds))]
		dst := New(typ, 0)
		var want []Value
		for range 4 {
			n := 1 + r.IntN(80)
			v, vals := randVec(r, typ, n)
			var sel []int32
			if r.IntN(2) == 0 {
				sel = []int32{}
				for i := range n {
					if r.IntN(2) == 0 {
						sel = append(sel, int32(i))
						want = append(want, vals[i])
					}
				}
			} else {
				want = append(want, vals[:n]...)
			}
			dst.Append(v, n, sel)
			check(t, "Append", dst, want)

			idx, picked := make([]int32, n), make([]Value, n)
			for k := range idx {
				idx[k] = int32(r.IntN(n+1)) - 1
				if picked[k] = NullValue(); idx[k] >= 0 {
					picked[k] = vals[idx[k]]
				}
			}
			g := &Vec{}
			g.Gather(v, idx, r.IntN(2) == 0)
			check(t, "Gather", g, picked)
			check(t, "Flatten", v.Flatten(nil, n, nil), vals[:n])
		}
		if dst.Len() != len(want) {
			t.Fatalf("%d rows, want %d", dst.Len(), len(want))
		}
	}
}

// TestHash checks that equal values hash alike in every form, and that integers of different width
// do too.
func TestHash(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		typ := kinds[r.IntN(len(kinds))]
		n := 1 + r.IntN(50)
		v, _ := randVec(r, typ, n)
		a, b := make([]uint64, n), make([]uint64, n)
		v.Hash(a, n, nil, false)
		v.Flatten(nil, n, nil).Hash(b, n, nil, false)
		for i := range a {
			if a[i] != b[i] {
				t.Fatalf("seed %d: row %d of a %v %s hashes differently when flat", seed, i, v.Form, typ)
			}
		}
	}
	if HashFloat64(0) != HashFloat64(math.Copysign(0, -1)) || HashFloat64(math.NaN()) != HashFloat64(-math.NaN()) {
		t.Error("zeros and NaNs must hash alike")
	}
}

func TestText(t *testing.T) {
	at := time.Date(2001, 1, 31, 10, 0, 0, 120_000_000, time.UTC).UnixMicro()
	for _, c := range []struct {
		t    Type
		v    Value
		want string
	}{
		{TDecimal(10, 2), IntValue(-5), "-0.05"}, {TDecimal(38, 0), Dec128Value(Pow10(30)), "1" + fmt.Sprintf("%030d", 0)},
		{TFloat64, FloatValue(2), "2.0"}, {TFloat64, FloatValue(1e300), "1e+300"}, {TFloat32, FloatValue(float64(float32(0.1))), "0.1"},
		{TFloat64, FloatValue(math.Inf(-1)), "-Infinity"}, {TTimestamp, IntValue(at), "2001-01-31 10:00:00.12"}, {TTimestamp, IntValue(-1), "1969-12-31 23:59:59.999999"},
		{TDate, IntValue(-1), "1969-12-31"}, {TTime, IntValue(3_600_000_000), "01:00:00"}, {TInterval, IvValue(Interval{Months: 14, Days: 1, Micros: -1_500_000}), "1 year 2 mons 1 day -00:00:01.5"},
		{TBool, IntValue(1), "true"}, {TBytes, StringValue("\x01\xff"), `\x01ff`}, {TInt64, NullValue(), "NULL"},
	} {
		if got := c.v.Format(c.t); got != c.want {
			t.Errorf("%s: got %s, want %s", c.t, got, c.want)
		}
	}
}

func TestParseType(t *testing.T) {
	for _, typ := range append(kinds, TDecimal(5, 5), TUUID, TJSON, TTimestampTZ) {
		got, err := ParseType(typ.String())
		if err != nil || got != typ {
			t.Errorf("%s reads back as %v (%v)", typ, got, err)
		}
	}
	if _, err := ParseType("DECIMAL(40,2)"); err == nil {
		t.Error("DECIMAL(40,2) was accepted")
	}
}
