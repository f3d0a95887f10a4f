package op

import (
	"context"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// joinProbe streams the probe side past the table. For each batch it makes candidate pairs (probe
// row, build row) by hash, keeps those whose keys are equal, lets the residual decide, and emits
// pairs or marks probe rows, as the kind of join asks.
type joinProbe struct {
	dataflow.Base
	ctx  context.Context
	t    *JoinTable
	keys []*expr.Evaluator
	res  *expr.Predicate

	hash   []uint64
	all    []int32    // all rows of a batch
	passed []int32    // those that the filter let through
	flat   []*vec.Vec // scratch for keys
	key    vec.Batch
	probe  []int32 // candidates: probe rows
	build  []int32 // and build rows
	hit    []bool  // by probe row
	out    vec.Batch
	cols   []*vec.Vec // columns made for the output
	mark   *vec.Vec
	sel    []int32
	match  []int32 // by probe row: the build row, -1 for none
}

// NewJoinProbe joins the rows of its input with a table that is complete when Open is called.
func NewJoinProbe(t *JoinTable) (dataflow.Operator, error) {
	keys, err := expr.CompileAll(t.spec.ProbeKeys)
	if err != nil {
		return nil, err
	}
	j := &joinProbe{t: t, keys: keys, key: vec.Batch{Cols: make([]*vec.Vec, len(keys))}, flat: make([]*vec.Vec, len(keys)), mark: vec.New(vec.TBool, 0)}
	if t.spec.Residual != nil {
		if j.res, err = expr.CompilePredicate(t.spec.Residual); err != nil {
			return nil, err
		}
	}
	for range len(t.spec.Probe) + len(t.spec.Build) {
		j.cols = append(j.cols, &vec.Vec{})
	}
	return j, nil
}

func (j *joinProbe) Open(tc *dataflow.TaskContext) error {
	j.ctx = tc.Ctx
	return j.t.finish()
}

func (j *joinProbe) Process(_ int, b *vec.Batch, out dataflow.Output) error {
	if cap(j.hit) < b.N {
		j.hit = make([]bool, max(b.N, vec.MaxRows))
	}
	j.hit = j.hit[:b.N]
	clear(j.hit)
	var err error
	switch {
	case len(j.keys) == 0:
		err = j.loop(b, out)
	default:
		err = j.lookUp(b, out)
	}
	if err != nil {
		return err
	}
	return j.finishBatch(b, out)
}

// lookUp walks the chains of all probe rows in step: the first candidate of each, then the second.
func (j *joinProbe) lookUp(b *vec.Batch, out dataflow.Output) error {
	if err := j.start(b); err != nil {
		return err
	}
	inner := j.t.spec.Kind == JoinInner || j.t.spec.Kind == JoinLeft
	if j.t.unique && j.res == nil && j.t.spec.Kind == JoinInner && b.Ops == nil {
		return j.lookUpUnique(b, out)
	}
	for len(j.probe) > 0 {
		probe, build := j.equal(j.probe, j.build)
		if err := j.pairs(b, probe, build, inner, out); err != nil {
			return err
		}
		k := 0
		for c, row := range j.build {
			n := j.t.next[row]
			if n < 0 || !inner && j.hit[j.probe[c]] {
				continue
			}
			j.probe[k], j.build[k] = j.probe[c], n
			k++
		}
		j.probe, j.build = j.probe[:k], j.build[:k]
	}
	return nil
}

// start computes keys and hashes and makes the first candidate of each probe row.
func (j *joinProbe) start(b *vec.Batch) error {
	nulls := false
	cols := make([]int, len(j.keys))
	for i, k := range j.keys {
		v, err := k.Eval(b)
		if err != nil {
			return err
		}
		if v.Form == vec.Dict && v.Type.Phys() != vec.PhysStr { // compared row by row: plain values are faster
			j.flat[i] = v.Flatten(j.flat[i], b.N, b.Sel)
			v = j.flat[i]
		}
		j.key.Cols[i], cols[i] = v, i
		nulls = nulls || v.MayHaveNulls()
	}
	j.key.N, j.key.Sel = b.N, b.Sel
	if cap(j.hash) < b.N {
		j.hash = make([]uint64, max(b.N, vec.MaxRows))
	}
	j.key.Hash(j.hash[:b.N], cols)
	live := j.candidates(b)
	j.probe, j.build = room(j.probe, len(live)), room(j.build, len(live))
	heads, mask, k := j.t.heads, j.t.mask, 0
	for _, i := range live {
		if nulls && j.nullKey(int(i)) {
			continue
		}
		row := heads[j.hash[i]&mask]
		j.probe[k], j.build[k] = i, row
		if row >= 0 {
			k++
		}
	}
	j.probe, j.build = j.probe[:k], j.build[:k]
	return nil
}

// candidates lists the live rows that the table's filter lets through.
func (j *joinProbe) candidates(b *vec.Batch) []int32 {
	live := b.Sel
	if live == nil {
		j.all = room(j.all, b.N)
		for i := range j.all {
			j.all[i] = int32(i)
		}
		live = j.all
	}
	f, shift := j.t.filter, j.t.fshift
	if f == nil {
		return live
	}
	j.passed = room(j.passed, len(live))
	k := 0
	for _, i := range live {
		at := j.hash[i] >> shift
		j.passed[k] = i
		k += int(f[at>>6] >> (at & 63) & 1)
	}
	return j.passed[:k]
}

func (j *joinProbe) nullKey(i int) bool {
	for _, v := range j.key.Cols {
		if v.IsNull(i) {
			return true
		}
	}
	return false
}

// lookUpUnique is the join with a table of unique keys: each probe row has at most one match, so
// its columns need not move; the match's are gathered beside them.
func (j *joinProbe) lookUpUnique(b *vec.Batch, out dataflow.Output) error {
	if cap(j.match) < b.N {
		j.match = make([]int32, max(b.N, vec.MaxRows))
	}
	match := j.match[:b.N]
	for i := range match {
		match[i] = -1
	}
	for len(j.probe) > 0 {
		probe, build := j.equal(j.probe, j.build)
		for c, i := range probe {
			match[i] = build[c]
		}
		k := 0
		for c, row := range j.build {
			if n := j.t.next[row]; n >= 0 && match[j.probe[c]] < 0 {
				j.probe[k], j.build[k] = j.probe[c], n
				k++
			}
		}
		j.probe, j.build = j.probe[:k], j.build[:k]
	}
	sel, hits := j.sel[:0], j.build[:0]
	for i, m := range match {
		if m >= 0 {
			sel, hits = append(sel, int32(i)), append(hits, m)
		}
	}
	j.sel, j.build = sel, hits
	switch {
	case len(sel) == 0:
		return nil
	case len(sel)*4 < b.N*3: // a selective join: what follows works on fewer rows
		return out.Emit(j.gather(b, sel, hits))
	}
	for i, m := range match {
		match[i] = max(m, 0)
	}
	np := len(b.Cols)
	j.out.Cols = append(j.out.Cols[:0], b.Cols...)
	for c, v := range j.t.rows.Cols {
		j.cols[np+c].Gather(v, match, true)
		j.out.Cols = append(j.out.Cols, j.cols[np+c])
	}
	j.out.N, j.out.Sel, j.out.Ops = b.N, sel, nil
	if len(sel) == b.N {
		j.out.Sel = nil
	}
	return out.Emit(&j.out)
}

// equal keeps the candidates whose keys are equal, in new slices.
func (j *joinProbe) equal(probe, build []int32) (p, q []int32) {
	p = append(make([]int32, 0, len(probe)), probe...)
	q = append(make([]int32, 0, len(build)), build...)
	for c, pv := range j.key.Cols {
		n := keepEqual(pv, j.t.keys.Cols[c], p, q)
		p, q = p[:n], q[:n]
	}
	return p, q
}

// keepEqual moves the pairs with equal values to the front and returns how many there are.
func keepEqual(a, b *vec.Vec, p, q []int32) int {
	if a.Form == vec.Flat && b.Form == vec.Flat {
		switch a.Type.Phys() {
		case vec.PhysI64:
			return keepEqualSlots(a.I64, b.I64, p, q)
		case vec.PhysI32:
			return keepEqualSlots(a.I32, b.I32, p, q)
		}
	}
	k := 0
	for c, i := range p {
		if vec.CompareRows(a, int(i), b, int(q[c])) == 0 {
			p[k], q[k] = i, q[c]
			k++
		}
	}
	return k
}

func keepEqualSlots[T int32 | int64](a, b []T, p, q []int32) int {
	k := 0
	for c, i := range p {
		r := q[c]
		p[k], q[k] = i, r
		if a[i] == b[r] {
			k++
		}
	}
	return k
}

// loop pairs every probe row with every build row, a block of build rows at a time.
func (j *joinProbe) loop(b *vec.Batch, out dataflow.Output) error {
	inner := j.t.spec.Kind == JoinInner || j.t.spec.Kind == JoinLeft
	n, rows := b.Live(), j.t.rows.N
	if rows == 1 && inner && j.res == nil {
		return j.beside(b, out)
	}
	probe, build := make([]int32, 0, vec.MaxRows), make([]int32, 0, vec.MaxRows)
	flush := func() error {
		err := j.pairs(b, probe, build, inner, out)
		probe, build = probe[:0], build[:0]
		return err
	}
	for k := 0; k < n; k++ {
		i := b.Row(k)
		for r := 0; r < rows && (inner || !j.hit[i]); r++ {
			probe, build = append(probe, int32(i)), append(build, int32(r))
			if len(probe) == vec.MaxRows {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	return flush()
}

// beside puts the only build row next to each probe row, as constants.
func (j *joinProbe) beside(b *vec.Batch, out dataflow.Output) error {
	j.out.Cols = append(j.out.Cols[:0], b.Cols...)
	for _, v := range j.t.rows.Cols {
		j.out.Cols = append(j.out.Cols, vec.ConstVec(v.Type, v.Value(0)))
	}
	for k, n := 0, b.Live(); k < n; k++ {
		j.hit[b.Row(k)] = true
	}
	j.out.N, j.out.Sel, j.out.Ops = b.N, b.Sel, b.Ops
	return out.Emit(&j.out)
}

// pairs lets the residual decide on equal pairs, marks the probe rows that have one, and emits the
// pairs when the join wants them. One batch may make billions of pairs, so it ends with the job.
func (j *joinProbe) pairs(b *vec.Batch, probe, build []int32, emit bool, out dataflow.Output) error {
	for from := 0; from < len(probe); from += vec.MaxRows {
		if j.ctx.Err() != nil {
			return context.Cause(j.ctx)
		}
		to := min(len(probe), from+vec.MaxRows)
		if err := j.somePairs(b, probe[from:to], build[from:to], emit, out); err != nil {
			return err
		}
	}
	return nil
}

func (j *joinProbe) somePairs(b *vec.Batch, probe, build []int32, emit bool, out dataflow.Output) error {
	if j.res == nil && !emit {
		for _, i := range probe {
			j.hit[i] = true
		}
		return nil
	}
	o := j.gather(b, probe, build)
	if j.res != nil {
		sel, err := j.res.Select(o)
		if err != nil {
			return err
		}
		if sel != nil {
			o = o.WithSel(sel)
		}
	}
	for k, n := 0, o.Live(); k < n; k++ {
		j.hit[probe[o.Row(k)]] = true
	}
	if !emit || o.Live() == 0 {
		return nil
	}
	return out.Emit(o)
}

// gather makes a batch of pairs; a build row of -1 gives NULLs.
func (j *joinProbe) gather(b *vec.Batch, probe, build []int32) *vec.Batch {
	np := len(b.Cols)
	for c, v := range b.Cols {
		j.cols[c].Gather(v, probe, false)
	}
	for c, v := range j.t.rows.Cols {
		j.cols[np+c].Gather(v, build, true)
	}
	o := &vec.Batch{Cols: j.cols, N: len(probe)}
	if b.Ops != nil {
		o.Ops = make([]vec.Op, len(probe))
		for k, i := range probe {
			o.Ops[k] = b.Ops[i]
		}
	}
	return o
}

// finishBatch emits what depends on whether a probe row had a match at all.
func (j *joinProbe) finishBatch(b *vec.Batch, out dataflow.Output) error {
	switch j.t.spec.Kind {
	case JoinInner:
		return nil
	case JoinMark:
		return j.emitMark(b, out)
	}
	want := j.t.spec.Kind == JoinSemi
	if j.t.spec.Kind == JoinAnti && j.t.spec.NullAware && j.t.hasNull {
		return nil
	}
	sel := j.sel[:0]
	for k, n := 0, b.Live(); k < n; k++ {
		i := b.Row(k)
		if j.hit[i] == want && !j.unknown(i) {
			sel = append(sel, int32(i))
		}
	}
	if j.sel = sel; len(sel) == 0 {
		return nil
	}
	if j.t.spec.Kind != JoinLeft {
		return out.Emit(b.WithSel(sel))
	}
	none := make([]int32, len(sel))
	for i := range none {
		none[i] = -1
	}
	return out.Emit(j.gather(b, sel, none))
}

// unknown is true when NOT IN cannot tell: the probe key is NULL and there is something to be in.
func (j *joinProbe) unknown(i int) bool {
	return j.t.spec.NullAware && j.t.spec.Kind == JoinAnti && j.t.rows.N > 0 && j.nullKey(i)
}

func (j *joinProbe) emitMark(b *vec.Batch, out dataflow.Output) error {
	j.mark.Type = vec.TBool
	j.mark.Resize(b.N)
	for k, n := 0, b.Live(); k < n; k++ {
		i := b.Row(k)
		j.mark.B[i] = j.hit[i]
		if !j.hit[i] && j.t.spec.NullAware && j.t.rows.N > 0 && (j.t.hasNull || j.nullKey(i)) {
			j.mark.SetNull(i)
		}
	}
	j.out.Cols = append(append(j.out.Cols[:0], b.Cols...), j.mark)
	j.out.N, j.out.Sel, j.out.Ops = b.N, b.Sel, b.Ops
	return out.Emit(&j.out)
}
