package tpch

import (
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen/internal/cols"
)

// The streams of lines, seven draws an order.
var (
	quantity    = uniform{stream{209208115, maxLines}, 1, 50, 1}
	discount    = uniform{stream{554590007, maxLines}, 0, 11, 1}
	tax         = uniform{stream{721958466, maxLines}, 0, 9, 1}
	supplier    = uniform{stream{2095021727, maxLines}, 0, suppliersPerPart, 1}
	shipDelay   = uniform{stream{1769349045, maxLines}, 1, 121, 1}
	commitDelay = uniform{stream{904914315, maxLines}, 30, 61, 1}
	travelDays  = uniform{stream{373135028, maxLines}, 1, 30, 1}
	instruction = uniform{stream{1371272478, maxLines}, 0, 4, 1}
	mode        = uniform{stream{675466456, maxLines}, 0, 7, 1}
	returnFlag  = stream{717419739, maxLines}
	lineComment = comment{stream{1095462486, 2 * maxLines}, 27}
)

var (
	flagDict     = cols.Dictionary(returnFlags...)
	instructDict = cols.Dictionary(instructs...)
	modeDict     = cols.Dictionary(modes...)
	lineStatus   = cols.Dictionary("F", "O")
)

// lines makes columns by line, for lineitem and for the sums of orders.
type lines struct{ partkey uniform }

func newLines(s scale) *lines {
	return &lines{partkey: uniform{stream{1808217256, maxLines}, 1, s.parts, 1}}
}

// beginLines takes orders while their lines fit into a batch.
func beginLines(w *work, to int64) {
	x := lineCount.at(w.from)
	rows := 0
	for range to - w.from {
		x = next(x)
		c := int(pick(x, maxLines)) + 1
		if rows+c > vec.MaxRows {
			break
		}
		rows += c
		w.counts = append(w.counts, uint8(c))
	}
	w.n, w.rows = len(w.counts), rows
}

// i64 and i32 are a uniform number per line, shared by the columns of a batch as scratch s.
func (l *lines) i64(w *work, s int, u uniform) []int64 {
	counts, n := w.lineCounts()
	if w.once(s) {
		w.i64[s] = cols.Grow(w.i64[s], n+maxLines)
		perLine(u, w.from, counts, w.i64[s])
	}
	return w.i64[s][:n]
}

func (l *lines) i32(w *work, s int, u uniform) []int32 {
	counts, n := w.lineCounts()
	w.i32[s] = cols.Grow(w.i32[s], n+maxLines)
	perLine(u, w.from, counts, w.i32[s])
	return w.i32[s][:n]
}

// addOrderDates adds the date of its order to each line.
func addOrderDates(w *work, days []int32) {
	pos := 0
	dates := w.orderDates()
	for i, c := range w.counts {
		for k := pos; k < pos+int(c); k++ {
			days[k] += dates[i]
		}
		pos += int(c)
	}
}

func (l *lines) shipDates(w *work) []int32 {
	if w.once(scratchShip) {
		addOrderDates(w, l.i32(w, scratchShip, shipDelay))
	}
	_, n := w.lineCounts()
	return w.i32[scratchShip][:n]
}

func (l *lines) receiptDates(w *work) []int32 {
	ship := l.shipDates(w)
	if w.once(scratchReceipt) {
		for i, days := range l.i32(w, scratchReceipt, travelDays) {
			w.i32[scratchReceipt][i] = days + ship[i]
		}
	}
	return w.i32[scratchReceipt][:len(ship)]
}

// lineColumn has a uniform number per line, straight into its vector.
func lineColumn(f vec.Field, u uniform) column {
	return column{f, func(w *work, v *vec.Vec) {
		perLine(u, w.from, w.counts, cols.I64(v, w.rows+maxLines))
		v.I64 = v.I64[:w.rows]
	}}
}

func lineDict(name string, u uniform, dict *vec.Vec) column {
	return column{field(name, vec.TString), func(w *work, v *vec.Vec) {
		perLine(u, w.from, w.counts, cols.Codes(v, dict, w.rows+maxLines))
		v.Codes = v.Codes[:w.rows]
	}}
}

