package expr

import (
	"cmp"
	"unsafe"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// cmpOp is a comparison; the order lets swap and negate be small.
type cmpOp uint8

const (
	opEq cmpOp = iota
	opNe
	opLt
	opLe
	opGt
	opGe
)

var cmpNames = map[string]cmpOp{"=": opEq, "<>": opNe, "<": opLt, "<=": opLe, ">": opGt, ">=": opGe}

func isCompare(name string) bool { _, ok := cmpNames[name]; return ok }

// swap is the operator with its operands exchanged.
func (o cmpOp) swap() cmpOp {
	switch o {
	case opLt:
		return opGt
	case opLe:
		return opGe
	case opGt:
		return opLt
	case opGe:
		return opLe
	}
	return o
}

// holds tells whether a three-way result satisfies the operator.
func (o cmpOp) holds(c int) bool {
	switch o {
	case opEq:
		return c == 0
	case opNe:
		return c != 0
	case opLt:
		return c < 0
	case opLe:
		return c <= 0
	case opGt:
		return c > 0
	}
	return c >= 0
}

func init() {
	for _, n := range []string{"=", "<>", "<", "<=", ">", ">="} {
		op := cmpNames[n]
		register(&Func{
			Name: n, Category: "Comparison", Args: "a " + n + " b", Infix: true,
			Doc:     "Compares two values; NULL when either is NULL.",
			Example: map[string]string{"=": "1 = 1 -> true", "<>": "1 <> 1 -> false", "<": "1 < 2 -> true", "<=": "2 <= 1 -> false", ">": "2 > 1 -> true", ">=": "1 >= 1 -> true"}[n],
			Resolve: resolveSame, Kernel: func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
				compareInto(op, a[0], a[1], n, sel, out.B)
				return nil
			},
		})
	}
	alias("!=", "<>")
	alias("==", "=")
	register(
		&Func{Name: "is_distinct_from", Category: "Comparison", Args: "a IS DISTINCT FROM b", NotStrict: true,
			Doc: "Compares two values with NULL as a value of its own.", Example: "NULL IS DISTINCT FROM 1 -> true",
			Resolve: resolveSame, Kernel: kernelDistinct(true)},
		&Func{Name: "is_not_distinct_from", Category: "Comparison", Args: "a IS NOT DISTINCT FROM b", NotStrict: true,
			Doc: "The opposite of IS DISTINCT FROM.", Example: "NULL IS NOT DISTINCT FROM NULL -> true",
			Resolve: resolveSame, Kernel: kernelDistinct(false)},
	)
}

// resolveSame wants two arguments of one type and gives BOOLEAN.
func resolveSame(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 2 {
		return nil, vec.Type{}, false
	}
	t, ok := Common(a[0], a[1])
	return []vec.Type{t, t}, vec.TBool, ok
}

func kernelDistinct(distinct bool) Kernel {
	return func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
		each(n, sel, func(i int) { out.B[i] = vec.EqualRows(a[0], i, a[1], i) != distinct })
		return nil
	}
}

// compareInto writes a op b for live rows; rows with nulls get any value.
func compareInto(op cmpOp, a, b *vec.Vec, n int, sel []int32, out []bool) {
	if a.Form == vec.Const && b.Form != vec.Const {
		a, b, op = b, a, op.swap()
	}
	switch a.Type.Phys() {
	case vec.PhysI32:
		compareSlots(op, a.I32, b.I32, b.Form == vec.Const, n, sel, out)
	case vec.PhysI64:
		compareSlots(op, a.I64, b.I64, b.Form == vec.Const, n, sel, out)
	default:
		each(n, sel, func(i int) { out[i] = op.holds(vec.CompareRows(a, i, b, i)) })
	}
}

func compareSlots[T int32 | int64](op cmpOp, a, b []T, constant bool, n int, sel []int32, out []bool) {
	if !constant || sel != nil {
		at := func(i int) T { return b[i] }
		if constant {
			c := b[0]
			at = func(int) T { return c }
		}
		each(n, sel, func(i int) { out[i] = op.holds(cmp.Compare(a[i], at(i))) })
		return
	}
	c := b[0]
	a, out = a[:n], out[:n]
	switch op {
	case opEq:
		for i, x := range a {
			out[i] = x == c
		}
	case opNe:
		for i, x := range a {
			out[i] = x != c
		}
	case opLt:
		for i, x := range a {
			out[i] = x < c
		}
	case opLe:
		for i, x := range a {
			out[i] = x <= c
		}
	case opGt:
		for i, x := range a {
			out[i] = x > c
		}
	case opGe:
		for i, x := range a {
			out[i] = x >= c
		}
	}
}

