package expr

import (
	"fmt"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func init() {
	logic := func(a []vec.Type) ([]vec.Type, vec.Type, bool) {
		want := make([]vec.Type, len(a))
		for i, t := range a {
			if t.Kind != vec.Bool && t.Kind != vec.Null {
				return nil, vec.Type{}, false
			}
			want[i] = vec.TBool
		}
		return want, vec.TBool, true
	}
	anyToBool := func(a []vec.Type) ([]vec.Type, vec.Type, bool) { return a, vec.TBool, len(a) == 1 }
	register(
		&Func{Name: "and", Category: "Logic", Args: "a AND b", Infix: true, NotStrict: true, Resolve: logic,
			Doc: "True when both are; false when one is; else NULL.", Example: "true AND NULL -> NULL"},
		&Func{Name: "or", Category: "Logic", Args: "a OR b", Infix: true, NotStrict: true, Resolve: logic,
			Doc: "True when one is; false when both are; else NULL.", Example: "true OR NULL -> true"},
		&Func{Name: "not", Category: "Logic", Args: "NOT a", Resolve: func(a []vec.Type) ([]vec.Type, vec.Type, bool) {
			if len(a) != 1 {
				return nil, vec.Type{}, false
			}
			return logic(a)
		}, Doc: "The opposite; NULL stays NULL.", Example: "NOT true -> false", Kernel: kernelNot},
		&Func{Name: "is_null", Category: "Logic", Args: "a IS NULL", NotStrict: true, Resolve: anyToBool, Kernel: kernelIsNull(true),
			Doc: "True for NULL.", Example: "NULL IS NULL -> true"},
		&Func{Name: "is_not_null", Category: "Logic", Args: "a IS NOT NULL", NotStrict: true, Resolve: anyToBool, Kernel: kernelIsNull(false),
			Doc: "False for NULL.", Example: "NULL IS NOT NULL -> false"},
		&Func{Name: "is_true", Category: "Logic", Args: "a IS TRUE", NotStrict: true, Resolve: logic, Kernel: kernelIs(true),
			Doc: "True for true, false for false and NULL.", Example: "NULL IS TRUE -> false"},
		&Func{Name: "is_false", Category: "Logic", Args: "a IS FALSE", NotStrict: true, Resolve: logic, Kernel: kernelIs(false),
			Doc: "True for false, false for true and NULL.", Example: "NULL IS FALSE -> false"},
		&Func{Name: "coalesce", Category: "Logic", Args: "a, b, …", NotStrict: true, Resolve: resolveUnify, Kernel: kernelCoalesce,
			Doc: "The first argument that is not NULL.", Example: "coalesce(NULL, 2, 3) -> 2"},
		&Func{Name: "nullif", Category: "Logic", Args: "a, b", NotStrict: true, Resolve: func(a []vec.Type) ([]vec.Type, vec.Type, bool) {
			if len(a) != 2 {
				return nil, vec.Type{}, false
			}
			return resolveUnify(a)
		}, Kernel: kernelNullif, Doc: "NULL when both are equal, else the first.", Example: "nullif(1, 1) -> NULL"},
		&Func{Name: "greatest", Category: "Logic", Args: "a, b, …", NotStrict: true, Resolve: resolveUnify, Kernel: kernelExtreme(1),
			Doc: "The largest argument, NULLs left out.", Example: "greatest(1, 3, 2) -> 3"},
		&Func{Name: "least", Category: "Logic", Args: "a, b, …", NotStrict: true, Resolve: resolveUnify, Kernel: kernelExtreme(-1),
			Doc: "The smallest argument, NULLs left out.", Example: "least(1, 3, 2) -> 1"},
	)
	alias("ifnull", "coalesce")
}

// resolveUnify wants arguments of one common type and gives that type.
func resolveUnify(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) == 0 {
		return nil, vec.Type{}, false
	}
	t := a[0]
	for _, u := range a[1:] {
		var ok bool
		if t, ok = Common(t, u); !ok {
			return nil, vec.Type{}, false
		}
	}
	want := make([]vec.Type, len(a))
	for i := range want {
		want[i] = t
	}
	return want, t, true
}

