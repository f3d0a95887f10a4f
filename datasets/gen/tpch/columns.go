package tpch

import (
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen/internal/cols"
)

var money = vec.TDecimal(15, 2)

func field(name string, t vec.Type) vec.Field { return vec.Field{Name: name, Type: t, NotNull: true} }

// keyColumn counts from first.
func keyColumn(name string, first int64) column {
	return column{field(name, vec.TInt64), func(w *work, v *vec.Vec) {
		out := cols.I64(v, w.rows)
		for i := range out {
			out[i] = w.from + int64(i) + first
		}
	}}
}

// i32Column and i64Column hold a uniform number per row.
func i32Column(f vec.Field, u uniform) column {
	return column{f, func(w *work, v *vec.Vec) { perRow(u, w.from, cols.I32(v, w.rows)) }}
}

func i64Column(f vec.Field, u uniform) column {
	return column{f, func(w *work, v *vec.Vec) { perRow(u, w.from, cols.I64(v, w.rows)) }}
}

// dictColumn holds one of values per row, all equally likely.
func dictColumn(name string, s stream, values []string) column {
	dict := cols.Dictionary(values...)
	u := uniform{s, 0, int64(len(values)), 1}
	return column{field(name, vec.TString), func(w *work, v *vec.Vec) {
		perRow(u, w.from, cols.Codes(v, dict, w.rows))
	}}
}

// listColumn holds values[row]: the names of nations and regions.
func listColumn(name string, values []string) column {
	dict := cols.Dictionary(values...)
	return column{field(name, vec.TString), func(w *work, v *vec.Vec) {
		out := cols.Codes(v, dict, w.rows)
		for i := range out {
			out[i] = int32(w.from) + int32(i)
		}
	}}
}

const nameDigits = 9

// nameColumn holds prefix and the row's number from 1: "Customer#000000001".
func nameColumn(name, prefix string) column {
	return column{field(name, vec.TString), func(w *work, v *vec.Vec) {
		width := len(prefix) + nameDigits
		data := cols.Widths(v, w.rows, width)
		for i := range w.rows {
			b := data[i*width:]
			copy(b, prefix)
			cols.Digits(b[len(prefix):width], uint64(w.from)+uint64(i)+1)
		}
	}}
}

// comment is a column of text: a piece of the pool that is 0.4 to 1.6 times mean long.
type comment struct {
	stream
	mean int64
}

// cut returns where the piece starts and its length, given the state before its two draws.
func (c comment) cut(x uint64) (off, n int) {
	lo, hi := c.mean*4/10, c.mean*16/10
	x = next(x)
	off = int(pickWide(x, uint64(poolSize-hi+1)))
	n = int(pick(next(x), uint64(hi-lo+1)) + uint64(lo))
	return off, n
}

// commentColumn is a comment per row.
func commentColumn(name string, c comment) column {
	return column{field(name, vec.TString), func(w *work, v *vec.Vec) {
		text := pool()
		off, data := cols.Strs(v, w.rows)
		x, step := c.at(w.from), power(c.perRow)
		for i := range w.rows {
			at, n := c.cut(x)
			data = append(data, text[at:at+n]...)
			off[i+1] = int32(len(data))
			x = mulmod(x, step)
		}
		cols.SetData(v, data)
	}}
}

const (
	alphabet     = "0123456789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ,"
	addressDraws = 9 // of a row: a length, and one draw for each five of at most 40 characters
)

// addressColumn is 10 to 40 random characters per row.
func addressColumn(name string, seed uint64) column {
	s := stream{seed, addressDraws}
	return column{field(name, vec.TString), func(w *work, v *vec.Vec) {
		off, data := cols.Strs(v, w.rows)
		x, step := s.at(w.from), power(addressDraws)
		for i := range w.rows {
			data = appendAddress(data, x)
			off[i+1] = int32(len(data))
			x = mulmod(x, step)
		}
		cols.SetData(v, data)
	}}
}

func appendAddress(data []byte, x uint64) []byte {
	x = next(x)
	n := int(pick(x, 31)) + 10
	var bits int64
	for i := range n {
		if i%5 == 0 {
			// dbgen asks for [0, 2^31-1], and the size of that range overflows to -2^31.
			x = next(x)
			bits = int64(float64(x) / modulus * -(1 << 31))
		}
		data = append(data, alphabet[bits&63])
		bits >>= 6
	}
	return data
}

const phoneWidth = len("27-918-335-1736")

// phoneColumn is a telephone number per row, whose country code follows from the nation.
func phoneColumn(name string, seed uint64, nation uniform) column {
	s := stream{seed, 3}
	return column{field(name, vec.TString), func(w *work, v *vec.Vec) {
		w.i32[scratchOther] = cols.Grow(w.i32[scratchOther], w.rows)
		countries := w.i32[scratchOther]
		perRow(nation, w.from, countries)
		data := cols.Widths(v, w.rows, phoneWidth)
		x, step := s.at(w.from), power(3)
		for i, country := range countries {
			b := data[i*phoneWidth : (i+1)*phoneWidth]
			y := next(x)
			z := next(y)
			cols.Digits(b[0:2], uint64(country)+10)
			cols.Digits(b[3:6], pick(y, 900)+100)
			cols.Digits(b[7:10], pick(z, 900)+100)
			cols.Digits(b[11:15], pick(next(z), 9000)+1000)
			b[2], b[6], b[10] = '-', '-', '-'
			x = mulmod(x, step)
		}
	}}
}
