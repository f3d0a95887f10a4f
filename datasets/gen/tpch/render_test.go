package tpch

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// all lists the columns of t.
func all(t *Table) []int {
	var c []int
	for i := range t.columns {
		c = append(c, i)
	}
	return c
}

func open(tb testing.TB, name string, sf float64) *Table {
	tb.Helper()
	t, err := New(name, sf)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// appendCell renders a cell as the standard generator writes it; whole drops the cents.
func appendCell(dst []byte, v *vec.Vec, i int, whole bool) []byte {
	switch {
	case v.Type.Phys() == vec.PhysStr:
		return append(dst, v.Str(i)...)
	case v.Type.Kind == vec.Date:
		return time.Unix(int64(v.I32[i])*86400, 0).UTC().AppendFormat(dst, time.DateOnly)
	case v.Type.Kind == vec.Decimal:
		x := v.I64[i]
		if x < 0 {
			dst, x = append(dst, '-'), -x
		}
		dst = strconv.AppendInt(dst, x/100, 10)
		if !whole {
			dst = fmt.Appendf(dst, ".%02d", x%100)
		}
		return dst
	case v.Type.Phys() == vec.PhysI32:
		return strconv.AppendInt(dst, int64(v.I32[i]), 10)
	}
	return strconv.AppendInt(dst, v.I64[i], 10)
}

// scan calls each for every batch of positions [from, to).
func scan(t *Table, cols []int, from, to int64, each func(b *vec.Batch)) {
	fill := t.Fill(cols)
	for from < to {
		var b *vec.Batch
		b, from = fill(from, to)
		each(b)
	}
}