func lineitemColumns(s scale) []column {
	l := newLines(s)
	cents := func(u uniform) uniform { u.unit = 100; return u }
	return []column{
		{field("l_orderkey", vec.TInt64), fillOrderkey},
		{field("l_partkey", vec.TInt64), func(w *work, v *vec.Vec) {
			copy(cols.I64(v, w.rows), l.i64(w, scratchPartkey, l.partkey))
		}},
		{field("l_suppkey", vec.TInt64), l.fillSuppkey},
		{field("l_linenumber", vec.TInt32), fillLineNumber},
		lineColumn(field("l_quantity", money), cents(quantity)),
		{field("l_extendedprice", money), l.fillExtended},
		lineColumn(field("l_discount", money), discount),
		lineColumn(field("l_tax", money), tax),
		{field("l_returnflag", vec.TString), l.fillReturnFlag},
		{field("l_linestatus", vec.TString), l.fillLineStatus},
		{field("l_shipdate", vec.TDate), func(w *work, v *vec.Vec) { copy(cols.I32(v, w.rows), l.shipDates(w)) }},
		{field("l_commitdate", vec.TDate), func(w *work, v *vec.Vec) {
			perLine(commitDelay, w.from, w.counts, cols.I32(v, w.rows+maxLines))
			v.I32 = v.I32[:w.rows]
			addOrderDates(w, v.I32)
		}},
		{field("l_receiptdate", vec.TDate), func(w *work, v *vec.Vec) { copy(cols.I32(v, w.rows), l.receiptDates(w)) }},
		lineDict("l_shipinstruct", instruction, instructDict),
		lineDict("l_shipmode", mode, modeDict),
		{field("l_comment", vec.TString), fillLineComment},
	}
}

func fillOrderkey(w *work, v *vec.Vec) {
	out := cols.I64(v, w.rows+maxLines)
	pos := 0
	for i, c := range w.counts {
		key := orderKey(w.from + int64(i) + 1)
		o := (*[maxLines]int64)(out[pos:])
		for k := range o {
			o[k] = key
		}
		pos += int(c)
	}
	v.I64 = out[:w.rows]
}

func fillLineNumber(w *work, v *vec.Vec) {
	out := cols.I32(v, w.rows+maxLines)
	pos := 0
	for _, c := range w.counts {
		*(*[maxLines]int32)(out[pos:]) = [maxLines]int32{1, 2, 3, 4, 5, 6, 7}
		pos += int(c)
	}
	v.I32 = out[:w.rows]
}

func (l *lines) fillSuppkey(w *work, v *vec.Vec) {
	out := cols.I64(v, w.rows+maxLines)
	perLine(supplier, w.from, w.counts, out)
	v.I64 = out[:w.rows]
	for i, part := range l.i64(w, scratchPartkey, l.partkey) {
		out[i] = supplierOf(part, out[i], w.suppliers)
	}
}

func (l *lines) fillExtended(w *work, v *vec.Vec) {
	out := cols.I64(v, w.rows)
	part, q := l.i64(w, scratchPartkey, l.partkey), l.i64(w, scratchQuantity, quantity)
	for i := range out {
		out[i] = price(part[i]) * q[i]
	}
}

// fillReturnFlag draws R or A for lines that were received; the others take no draw.
func (l *lines) fillReturnFlag(w *work, v *vec.Vec) {
	out := cols.Codes(v, flagDict, w.rows)
	receipt := l.receiptDates(w)
	start := returnFlag.at(w.from)
	pos := 0
	for _, c := range w.counts {
		used := 0
		for k := pos; k < pos+int(c); k++ {
			received := 0
			if receipt[k] <= currentDate {
				received = 1
			}
			used += received
			flag := int32(pick(mulmod(start, powers[used]), 2))
			if received == 0 {
				flag = 2
			}
			out[k] = flag
		}
		pos += int(c)
		start = mulmod(start, powers[maxLines])
	}
}

func (l *lines) fillLineStatus(w *work, v *vec.Vec) {
	out := cols.Codes(v, lineStatus, w.rows)
	for i, d := range l.shipDates(w) {
		out[i] = int32(uint32(currentDate-d) >> 31) // 1 when later
	}
}

func fillLineComment(w *work, v *vec.Vec) {
	text := pool()
	off, data := cols.Strs(v, w.rows)
	start := lineComment.at(w.from)
	row := 0
	for _, c := range w.counts {
		x := start
		for range c {
			at, n := lineComment.cut(x)
			data = append(data, text[at:at+n]...)
			row++
			off[row] = int32(len(data))
			x = mulmod(x, powers[2])
		}
		start = mulmod(start, powers[2*maxLines])
	}
	cols.SetData(v, data)
}
