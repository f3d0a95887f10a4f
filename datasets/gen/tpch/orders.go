package tpch

import (
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen/internal/cols"
)

// Days since 1970.
const (
	startDate   = 8035 // 1992-01-01, the first order date
	currentDate = 9298 // 1995-06-17: what is later has not happened yet
	orderDays   = 2406 // order dates; the last leaves 151 days to ship and receive
)

// orderKey leaves three of four keys unused: bits 3 and 4 are 0.
func orderKey(order int64) int64 { return order>>3<<5 | order&7 }

var (
	orderDate = uniform{stream{1066728069, 1}, startDate, orderDays, 1}
	lineCount = uniform{stream{1434868289, 1}, 1, maxLines, 1}
)

// orderDates is the date of each order.
func (w *work) orderDates() []int32 {
	s := &w.i32[scratchOrderDate]
	if w.once(scratchOrderDate) {
		*s = cols.Grow(*s, w.n)
		perRow(orderDate, w.from, *s)
	}
	return *s
}

// lineCounts is the number of lines of each order, and lines their sum.
func (w *work) lineCounts() (counts []uint8, lines int) {
	if len(w.counts) == 0 {
		x := lineCount.at(w.from)
		for range w.n {
			x = next(x)
			w.counts = append(w.counts, uint8(pick(x, maxLines)+1))
		}
	}
	for _, c := range w.counts {
		lines += int(c)
	}
	return w.counts, lines
}

var priorityColumn = dictColumn("o_orderpriority", stream{591449447, 1}, priorities)

func orderColumns(s scale) []column {
	l := newLines(s)
	clerk := uniform{stream{1171034773, 1}, 1, s.clerks, 1}
	return []column{
		{field("o_orderkey", vec.TInt64), func(w *work, v *vec.Vec) {
			out := cols.I64(v, w.rows)
			for i := range out {
				out[i] = orderKey(w.from + int64(i) + 1)
			}
		}},
		{field("o_custkey", vec.TInt64), fillCustkey},
		{field("o_orderstatus", vec.TString), l.fillStatus},
		{field("o_totalprice", money), l.fillTotal},
		{field("o_orderdate", vec.TDate), func(w *work, v *vec.Vec) { copy(cols.I32(v, w.n), w.orderDates()) }},
		priorityColumn,
		{field("o_clerk", vec.TString), func(w *work, v *vec.Vec) { fillClerk(clerk, w, v) }},
		{field("o_shippriority", vec.TInt32), func(w *work, v *vec.Vec) { clear(cols.I32(v, w.n)) }},
		commentColumn("o_comment", comment{stream{276090261, 2}, 49}),
	}
}

// fillCustkey draws a customer; those divisible by three have no orders, a neighbor takes them.
func fillCustkey(w *work, v *vec.Vec) {
	out := cols.I64(v, w.rows)
	perRow(uniform{stream{851767375, 1}, 1, w.customers, 1}, w.from, out)
	for i, k := range out {
		for delta := int64(1); k%3 == 0; delta = -delta {
			k = min(k+delta, w.customers)
		}
		out[i] = k
	}
}

func fillClerk(clerk uniform, w *work, v *vec.Vec) {
	const prefix = "Clerk#"
	const width = len(prefix) + nameDigits
	w.i64[scratchOther] = cols.Grow(w.i64[scratchOther], w.rows)
	numbers := w.i64[scratchOther]
	perRow(clerk, w.from, numbers)
	data := cols.Widths(v, w.rows, width)
	for i, n := range numbers {
		b := data[i*width : (i+1)*width]
		copy(b, prefix)
		cols.Digits(b[len(prefix):], uint64(n))
	}
}

var orderStatus = cols.Dictionary("F", "O", "P")

// fillStatus writes F when all lines are shipped, O when none is, else P.
func (l *lines) fillStatus(w *work, v *vec.Vec) {
	out := cols.Codes(v, orderStatus, w.n)
	ship := l.shipDates(w)
	pos := 0
	for i, c := range w.counts {
		shipped := 0
		for _, d := range ship[pos : pos+int(c)] {
			if d <= currentDate {
				shipped++
			}
		}
		switch shipped {
		case int(c):
			out[i] = 0
		case 0:
			out[i] = 1
		default:
			out[i] = 2
		}
		pos += int(c)
	}
}

// fillTotal sums the lines' prices after discount and tax, each rounded down twice to cents.
func (l *lines) fillTotal(w *work, v *vec.Vec) {
	out := cols.I64(v, w.n)
	part, quantity := l.i64(w, scratchPartkey, l.partkey), l.i64(w, scratchQuantity, quantity)
	disc, tax := l.i64(w, scratchDiscount, discount), l.i64(w, scratchTax, tax)
	pos := 0
	for i, c := range w.counts {
		total := int64(0)
		for k := pos; k < pos+int(c); k++ {
			extended := price(part[k]) * quantity[k]
			total += extended * (100 - disc[k]) / 100 * (100 + tax[k]) / 100
		}
		out[i] = total
		pos += int(c)
	}
}
