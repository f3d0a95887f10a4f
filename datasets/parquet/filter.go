package parquet

import (
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// filter is conjuncts over the same columns.
type filter struct {
	e    expr.Expr
	cols []int // of the scan
	pred *expr.Predicate
	one  *dictFilter // when there is one column and an entry of a dictionary can be judged alone
}

// dictFilter is a filter over one column, computed for a dictionary's entries.
type dictFilter struct {
	dict     *vec.Vec // pass is for this one; nil: none yet
	pass     []bool   // by entry
	some     bool     // an entry passes
	all      bool     // every entry passes
	nullPass bool     // NULL passes
	tooLarge bool     // the dictionary is larger than what it would save
	batch    vec.Batch
	sel      []int32
}

// newFilters groups conjuncts. Those that cannot fail go first, joined by column; the others keep
// their order, since each may rely on those before it.
func newFilters(conjuncts []expr.Expr) ([]expr.Expr, []bool) {
	byCol := map[int][]expr.Expr{}
	var order []int
	var rest []expr.Expr
	for _, c := range conjuncts {
		for _, e := range expr.SplitAnd(c) {
			cols := expr.Columns(e)
			if len(cols) != 1 || !expr.Infallible(e) {
				rest = append(rest, e)
				continue
			}
			if byCol[cols[0]] == nil {
				order = append(order, cols[0])
			}
			byCol[cols[0]] = append(byCol[cols[0]], e)
		}
	}
	var out []expr.Expr
	var single []bool
	for _, c := range order {
		out, single = append(out, expr.And(byCol[c]...)), append(single, true)
	}
	for _, e := range rest {
		out, single = append(out, e), append(single, false)
	}
	return out, single
}

func compileFilters(es []expr.Expr, single []bool) ([]*filter, error) {
	out := make([]*filter, len(es))
	for i, e := range es {
		p, err := expr.CompilePredicate(e)
		if err != nil {
			return nil, err
		}
		out[i] = &filter{e: e, cols: expr.Columns(e), pred: p}
		if single[i] {
			out[i].one = &dictFilter{}
		}
	}
	return out, nil
}

// judge computes the filter for the entries of a column's dictionary, of which there are n; rows
// is how many rows will be looked up in it. width is the number of columns of a batch.
func (f *filter) judge(dict *vec.Vec, n, rows, width int) error {
	d := f.one
	if dict == d.dict {
		return nil
	}
	d.dict, d.pass = dict, grown(d.pass, n)
	d.some, d.all, d.nullPass = false, n > 0, false
	if d.tooLarge = n > rows/2 && n > 64; d.tooLarge {
		d.some, d.all = true, false
		return nil
	}
	if d.batch.Cols == nil {
		d.batch.Cols = make([]*vec.Vec, width)
	}
	clear(d.pass)
	d.batch.Cols[f.cols[0]], d.batch.N = dict, n
	sel, err := f.pred.Select(&d.batch)
	if err != nil {
		return err
	}
	if sel == nil {
		for i := range d.pass {
			d.pass[i] = true
		}
		d.some = n > 0
	} else {
		for _, i := range sel {
			d.pass[i] = true
		}
		d.some, d.all = len(sel) > 0, len(sel) == n
	}
	d.nullPass, err = f.passesNull(dict.Type)
	return err
}

// passesNull tells whether a row with NULL in the column passes.
func (f *filter) passesNull(t vec.Type) (bool, error) {
	d := f.one
	none := vec.New(t, 1)
	none.SetNull(0)
	d.batch.Cols[f.cols[0]], d.batch.N = none, 1
	sel, err := f.pred.Select(&d.batch)
	return sel == nil || len(sel) > 0, err
}

func grown(b []bool, n int) []bool {
	if cap(b) < n {
		return make([]bool, n)
	}
	return b[:n]
}

// sel keeps the rows of b, of which those in b.Sel are left, for which the filter is true; nil is
// all rows of b.
func (f *filter) sel(b *vec.Batch) ([]int32, error) {
	d := f.one
	if d == nil {
		return f.pred.Select(b)
	}
	v := b.Cols[f.cols[0]]
	if v.Form != vec.Dict || v.Dict != d.dict || d.tooLarge {
		return f.pred.Select(b)
	}
	if v.Valid == nil && d.all {
		return b.Sel, nil
	}
	n := b.Live()
	if cap(d.sel) < n {
		d.sel = make([]int32, max(n, vec.MaxRows))
	}
	out, k := d.sel[:n], 0
	switch {
	case v.Valid != nil:
		for i := 0; i < n; i++ {
			row := b.Row(i)
			ok := d.nullPass
			if v.Valid.Get(row) {
				ok = d.pass[v.Codes[row]]
			}
			out[k] = int32(row)
			k += b2i(ok)
		}
	case b.Sel == nil:
		pass := d.pass
		for i, c := range v.Codes[:n] {
			out[k] = int32(i)
			k += b2i(pass[c])
		}
	default:
		pass := d.pass
		for _, i := range b.Sel {
			out[k] = i
			k += b2i(pass[v.Codes[i]])
		}
	}
	if k == b.N {
		return nil, nil
	}
	return out[:k], nil
}

func b2i(b bool) int {
	var x int
	if b {
		x = 1
	}
	return x
}
