package op

import (
	"bytes"
	"fmt"
	"math"
	"math/bits"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// The kernels add values to accumulators in place. xs[k] goes to the accumulator at word at of row
// refs[k]; len(refs) == len(xs); no value is NULL. d is added to the row count for each value: 1,
// or 0 when counts are merged apart, or -1 when values are taken back. With one set all refs are
// the same, and totals are kept in registers. Pages must be writable (state.Table.Touch).

// slots is where a kernel writes.
type slots struct {
	t    *state.Table
	at   int
	refs []state.Ref
	one  bool
}

func (s *slots) first() []uint64 {
	r := s.refs[0]
	return s.t.Pages()[r>>state.PageShift][int(r&state.PageMask)+s.at:]
}

func countRows(s slots, at int, d int64) {
	pages := s.t.Pages()
	if s.one {
		s.first()[at] += uint64(d * int64(len(s.refs)))
		return
	}
	at += s.at
	for _, r := range s.refs {
		pages[r>>state.PageShift][int(r&state.PageMask)+at] += uint64(d)
	}
}

// addCounts adds ns to the word at.
func addCounts(s slots, at int, ns []int64) {
	pages := s.t.Pages()
	at += s.at
	for k, r := range s.refs {
		pages[r>>state.PageShift][int(r&state.PageMask)+at] += uint64(ns[k])
	}
}

func sumOverflow() error {
	return fmt.Errorf("%w: sum does not fit BIGINT", expr.ErrOverflow)
}

// sumInts returns ErrOverflow when a total leaves int64; totals are then wrong and the job must fail.
func sumInts(s slots, xs []int64, d int64) error {
	var bad int64
	if s.one {
		p := s.first()
		sum := int64(p[0])
		for _, x := range xs {
			next := sum + x
			bad |= (sum ^ next) & (x ^ next)
			sum = next
		}
		p[0], p[1] = uint64(sum), p[1]+uint64(d*int64(len(xs)))
	} else {
		pages := s.t.Pages()
		refs := s.refs[:len(xs)]
		for k, x := range xs {
			r := refs[k]
			o := int(r&state.PageMask) + s.at
			p := (*[2]uint64)(pages[r>>state.PageShift][o : o+2])
			sum := int64(p[0])
			next := sum + x
			bad |= (sum ^ next) & (x ^ next)
			p[0] = uint64(next)
			p[1] += uint64(d)
		}
	}
	if bad < 0 {
		return sumOverflow()
	}
	return nil
}

// unsumInts takes values back.
func unsumInts(s slots, xs []int64) error {
	pages := s.t.Pages()
	var bad int64
	for k, r := range s.refs {
		o := int(r&state.PageMask) + s.at
		p := (*[2]uint64)(pages[r>>state.PageShift][o : o+2])
		sum := int64(p[0])
		next := sum - xs[k]
		bad |= (sum ^ xs[k]) & (sum ^ next)
		p[0] = uint64(next)
		p[1]--
	}
	if bad < 0 {
		return sumOverflow()
	}
	return nil
}

// sumWide cannot overflow: 2^63 values of 64 bits fit 127 bits.
func sumWide(s slots, xs []int64, d int64) {
	if s.one {
		p := s.first()
		lo, hi := p[0], p[1]
		for _, x := range xs {
			var c uint64
			lo, c = bits.Add64(lo, uint64(x), 0)
			hi, _ = bits.Add64(hi, uint64(x>>63), c)
		}
		p[0], p[1], p[2] = lo, hi, p[2]+uint64(d*int64(len(xs)))
		return
	}
	pages := s.t.Pages()
	refs := s.refs[:len(xs)]
	for k, x := range xs {
		r := refs[k]
		o := int(r&state.PageMask) + s.at
		p := (*[3]uint64)(pages[r>>state.PageShift][o : o+3])
		lo, c := bits.Add64(p[0], uint64(x), 0)
		hi, _ := bits.Add64(p[1], uint64(x>>63), c)
		p[0], p[1] = lo, hi
		p[2] += uint64(d)
	}
}

func unsumWide(s slots, xs []int64) {
	pages := s.t.Pages()
	for k, r := range s.refs {
		o := int(r&state.PageMask) + s.at
		p := (*[3]uint64)(pages[r>>state.PageShift][o : o+3])
		lo, c := bits.Sub64(p[0], uint64(xs[k]), 0)
		hi, _ := bits.Sub64(p[1], uint64(xs[k]>>63), c)
		p[0], p[1] = lo, hi
		p[2]--
	}
}

// sum128 adds (d >= 0) or takes back 128-bit values; ErrOverflow as sumInts.
func sum128(s slots, xs []vec.Int128, d int64) error {
	pages := s.t.Pages()
	for k, r := range s.refs {
		o := int(r&state.PageMask) + s.at
		p := (*[3]uint64)(pages[r>>state.PageShift][o : o+3])
		sum := vec.Int128{Lo: p[0], Hi: int64(p[1])}
		ok := false
		if d >= 0 {
			sum, ok = sum.Add(xs[k])
		} else {
			sum, ok = sum.Sub(xs[k])
		}
		if !ok {
			return fmt.Errorf("%w: sum does not fit DECIMAL(38)", expr.ErrOverflow)
		}
		p[0], p[1] = sum.Lo, uint64(sum.Hi)
		p[2] += uint64(d)
	}
	return nil
}

// sumFloats adds sign * x.
func sumFloats(s slots, xs []float64, sign float64, d int64) {
	if s.one {
		p := s.first()
		sum := math.Float64frombits(p[0])
		for _, x := range xs {
			sum += sign * x
		}
		p[0], p[1] = math.Float64bits(sum), p[1]+uint64(d*int64(len(xs)))
		return
	}
	pages := s.t.Pages()
	refs := s.refs[:len(xs)]
	for k, x := range xs {
		r := refs[k]
		o := int(r&state.PageMask) + s.at
		p := (*[2]uint64)(pages[r>>state.PageShift][o : o+2])
		p[0] = math.Float64bits(math.Float64frombits(p[0]) + sign*x)
		p[1] += uint64(d)
	}
}

func sumIntervals(s slots, xs []vec.Interval, sign int64, d int64) error {
	pages := s.t.Pages()
	for k, r := range s.refs {
		o := int(r&state.PageMask) + s.at
		p := (*[3]uint64)(pages[r>>state.PageShift][o : o+3])
		sum := state.UnpackInterval(p[0], p[1])
		x := xs[k]
		months, days := int64(sum.Months)+sign*int64(x.Months), int64(sum.Days)+sign*int64(x.Days)
		us := sum.Micros + sign*x.Micros
		if months != int64(int32(months)) || days != int64(int32(days)) || (sum.Micros^us)&(sign*x.Micros^us) < 0 {
			return fmt.Errorf("%w: sum does not fit INTERVAL", expr.ErrOverflow)
		}
		p[0], p[1] = state.PackInterval(vec.Interval{Months: int32(months), Days: int32(days), Micros: us})
		p[2] += uint64(d)
	}
	return nil
}

// addMoments keeps count, mean and sum of squared differences by Welford's recurrence (B. P. Welford,
// "Note on a Method for Calculating Corrected Sums of Squares and Products", 1962).
func addMoments(s slots, xs []float64) {
	pages := s.t.Pages()
	for k, r := range s.refs {
		o := int(r&state.PageMask) + s.at
		p := (*[3]uint64)(pages[r>>state.PageShift][o : o+3])
		p[0]++
		mean := math.Float64frombits(p[1])
		delta := xs[k] - mean
		mean += delta / float64(p[0])
		p[1] = math.Float64bits(mean)
		p[2] = math.Float64bits(math.Float64frombits(p[2]) + delta*(xs[k]-mean))
	}
}

// takeMoments runs the recurrence backwards.
func takeMoments(s slots, xs []float64) {
	pages := s.t.Pages()
	for k, r := range s.refs {
		o := int(r&state.PageMask) + s.at
		p := (*[3]uint64)(pages[r>>state.PageShift][o : o+3])
		p[0]--
		if p[0] == 0 {
			p[1], p[2] = 0, 0
			continue
		}
		mean := math.Float64frombits(p[1])
		old := mean - (xs[k]-mean)/float64(p[0])
		p[1] = math.Float64bits(old)
		p[2] = math.Float64bits(max(0, math.Float64frombits(p[2])-(xs[k]-mean)*(xs[k]-old)))
	}
}

// mergeMoments combines states (T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating Formulae and a
// Pairwise Algorithm for Computing Sample Variances", 1979).
func mergeMoments(s slots, ns []int64, means, m2s []float64) {
	pages := s.t.Pages()
	for k, r := range s.refs {
		if ns[k] == 0 {
			continue
		}
		o := int(r&state.PageMask) + s.at
		p := (*[3]uint64)(pages[r>>state.PageShift][o : o+3])
		n1, n2 := float64(p[0]), float64(ns[k])
		m1 := math.Float64frombits(p[1])
		delta := means[k] - m1
		p[0] += uint64(ns[k])
		p[1] = math.Float64bits(m1 + delta*n2/(n1+n2))
		p[2] = math.Float64bits(math.Float64frombits(p[2]) + m2s[k] + delta*delta*n1*n2/(n1+n2))
	}
}

// better tells whether a value that compares as c (-1, 0, 1) to the present one replaces it.
func (k accKind) better(c int) bool { return k == accMin && c < 0 || k == accMax && c > 0 }

func extremeInts(s slots, kind accKind, xs []int64) {
	pages := s.t.Pages()
	refs := s.refs[:len(xs)]
	for k, x := range xs {
		r := refs[k]
		o := int(r&state.PageMask) + s.at
		p := (*[2]uint64)(pages[r>>state.PageShift][o : o+2])
		if cur := int64(p[0]); p[1] == 0 || kind == accMin && x < cur || kind == accMax && x > cur {
			p[0], p[1] = uint64(x), 1
		}
	}
}

func extremeFloats(s slots, kind accKind, xs []float64) {
	pages := s.t.Pages()
	for k, r := range s.refs {
		o := int(r&state.PageMask) + s.at
		p := (*[2]uint64)(pages[r>>state.PageShift][o : o+2])
		if p[1] == 0 || kind.better(vec.CompareFloats(xs[k], math.Float64frombits(p[0]))) {
			p[0], p[1] = math.Float64bits(xs[k]), 1
		}
	}
}

func extreme128(s slots, kind accKind, xs []vec.Int128) {
	pages := s.t.Pages()
	for k, r := range s.refs {
		o := int(r&state.PageMask) + s.at
		p := (*[3]uint64)(pages[r>>state.PageShift][o : o+3])
		if p[2] == 0 || kind.better(xs[k].Cmp(vec.Int128{Lo: p[0], Hi: int64(p[1])})) {
			p[0], p[1], p[2] = xs[k].Lo, uint64(xs[k].Hi), 1
		}
	}
}

func extremeIntervals(s slots, kind accKind, xs []vec.Interval) {
	pages := s.t.Pages()
	for k, r := range s.refs {
		o := int(r&state.PageMask) + s.at
		p := (*[3]uint64)(pages[r>>state.PageShift][o : o+3])
		if p[2] == 0 || kind.better(compareIntervals(xs[k], state.UnpackInterval(p[0], p[1]))) {
			p[0], p[1] = state.PackInterval(xs[k])
			p[2] = 1
		}
	}
}

func compareIntervals(a, b vec.Interval) int {
	return vec.CompareValues(vec.TInterval, vec.IvValue(a), vec.IvValue(b))
}

// extremeStrs reads the strings of base at idx (nil: 0, 1, …).
func extremeStrs(s slots, kind accKind, base *vec.Vec, idx []int32) {
	var buf [16]byte
	for k, r := range s.refs {
		i := k
		if idx != nil {
			i = int(idx[k])
		}
		x := base.Data[base.Off[i]:base.Off[i+1]]
		o := int(r&state.PageMask) + s.at
		p := s.t.Pages()[r>>state.PageShift]
		if p[o+2] == 0 || kind != accAny && kind.better(bytes.Compare(x, s.t.Str(p[o], p[o+1], &buf))) {
			s.t.PutStr(r, s.at, x)
			s.t.Pages()[r>>state.PageShift][o+2] = 1
		}
	}
}
