package expr

import (
	"fmt"
	"slices"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// Evaluator computes an expression for batches. It owns scratch memory, so each goroutine needs
// its own.
type Evaluator struct{ root node }

// node is one compiled expression. eval computes the live rows of b (those of sel, nil: all b.N);
// the result is good until the next call and may share memory with b.
type node interface {
	eval(b *vec.Batch, sel []int32) (*vec.Vec, error)
}

// Compile prepares e for evaluation.
func Compile(e Expr) (*Evaluator, error) {
	n, err := compile(e, &Context{Now: time.Now().UnixMicro()})
	if err != nil {
		return nil, err
	}
	return &Evaluator{root: n}, nil
}

// CompileAll prepares several expressions.
func CompileAll(es []Expr) ([]*Evaluator, error) {
	out := make([]*Evaluator, len(es))
	for i, e := range es {
		ev, err := Compile(e)
		if err != nil {
			return nil, err
		}
		out[i] = ev
	}
	return out, nil
}

// Eval computes the expression for the live rows of b: a vector of b.N rows in any form, good
// until the next call. It may be a column of b itself.
func (ev *Evaluator) Eval(b *vec.Batch) (*vec.Vec, error) { return ev.root.eval(b, b.Sel) }

func compile(e Expr, base *Context) (node, error) {
	switch e := e.(type) {
	case *Col:
		return colNode(e.Idx), nil
	case *Lit:
		return &litNode{vec.ConstVec(e.T, e.Val)}, nil
	case *Cast:
		return compileCast(e, base)
	case *In:
		return compileIn(e, base)
	case *Case:
		return compileCase(e, base)
	case *Call:
		switch e.Fn.Name {
		case "and", "or":
			return compileLogic(e, base)
		case "coalesce":
			return compileCoalesce(e, base)
		case "not_null":
			return compileNotNull(e, base)
		}
		return compileCall(e, base)
	}
	return nil, fmt.Errorf("expr: cannot compile %T", e)
}

func compileAll(es []Expr, base *Context) ([]node, error) {
	out := make([]node, len(es))
	for i, e := range es {
		n, err := compile(e, base)
		if err != nil {
			return nil, err
		}
		out[i] = n
	}
	return out, nil
}

type colNode int

func (c colNode) eval(b *vec.Batch, _ []int32) (*vec.Vec, error) { return b.Cols[c], nil }

type litNode struct{ v *vec.Vec }

func (l *litNode) eval(*vec.Batch, []int32) (*vec.Vec, error) { return l.v, nil }

// callNode applies a kernel. It takes care of nulls, constants and dictionaries, so that kernels
// see flat and constant vectors only.
type callNode struct {
	fn   *Func
	ctx  Context
	kids []node
	args []*vec.Vec
	flat []*vec.Vec // scratch for flattened dictionary arguments
	out  *vec.Vec
	sel  []int32 // scratch: live rows without nulls

	dict    *vec.Vec // the dictionary that dictOut was computed for
	dictOut *vec.Vec
	failing *vec.Vec // a dictionary with an entry that cannot be computed
	dictVec vec.Vec  // result over dictOut
}

func compileCall(e *Call, base *Context) (node, error) {
	kids, err := compileAll(e.Args, base)
	if err != nil {
		return nil, err
	}
	ctx := *base
	ctx.Out = e.T
	for _, a := range e.Args {
		ctx.ArgTypes = append(ctx.ArgTypes, a.Type())
	}
	n := len(kids)
	return &callNode{fn: e.Fn, ctx: ctx, kids: kids, args: make([]*vec.Vec, n), flat: make([]*vec.Vec, n), out: vec.New(e.T, 0)}, nil
}

func (c *callNode) eval(b *vec.Batch, sel []int32) (*vec.Vec, error) {
	dict, consts := -1, 0
	for i, k := range c.kids {
		v, err := k.eval(b, sel)
		if err != nil {
			return nil, err
		}
		c.args[i] = v
		switch v.Form {
		case vec.Dict:
			dict = i
		case vec.Const:
			consts++
		}
	}
	switch {
	case consts == len(c.args) && !c.fn.Volatile:
		return c.evalConst()
	case dict >= 0 && consts == len(c.args)-1 && c.overDict(dict, live(b, sel)):
		if out, err := c.evalDict(dict); err == nil || !c.fn.Fallible {
			return out, err
		}
	}
	for i, v := range c.args {
		if v.Form == vec.Dict {
			c.flat[i] = v.Flatten(c.flat[i], b.N, sel)
			c.args[i] = c.flat[i]
		}
	}
	if err := c.run(b.N, sel, c.out); err != nil {
		return nil, err
	}
	return c.out, nil
}

func live(b *vec.Batch, sel []int32) int {
	if sel != nil {
		return len(sel)
	}
	return b.N
}

// overDict decides whether to compute over dictionary entries. A fallible function may meet entries that no
// live row has: it is tried where entries are few, and rows are computed one by one when it fails.
func (c *callNode) overDict(i, rows int) bool {
	d := c.args[i].Dict
	switch {
	case c.fn.NotStrict || c.fn.Volatile || d == c.failing:
		return false
	case d == c.dict:
		return true
	case c.fn.Fallible:
		return d.Len() <= rows/4
	}
	return d.Len() <= 4*rows
}

func (c *callNode) evalDict(i int) (*vec.Vec, error) {
	v := c.args[i]
	if v.Dict != c.dict {
		c.args[i] = v.Dict
		out := vec.New(c.ctx.Out, 0)
		err := c.run(v.Dict.Len(), nil, out)
		c.args[i] = v
		if err != nil {
			c.failing = v.Dict
			return nil, err
		}
		c.dict, c.dictOut = v.Dict, out
	}
	c.dictVec = vec.Vec{Type: c.ctx.Out, Form: vec.Dict, Dict: c.dictOut, Codes: v.Codes, Valid: v.Valid}
	return &c.dictVec, nil
}

func (c *callNode) evalConst() (*vec.Vec, error) {
	if err := c.run(1, nil, c.out); err != nil {
		return nil, err
	}
	c.out.Form = vec.Const
	return c.out, nil
}

// run calls the kernel over flat and constant arguments of n rows.
func (c *callNode) run(n int, sel []int32, out *vec.Vec) error {
	valid := out.Valid
	out.Type = c.ctx.Out
	out.Resize(n)
	if !c.fn.NotStrict {
		for _, a := range c.args {
			if a.Form == vec.Const {
				if !a.Valid.Get(0) { // all rows are null
					out.Valid = vec.AndInto(valid, allNull(n), nil, n)
					return nil
				}
				continue
			}
			if a.Valid != nil {
				if out.Valid == nil {
					out.Valid = vec.AndInto(valid, a.Valid, nil, n)
				} else {
					out.Valid = vec.AndInto(out.Valid, out.Valid, a.Valid, n)
				}
			}
		}
		if out.Valid != nil && c.fn.Fallible {
			c.sel = selectValid(c.sel[:0], out.Valid, n, sel)
			if sel = c.sel; len(sel) == 0 {
				return nil
			}
		}
	}
	return c.fn.Kernel(&c.ctx, c.args, n, sel, out)
}

func allNull(n int) vec.Bitmap { return make(vec.Bitmap, (n+63)/64) }

// selectValid appends to dst the rows of sel (nil: all n) that are not null. The result is not nil.
func selectValid(dst []int32, valid vec.Bitmap, n int, sel []int32) []int32 {
	dst = slices.Grow(dst, n)
	if sel == nil {
		for i := 0; i < n; i++ {
			if valid.Get(i) {
				dst = append(dst, int32(i))
			}
		}
		return dst
	}
	for _, i := range sel {
		if valid.Get(int(i)) {
			dst = append(dst, i)
		}
	}
	return dst
}
