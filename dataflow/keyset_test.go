package dataflow

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func TestKeySet(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, keys := range map[string][]int64{
		"none":    nil,
		"one":     {7},
		"dense":   spread(rng, 5000, 100_000),
		"sparse":  spread(rng, 5000, math.MaxInt64),
		"extreme": {math.MinInt64, 0, math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) { checkSet(t, rng, keys) })
	}
}

func spread(rng *rand.Rand, n int, below int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = rng.Int64N(below) - below/2
	}
	return out
}

func checkSet(t *testing.T, rng *rand.Rand, keys []int64) {
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for _, k := range keys {
		lo, hi = min(lo, k), max(hi, k)
	}
	s := NewKeySet(len(keys), lo, hi)
	for _, k := range keys {
		s.Add(k)
	}
	for _, k := range keys {
		if !s.Has(k) || !s.Overlaps(k, k) {
			t.Fatalf("key %d is not there", k)
		}
	}
	v := vec.New(vec.TInt64, 0)
	for range 2000 {
		x := rng.Int64() - rng.Int64()
		if len(keys) > 0 && rng.IntN(2) == 0 {
			x = keys[rng.IntN(len(keys))] + int64(rng.IntN(3)) - 1
		}
		v.AppendValue(vec.IntValue(x))
		to := x + int64(rng.IntN(100))
		some := slices.ContainsFunc(keys, func(k int64) bool { return k >= x && k <= to })
		if got := s.Overlaps(x, to); some && !got || !some && got && s.shift == 0 && to >= x {
			t.Fatalf("Overlaps(%d, %d) = %v, want %v", x, to, got, some)
		}
	}
	checkSelect(t, s, v)
}

// checkSelect compares every form of a vector with row by row look-ups.
func checkSelect(t *testing.T, s *KeySet, v *vec.Vec) {
	n := v.Len()
	odd := []int32{}
	for i := int32(1); i < int32(n); i += 2 {
		odd = append(odd, i)
	}
	codes := make([]int32, n)
	for i := range codes {
		codes[i] = int32(n - 1 - i)
	}
	nulls := vec.NewBitmap(n)
	for i := 0; i < n; i += 3 {
		nulls.Clear(i)
	}
	withNulls := &vec.Vec{Type: v.Type, I64: v.I64, Valid: nulls}
	small := vec.New(vec.TInt32, 0)
	for _, x := range v.I64 {
		small.AppendValue(vec.IntValue(int64(int32(x))))
	}
	was := &vec.Vec{Type: v.Type, I64: v.I64, Codes: []int32{}} // flat, and a dictionary's codes before
	for name, v := range map[string]*vec.Vec{"flat": v, "flat again": was, "small": small, "nulls": withNulls,
		"dict": vec.NewDict(v, codes, nil), "small dict": vec.NewDict(small, codes, nil), "dict with nulls": vec.NewDict(v, codes, nulls)} {
		for _, sel := range [][]int32{nil, odd} {
			var want []int32
			for i := range n {
				if (sel == nil || i%2 == 1) && !v.IsNull(i) && s.Has(v.Value(i).I) {
					want = append(want, int32(i))
				}
			}
			if got := s.Select(v, n, sel, nil); !slices.Equal(got, want) {
				t.Fatalf("%s: %d rows, want %d", name, len(got), len(want))
			}
		}
	}
}

func TestKeySetLetsFewThrough(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	s := NewKeySet(10_000, 0, math.MaxInt64)
	for range 10_000 {
		s.Add(rng.Int64())
	}
	passed := 0
	for range 10_000 {
		if s.Has(rng.Int64()) {
			passed++
		}
	}
	if passed > 1000 {
		t.Fatalf("%d of 10000 other keys pass", passed)
	}
}
