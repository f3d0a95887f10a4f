package expr

import (
	"fmt"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// Predicate selects the rows for which a BOOLEAN expression is true (not false, not null). Like an
// Evaluator it belongs to one goroutine.
type Predicate struct {
	terms []term
	sels  [2][]int32
}

// term is one conjunct: select appends to dst the live rows for which it is true.
type term interface {
	sel(dst []int32, b *vec.Batch, sel []int32) ([]int32, error)
}

// CompilePredicate prepares e, whose conjuncts are tried one after the other on the rows that are
// left.
func CompilePredicate(e Expr) (*Predicate, error) {
	base := &Context{Now: time.Now().UnixMicro()}
	p := &Predicate{}
	for _, c := range SplitAnd(e) {
		t, err := compileTerm(c, base)
		if err != nil {
			return nil, err
		}
		p.terms = append(p.terms, t)
	}
	return p, nil
}

// Select is the live rows of b for which the predicate is true, increasing; nil means all rows of
// b, and no rows is an empty slice. It is good until the next call.
func (p *Predicate) Select(b *vec.Batch) ([]int32, error) {
	sel := b.Sel
	for k, t := range p.terms {
		dst := p.sels[k&1][:0]
		if cap(dst) < b.N {
			dst = make([]int32, 0, max(b.N, vec.MaxRows))
		}
		out, err := t.sel(dst, b, sel)
		if err != nil {
			return nil, err
		}
		p.sels[k&1] = out
		if sel = out; len(sel) == 0 {
			return out, nil
		}
	}
	if sel != nil && len(sel) == b.N {
		return nil, nil
	}
	return sel, nil
}

func compileTerm(e Expr, base *Context) (term, error) {
	if c, ok := e.(*Call); ok {
		switch {
		case c.Fn.Name == "or":
			return compileOr(c, base)
		case isCompare(c.Fn.Name):
			return compileCompareTerm(c, base)
		}
	}
	n, err := compile(e, base)
	if err != nil {
		return nil, err
	}
	if k := e.Type().Kind; k != vec.Bool && k != vec.Null {
		return nil, fmt.Errorf("%w: condition is %s, not BOOLEAN", ErrArguments, e.Type())
	}
	return &boolTerm{n}, nil
}

// boolTerm evaluates to a BOOLEAN vector and keeps the true rows.
type boolTerm struct{ n node }

func (t *boolTerm) sel(dst []int32, b *vec.Batch, sel []int32) ([]int32, error) {
	v, err := t.n.eval(b, sel)
	if err != nil {
		return nil, err
	}
	return selectTrue(dst, v, b.N, sel), nil
}

// selectTrue appends the live rows where v is true.
func selectTrue(dst []int32, v *vec.Vec, n int, sel []int32) []int32 {
	switch v.Form {
	case vec.Const:
		if !v.Valid.Get(0) || !v.B[0] {
			return dst
		}
		return appendAll(dst, n, sel)
	case vec.Dict:
		return selectDict(dst, v, n, sel)
	}
	k := len(dst)
	if sel == nil {
		dst = dst[:k+n]
		for i, t := range v.B[:n] {
			dst[k] = int32(i)
			k += b2i(t && v.Valid.Get(i))
		}
		return dst[:k]
	}
	dst = dst[:k+len(sel)]
	for _, i := range sel {
		dst[k] = i
		k += b2i(v.B[i] && v.Valid.Get(int(i)))
	}
	return dst[:k]
}

// selectDict looks up each code in a table of the dictionary's answers.
func selectDict(dst []int32, v *vec.Vec, n int, sel []int32) []int32 {
	d := v.Dict
	k := len(dst)
	if d.Valid == nil && v.Valid == nil && sel == nil {
		dst = dst[:k+n]
		for i, c := range v.Codes[:n] {
			dst[k] = int32(i)
			k += b2i(d.B[c])
		}
		return dst[:k]
	}
	if d.Valid == nil && v.Valid == nil {
		dst = dst[:k+len(sel)]
		for _, i := range sel {
			dst[k] = i
			k += b2i(d.B[v.Codes[i]])
		}
		return dst[:k]
	}
	each(n, sel, func(i int) {
		if c := v.Codes[i]; v.Valid.Get(i) && d.Valid.Get(int(c)) && d.B[c] {
			dst = append(dst, int32(i))
		}
	})
	return dst
}

func b2i(b bool) int {
	var x int
	if b {
		x = 1
	}
	return x
}

func appendAll(dst []int32, n int, sel []int32) []int32 {
	if sel != nil {
		return append(dst, sel...)
	}
	for i := 0; i < n; i++ {
		dst = append(dst, int32(i))
	}
	return dst
}

func each(n int, sel []int32, f func(i int)) {
	if sel == nil {
		for i := 0; i < n; i++ {
			f(i)
		}
		return
	}
	for _, i := range sel {
		f(int(i))
	}
}

// orTerm tries its operands on the rows that none before it kept, and merges.
type orTerm struct {
	kids []*Predicate
	keep []bool
	rest []int32
}

func compileOr(c *Call, base *Context) (term, error) {
	t := &orTerm{}
	for _, a := range c.Args {
		p := &Predicate{}
		for _, x := range SplitAnd(a) {
			k, err := compileTerm(x, base)
			if err != nil {
				return nil, err
			}
			p.terms = append(p.terms, k)
		}
		t.kids = append(t.kids, p)
	}
	return t, nil
}

func (t *orTerm) sel(dst []int32, b *vec.Batch, sel []int32) ([]int32, error) {
	if cap(t.keep) < b.N {
		t.keep = make([]bool, max(b.N, vec.MaxRows))
	}
	keep := t.keep[:b.N]
	clear(keep)
	rest := appendAll(t.rest[:0], b.N, sel)
	t.rest = rest
	for _, p := range t.kids {
		got, err := p.Select(&vec.Batch{Cols: b.Cols, N: b.N, Sel: rest})
		if err != nil {
			return nil, err
		}
		if got == nil {
			got = rest
		}
		for _, i := range got {
			keep[i] = true
		}
		k := 0
		for _, i := range rest {
			rest[k] = i
			k += b2i(!keep[i])
		}
		if rest = rest[:k]; k == 0 {
			break
		}
	}
	each(b.N, sel, func(i int) {
		if keep[i] {
			dst = append(dst, int32(i))
		}
	})
	return dst, nil
}
