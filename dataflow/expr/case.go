package expr

import (
	"github.com/riffle-io/riffle/dataflow/vec"
)

// picker copies single values from several vectors of one type into one, rows in increasing order.
type picker struct {
	args []*vec.Vec
	out  *vec.Vec
	n    int
	at   int // strings: rows below have their offset
}

func newPicker(args []*vec.Vec, n int, out *vec.Vec) *picker {
	return &picker{args: args, out: out, n: n}
}

func (p *picker) set(i, arg int) {
	if p.out.Type.Phys() == vec.PhysStr {
		for ; p.at <= i; p.at++ {
			p.out.Off[p.at] = int32(len(p.out.Data))
		}
	}
	if arg < 0 || p.args[arg].IsNull(i) {
		p.out.SetNull(i)
		return
	}
	v := p.args[arg].Base()
	j := p.args[arg].Index(i)
	switch p.out.Type.Phys() {
	case vec.PhysBool:
		p.out.B[i] = v.B[j]
	case vec.PhysI32:
		p.out.I32[i] = v.I32[j]
	case vec.PhysI64:
		p.out.I64[i] = v.I64[j]
	case vec.PhysI128:
		p.out.I128[i] = v.I128[j]
	case vec.PhysF64:
		p.out.F64[i] = v.F64[j]
	case vec.PhysIv:
		p.out.Iv[i] = v.Iv[j]
	default:
		if len(p.out.Data) <= maxColumn {
			p.out.Data = append(p.out.Data, v.Data[v.Off[j]:v.Off[j+1]]...)
		}
	}
}

func (p *picker) finish(n int) error {
	if p.out.Type.Phys() == vec.PhysStr {
		for ; p.at <= n; p.at++ {
			p.out.Off[p.at] = int32(len(p.out.Data))
		}
		if len(p.out.Data) > maxColumn {
			return errColumn(n)
		}
	}
	return nil
}

// caseNode evaluates each branch only for the rows that take it.
type caseNode struct {
	conds []*Predicate
	thens []node
	els   node
	t     vec.Type
	rest  []int32
	taken []int32 // scratch: branch of each row
	out   *vec.Vec
}

func compileCase(e *Case, base *Context) (node, error) {
	c := &caseNode{t: e.Type(), out: vec.New(e.Type(), 0)}
	for _, w := range e.Whens {
		p := &Predicate{}
		for _, x := range SplitAnd(w.Cond) {
			t, err := compileTerm(x, base)
			if err != nil {
				return nil, err
			}
			p.terms = append(p.terms, t)
		}
		n, err := compile(w.Then, base)
		if err != nil {
			return nil, err
		}
		c.conds, c.thens = append(c.conds, p), append(c.thens, n)
	}
	n, err := compile(e.Else, base)
	c.els = n
	return c, err
}

func (c *caseNode) eval(b *vec.Batch, sel []int32) (*vec.Vec, error) {
	if cap(c.taken) < b.N {
		c.taken = make([]int32, max(b.N, vec.MaxRows))
	}
	taken := c.taken[:b.N]
	each(b.N, sel, func(i int) { taken[i] = int32(len(c.thens)) })
	rest := appendAll(c.rest[:0], b.N, sel)
	c.rest = rest
	args := make([]*vec.Vec, len(c.thens)+1)
	for k, p := range c.conds {
		got, err := p.Select(&vec.Batch{Cols: b.Cols, N: b.N, Sel: rest})
		if err != nil {
			return nil, err
		}
		if got == nil {
			got = rest
		}
		if args[k], err = c.branch(c.thens[k], b, got); err != nil {
			return nil, err
		}
		for _, i := range got {
			taken[i] = int32(k)
		}
		m := 0
		for _, i := range rest {
			rest[m] = i
			m += b2i(taken[i] == int32(len(c.thens)))
		}
		rest = rest[:m]
	}
	var err error
	if args[len(c.thens)], err = c.branch(c.els, b, rest); err != nil {
		return nil, err
	}
	c.out.Type = c.t
	c.out.Resize(b.N)
	err = pick(args, b.N, sel, c.out, func(i int) int { return int(taken[i]) })
	return c.out, err
}

func (c *caseNode) branch(n node, b *vec.Batch, sel []int32) (*vec.Vec, error) {
	if len(sel) == 0 {
		return nil, nil
	}
	return n.eval(b, sel)
}
