package expr

import (
	"fmt"

	"github.com/riffle-io/riffle/dataflow/vec"
)

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