func kernelNot(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	each(n, sel, func(i int) { out.B[i] = !a[0].B[a[0].Index(i)] })
	return nil
}

func kernelIsNull(want bool) Kernel {
	return func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
		each(n, sel, func(i int) { out.B[i] = a[0].IsNull(i) == want })
		return nil
	}
}

func kernelIs(want bool) Kernel {
	return func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
		each(n, sel, func(i int) { out.B[i] = !a[0].IsNull(i) && a[0].B[a[0].Index(i)] == want })
		return nil
	}
}

// pick fills out, row by row, with the argument whose number choose returns; -1 is NULL.
func pick(args []*vec.Vec, n int, sel []int32, out *vec.Vec, choose func(i int) int) {
	setter := newPicker(args, n, out)
	each(n, sel, func(i int) { setter.set(i, choose(i)) })
	setter.finish(n)
}

func kernelCoalesce(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	pick(a, n, sel, out, func(i int) int {
		for k, v := range a {
			if !v.IsNull(i) {
				return k
			}
		}
		return -1
	})
	return nil
}

func kernelNullif(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	pick(a, n, sel, out, func(i int) int {
		if a[0].IsNull(i) || !a[1].IsNull(i) && vec.CompareRows(a[0], i, a[1], i) == 0 {
			return -1
		}
		return 0
	})
	return nil
}

func kernelExtreme(sign int) Kernel {
	return func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
		pick(a, n, sel, out, func(i int) int {
			best := -1
			for k, v := range a {
				if !v.IsNull(i) && (best < 0 || vec.CompareRows(v, i, a[best], i)*sign > 0) {
					best = k
				}
			}
			return best
		})
		return nil
	}
}

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
		p.out.Data = append(p.out.Data, v.Data[v.Off[j]:v.Off[j+1]]...)
	}
}

func (p *picker) finish(n int) {
	if p.out.Type.Phys() == vec.PhysStr {
		for ; p.at <= n; p.at++ {
			p.out.Off[p.at] = int32(len(p.out.Data))
		}
	}
}

// logicNode is AND or OR. An operand is evaluated only for the rows that the ones before it did
// not decide, so "x <> 0 AND 1/x > 2" is safe.
type logicNode struct {
	kids []node
	and  bool
	out  *vec.Vec
	rest []int32
}

func compileLogic(e *Call, base *Context) (node, error) {
	kids, err := compileAll(e.Args, base)
	if err != nil {
		return nil, err
	}
	return &logicNode{kids: kids, and: e.Fn.Name == "and", out: vec.New(vec.TBool, 0)}, nil
}

func (l *logicNode) eval(b *vec.Batch, sel []int32) (*vec.Vec, error) {
	l.out.Type = vec.TBool
	l.out.Resize(b.N)
	l.rest = appendAll(l.rest[:0], b.N, sel)
	each(b.N, sel, func(i int) { l.out.B[i] = l.and })
	var null vec.Bitmap
	rest := l.rest
	for _, k := range l.kids {
		if len(rest) == 0 {
			break
		}
		v, err := k.eval(b, rest)
		if err != nil {
			return nil, err
		}
		base := v.Base()
		m := 0
		for _, i := range rest {
			if v.IsNull(int(i)) {
				if null == nil {
					null = vec.NewBitmap(b.N)
				}
				null.Clear(int(i))
				rest[m] = i
				m++
			} else if x := base.B[v.Index(int(i))]; x == l.and {
				rest[m] = i
				m++
			} else { // decided, whatever was null before
				l.out.B[i] = x
				if null != nil {
					null.Set(int(i))
				}
			}
		}
		rest = rest[:m]
	}
	l.out.Valid = null
	return l.out, nil
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
	pick(args, b.N, sel, c.out, func(i int) int { return int(taken[i]) })
	return c.out, nil
}

func (c *caseNode) branch(n node, b *vec.Batch, sel []int32) (*vec.Vec, error) {
	if len(sel) == 0 {
		return nil, nil
	}
	return n.eval(b, sel)
}

