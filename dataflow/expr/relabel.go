package expr

import "github.com/riffle-io/riffle/dataflow/vec"

// relabels tells whether every value of one type is stored with the same bits as the other's: such
// a cast costs nothing for a row. Sums of decimals widen their operands by a digit, so hot loops
// depend on it.
func relabels(from, to vec.Type) bool {
	switch {
	case from.Phys() != to.Phys():
		return false
	case from.Kind == vec.Decimal && to.Kind == vec.Decimal:
		return from.Scale == to.Scale && from.Prec <= to.Prec
	}
	return from.IsInteger() && to.IsInteger() && from.Kind <= to.Kind
}

// relabelNode passes a vector on under another type.
type relabelNode struct {
	arg  node
	to   vec.Type
	out  vec.Vec
	dict *vec.Vec // dictionary seen last
	as   *vec.Vec // and under the other type
}

func (r *relabelNode) eval(b *vec.Batch, sel []int32) (*vec.Vec, error) {
	v, err := r.arg.eval(b, sel)
	if err != nil {
		return nil, err
	}
	r.out = *v
	r.out.Type = r.to
	if v.Form == vec.Dict {
		if v.Dict != r.dict {
			d := *v.Dict
			d.Type = r.to
			r.dict, r.as = v.Dict, &d
		}
		r.out.Dict = r.as
	}
	return &r.out, nil
}
