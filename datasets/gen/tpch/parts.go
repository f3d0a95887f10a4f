package tpch

import (
	"strconv"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen/internal/cols"
)

// price is the retail price of a part in cents.
func price(part int64) int64 { return 90000 + part/10%20001 + part%1000*100 }

const suppliersPerPart = 4

// supplierOf is the supplier of a part by number, 0 to 3.
func supplierOf(part, number, suppliers int64) int64 {
	return (part+number*(suppliers/suppliersPerPart+(part-1)/suppliers))%suppliers + 1
}

var (
	partMaker = uniform{stream{1, 1}, 0, 5, 1}
	partBrand = uniform{stream{46831694, 1}, 0, 5, 1}
	partNames = stream{709314158, int64(len(colors))}
)

// numbered is prefix followed by each of the numbers.
func numbered(prefix string, numbers ...int) []string {
	var out []string
	for _, n := range numbers {
		out = append(out, prefix+strconv.Itoa(n))
	}
	return out
}

var partColumns = []column{
	keyColumn("p_partkey", 1),
	{field("p_name", vec.TString), fillPartName},
	dictColumn("p_mfgr", partMaker.stream, numbered("Manufacturer#", 1, 2, 3, 4, 5)),
	{field("p_brand", vec.TString), fillBrand},
	dictColumn("p_type", stream{1841581359, 1}, partTypes),
	i32Column(field("p_size", vec.TInt32), uniform{stream{1193163244, 1}, 1, 50, 1}),
	dictColumn("p_container", stream{727633698, 1}, containers),
	{field("p_retailprice", money), func(w *work, v *vec.Vec) {
		out := cols.I64(v, w.rows)
		for i := range out {
			out[i] = price(w.from + int64(i) + 1)
		}
	}},
	commentColumn("p_comment", comment{stream{804159733, 2}, 14}),
}

var brands = cols.Dictionary(numbered("Brand#", 11, 12, 13, 14, 15, 21, 22, 23, 24, 25,
	31, 32, 33, 34, 35, 41, 42, 43, 44, 45, 51, 52, 53, 54, 55)...)

// fillBrand writes the maker and the brand of the maker: Brand#MB.
func fillBrand(w *work, v *vec.Vec) {
	out := cols.Codes(v, brands, w.rows)
	w.i32[scratchOther] = cols.Grow(w.i32[scratchOther], w.rows)
	makers := w.i32[scratchOther]
	perRow(partMaker, w.from, makers)
	perRow(partBrand, w.from, out)
	for i, m := range makers {
		out[i] += 5 * m
	}
}

// fillPartName writes five different colors: the first places of a shuffle.
func fillPartName(w *work, v *vec.Vec) {
	var order [92]uint8
	for i := range order {
		order[i] = uint8(i)
	}
	off, data := cols.Strs(v, w.rows)
	x, step := partNames.at(w.from), power(partNames.perRow)
	for i := range w.rows {
		y := x
		var swapped [5]int
		for k := range swapped {
			y = next(y)
			swapped[k] = k + int(pick(y, uint64(len(order)-k)))
			order[k], order[swapped[k]] = order[swapped[k]], order[k]
			if k > 0 {
				data = append(data, ' ')
			}
			data = append(data, colors[order[k]]...)
		}
		for k := len(swapped) - 1; k >= 0; k-- { // back to the start
			order[k], order[swapped[k]] = order[swapped[k]], order[k]
		}
		off[i+1] = int32(len(data))
		x = mulmod(x, step)
	}
	cols.SetData(v, data)
}

// partsupp takes four draws of each stream for a part, one for each row: rows are draws.
var partsuppColumns = []column{
	{field("ps_partkey", vec.TInt64), func(w *work, v *vec.Vec) {
		out := cols.I64(v, w.rows)
		for i := range out {
			out[i] = (w.from+int64(i))/suppliersPerPart + 1
		}
	}},
	{field("ps_suppkey", vec.TInt64), func(w *work, v *vec.Vec) {
		out := cols.I64(v, w.rows)
		for i := range out {
			row := w.from + int64(i)
			out[i] = supplierOf(row/suppliersPerPart+1, row%suppliersPerPart, w.suppliers)
		}
	}},
	i32Column(field("ps_availqty", vec.TInt32), uniform{stream{1671059989, 1}, 1, 9999, 1}),
	i64Column(field("ps_supplycost", money), uniform{stream{1051288424, 1}, 100, 99901, 1}),
	commentColumn("ps_comment", comment{stream{1961692154, 2}, 124}),
}