// cmpTerm is a comparison as a conjunct: it writes the selection at once, without a BOOLEAN vector
// between, for the kinds whose loops are worth it.
type cmpTerm struct {
	op   cmpOp
	a, b node
	call *boolTerm // for everything else
}

func compileCompareTerm(c *Call, base *Context) (term, error) {
	n, err := compileCall(c, base)
	if err != nil {
		return nil, err
	}
	call := n.(*callNode)
	t := &boolTerm{call}
	switch c.Args[0].Type().Phys() {
	case vec.PhysI32, vec.PhysI64, vec.PhysF64:
		return &cmpTerm{op: cmpNames[c.Fn.Name], a: call.kids[0], b: call.kids[1], call: t}, nil
	}
	return t, nil
}

func (t *cmpTerm) sel(dst []int32, b *vec.Batch, sel []int32) ([]int32, error) {
	x, err := t.a.eval(b, sel)
	if err != nil {
		return nil, err
	}
	y, err := t.b.eval(b, sel)
	if err != nil {
		return nil, err
	}
	op := t.op
	if x.Form == vec.Const {
		x, y, op = y, x, op.swap()
	}
	if x.Form != vec.Flat || y.Form == vec.Dict || x.Valid != nil || y.Valid != nil {
		return t.call.sel(dst, b, sel)
	}
	constant := y.Form == vec.Const
	switch x.Type.Phys() {
	case vec.PhysI32:
		return selectCompare(op, x.I32, y.I32, constant, dst, b.N, sel), nil
	case vec.PhysI64:
		return selectCompare(op, x.I64, y.I64, constant, dst, b.N, sel), nil
	}
	return selectFloats(op, x.F64, y.F64, constant, dst, b.N, sel), nil
}

// selectCompare appends the live rows with a op b. The loops have no branch on the data: the row
// is always written, and the length grows by the truth of the comparison.
func selectCompare[T int32 | int64](op cmpOp, a, b []T, constant bool, dst []int32, n int, sel []int32) []int32 {
	if !constant {
		each(n, sel, func(i int) {
			if op.holds(cmp.Compare(a[i], b[i])) {
				dst = append(dst, int32(i))
			}
		})
		return dst
	}
	lo, hi, not := constRange(op, b[0])
	if sel == nil {
		return selectRangeAll(a[:n], lo, hi, not, dst)
	}
	k := len(dst)
	dst = dst[:k+len(sel)]
	for _, i := range sel {
		x := a[i]
		dst[k] = i
		k += b2i((x >= lo && x <= hi) != not)
	}
	return dst[:k]
}

func selectRangeAll[T int32 | int64](a []T, lo, hi T, not bool, dst []int32) []int32 {
	k := len(dst)
	dst = dst[:k+len(a)]
	for i, x := range a {
		dst[k] = int32(i)
		k += b2i((x >= lo && x <= hi) != not)
	}
	return dst[:k]
}

// constRange turns a comparison with a constant into a closed range, so that one loop serves all
// six operators. An empty range is the complement of everything.
func constRange[T int32 | int64](op cmpOp, c T) (lo, hi T, not bool) {
	minT := T(1) << 31 // the smallest T: the sign bit alone
	if unsafe.Sizeof(minT) == 8 {
		minT = minT << 31 << 1
	}
	maxT := ^minT
	switch op {
	case opEq:
		return c, c, false
	case opNe:
		return c, c, true
	case opLe:
		return minT, c, false
	case opGe:
		return c, maxT, false
	case opLt: // not (x >= c)
		return c, maxT, true
	}
	return minT, c, true // opGt: not (x <= c)
}

func selectFloats(op cmpOp, a, b []float64, constant bool, dst []int32, n int, sel []int32) []int32 {
	each(n, sel, func(i int) {
		y := b[0]
		if !constant {
			y = b[i]
		}
		if op.holds(vec.CompareFloats(a[i], y)) {
			dst = append(dst, int32(i))
		}
	})
	return dst
}