// inNode looks values up in a set of constants.
type inNode struct {
	arg     node
	ints    map[int64]struct{}
	strs    map[string]struct{}
	vals    []vec.Value
	hasNull bool
	dict    *vec.Vec
	hit     []bool // by dictionary entry
	out     *vec.Vec
}

func compileIn(e *In, base *Context) (node, error) {
	arg, err := compile(e.Arg, base)
	if err != nil {
		return nil, err
	}
	n := &inNode{arg: arg, hasNull: e.HasNull, vals: e.List, out: vec.New(vec.TBool, 0)}
	switch e.Arg.Type().Phys() {
	case vec.PhysI32, vec.PhysI64, vec.PhysBool:
		n.ints = make(map[int64]struct{}, len(e.List))
		for _, v := range e.List {
			n.ints[v.I] = struct{}{}
		}
	case vec.PhysStr:
		n.strs = make(map[string]struct{}, len(e.List))
		for _, v := range e.List {
			n.strs[v.S] = struct{}{}
		}
	}
	return n, nil
}

func (n *inNode) has(v *vec.Vec, i int) bool {
	switch {
	case n.strs != nil:
		_, ok := n.strs[string(v.Data[v.Off[i]:v.Off[i+1]])]
		return ok
	case n.ints != nil:
		var x int64
		switch v.Type.Phys() {
		case vec.PhysI32:
			x = int64(v.I32[i])
		case vec.PhysI64:
			x = v.I64[i]
		default:
			x = int64(b2i(v.B[i]))
		}
		_, ok := n.ints[x]
		return ok
	}
	for _, w := range n.vals {
		if vec.CompareValues(v.Type, v.Value(i), w) == 0 {
			return true
		}
	}
	return false
}

func (n *inNode) eval(b *vec.Batch, sel []int32) (*vec.Vec, error) {
	v, err := n.arg.eval(b, sel)
	if err != nil {
		return nil, err
	}
	n.out.Type = vec.TBool
	n.out.Resize(b.N)
	base := v.Base()
	byCode := v.Form == vec.Dict && (v.Dict == n.dict || v.Dict.Len() <= 4*live(b, sel))
	if byCode && v.Dict != n.dict {
		n.dict, n.hit = v.Dict, make([]bool, v.Dict.Len())
		for c := range n.hit {
			n.hit[c] = n.has(v.Dict, c)
		}
	}
	nulls := v.MayHaveNulls() || n.hasNull
	each(b.N, sel, func(i int) {
		if nulls && v.IsNull(i) {
			n.out.SetNull(i)
			return
		}
		hit := false
		if byCode {
			hit = n.hit[v.Codes[i]]
		} else {
			hit = n.has(base, v.Index(i))
		}
		if n.out.B[i] = hit; !hit && n.hasNull {
			n.out.SetNull(i)
		}
	})
	return n.out, nil
}

// NewIn builds "arg IN (list)": a set look-up when all of list is constant, else comparisons
// joined by OR.
func NewIn(arg Expr, list []Expr) (Expr, error) {
	cast, err := Unify(append([]Expr{arg}, list...))
	if err != nil {
		return nil, fmt.Errorf("IN list: %w", err)
	}
	in := &In{Arg: cast[0]}
	for _, x := range cast[1:] {
		if !IsConst(x) {
			return inByCompare(cast[0], cast[1:])
		}
		l, err := Fold(x)
		if err != nil {
			return nil, err
		}
		if l.Val.Null {
			in.HasNull = true
		} else {
			in.List = append(in.List, l.Val)
		}
	}
	return in, nil
}

func inByCompare(arg Expr, list []Expr) (Expr, error) {
	var ors []Expr
	for _, x := range list {
		eq, err := NewCall("=", arg, x)
		if err != nil {
			return nil, err
		}
		ors = append(ors, eq)
	}
	if len(ors) == 1 {
		return ors[0], nil
	}
	return NewCall("or", ors...)
}
