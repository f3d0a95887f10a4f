package nexmark

import (
	"strconv"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// every lists the columns of t.
func every(t *Table) []int {
	var c []int
	for i := range t.columns {
		c = append(c, i)
	}
	return c
}

// render writes row i of b, a bar after each value; nulls are left out.
func render(dst []byte, b *vec.Batch, i int) []byte {
	for _, v := range b.Cols {
		if v.IsNull(i) {
			continue
		}
		switch v.Type.Phys() {
		case vec.PhysStr:
			dst = append(dst, v.Str(i)...)
		case vec.PhysI32:
			dst = strconv.AppendInt(dst, int64(v.I32[i]), 10)
		default:
			dst = strconv.AppendInt(dst, v.I64[i], 10)
		}
		dst = append(dst, '|')
	}
	return dst
}

// scan calls each for every batch of rows [from, to).
func scan(t *Table, cols []int, from, to int64, each func(b *vec.Batch)) {
	fill := t.Fill(cols)
	for from < to {
		var b *vec.Batch
		b, from = fill(from, to)
		each(b)
	}
}
