package expr

import (
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
		&Func{Name: "coalesce", Category: "Logic", Args: "a, b, …", NotStrict: true, Resolve: resolveUnify,
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
func pick(args []*vec.Vec, n int, sel []int32, out *vec.Vec, choose func(i int) int) error {
	setter := newPicker(args, n, out)
	each(n, sel, func(i int) { setter.set(i, choose(i)) })
	return setter.finish(n)
}

func kernelNullif(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	return pick(a, n, sel, out, func(i int) int {
		if a[0].IsNull(i) || !a[1].IsNull(i) && vec.CompareRows(a[0], i, a[1], i) == 0 {
			return -1
		}
		return 0
	})
}

func kernelExtreme(sign int) Kernel {
	return func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
		return pick(a, n, sel, out, func(i int) int {
			best := -1
			for k, v := range a {
				if !v.IsNull(i) && (best < 0 || vec.CompareRows(v, i, a[best], i)*sign > 0) {
					best = k
				}
			}
			return best
		})
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
