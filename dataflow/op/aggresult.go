package op

import (
	"fmt"
	"math"

	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// result writes what aggregate i gives for the groups refs to dst.
func (p *aggPlan) result(i int, v *state.View, refs []state.Ref, dst *vec.Vec) error {
	a, agg := &p.accs[p.of[i]], p.spec.Aggs[i]
	if a.isExtreme() {
		gatherExtreme(a, v, refs, dst)
		return nil
	}
	dst.Resize(len(refs))
	pages := v.Pages()
	for k, r := range refs {
		o := int(r&state.PageMask) + a.at
		w := pages[r>>state.PageShift][o:]
		ok := true
		switch {
		case a.kind == accCount:
			dst.I64[k] = int64(w[0])
		case a.kind == accSumInt:
			dst.I64[k], ok = int64(w[0]), w[1] != 0
		case a.kind == accSumWide && agg.Fn == "avg":
			sum := vec.Int128{Lo: w[0], Hi: int64(w[1])}
			if ok = w[2] != 0; ok {
				dst.F64[k] = sum.Float64() / (float64(w[2]) * vec.Pow10(int(a.argT.Scale)).Float64())
			}
		case a.kind == accSumWide:
			dst.I128[k], ok = vec.Int128{Lo: w[0], Hi: int64(w[1])}, w[2] != 0
			if limit := vec.Pow10(vec.MaxPrec); dst.I128[k].Cmp(limit) >= 0 || dst.I128[k].Cmp(limit.Neg()) <= 0 {
				return fmt.Errorf("%s: %w", agg, errWideSum)
			}
		case a.kind == accSumFloat && agg.Fn == "avg":
			dst.F64[k], ok = math.Float64frombits(w[0])/float64(int64(w[1])), w[1] != 0
		case a.kind == accSumFloat:
			dst.F64[k], ok = math.Float64frombits(w[0]), w[1] != 0
		case a.kind == accSumIv:
			dst.Iv[k], ok = state.UnpackInterval(w[0], w[1]), w[2] != 0
		case a.kind == accMoments:
			dst.F64[k], ok = variance(agg.Fn, int64(w[0]), math.Float64frombits(w[2]))
		}
		if !ok {
			dst.SetNull(k)
		}
	}
	return nil
}

func variance(fn string, n int64, m2 float64) (float64, bool) {
	if fn == "var_samp" || fn == "stddev_samp" {
		n--
	}
	if n <= 0 {
		return 0, false
	}
	x := m2 / float64(n)
	if fn == "stddev_samp" || fn == "stddev_pop" {
		x = math.Sqrt(x)
	}
	return x, true
}

func gatherExtreme(a *acc, v *state.View, refs []state.Ref, dst *vec.Vec) {
	v.GatherAt(a.argT, a.at, refs, dst)
	pages, has := v.Pages(), a.at+state.Words(a.argT)
	for k, r := range refs {
		if pages[r>>state.PageShift][int(r&state.PageMask)+has] == 0 {
			dst.SetNull(k)
		}
	}
}

// states writes accumulator i of the groups refs to its state columns dst.
func (p *aggPlan) states(i int, v *state.View, refs []state.Ref, dst []*vec.Vec) {
	a := &p.accs[i]
	if a.isExtreme() {
		gatherExtreme(a, v, refs, dst[0])
		return
	}
	at := a.at
	for c, t := range a.states {
		v.GatherAt(t, at, refs, dst[c])
		at += state.Words(t)
	}
}
