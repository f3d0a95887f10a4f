package op

import (
	"errors"
	"fmt"
	"math/bits"
	"sync"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// JoinKind is what a join makes of matches.
type JoinKind uint8

const (
	JoinInner JoinKind = iota
	JoinLeft           // probe rows without a match come with NULLs
	JoinSemi           // probe rows with a match
	JoinAnti           // probe rows without one
	JoinMark           // all probe rows, and a BOOLEAN column: have they a match?
)

// JoinSpec describes a join of a probe side, which streams, with a build side, which is kept.
// Without keys every pair of rows is a candidate (nested loop).
type JoinSpec struct {
	Kind                 JoinKind
	Probe, Build         []vec.Type
	ProbeKeys, BuildKeys []expr.Expr
	Residual             expr.Expr // over probe columns, then build columns; nil: none
	NullAware            bool      // NOT IN and IN: a NULL key on the build side makes "no match" unknown
	Budget               dataflow.Budget
}

// JoinTable is the build side of a join. Build tasks add rows to it; when all have ended, probe
// tasks read it, and it does not change any more.
//
//	heads[hash & mask] ─► row ─► next[row] ─► … ─► -1
//
// Chains hold rows of equal low hash bits; keys are compared column by column for all candidates
// of a probe batch at a time.
type JoinTable struct {
	spec  JoinSpec
	mu    sync.Mutex
	parts []buildPart
	once  sync.Once
	err   error

	rows    *vec.Batch // build columns
	keys    *vec.Batch // key columns
	heads   []int32
	next    []int32
	mask    uint64
	filter  []uint64 // a bit is set for each hash that is there (Bloom, one function); nil for small tables
	fshift  uint
	unique  bool // no key is there twice
	hasNull bool // a row with a NULL key was left out of the chains
	held    int64
}

type buildPart struct{ rows, keys *vec.Batch }

// NewJoinTable checks a specification.
func NewJoinTable(spec JoinSpec) (*JoinTable, error) {
	if len(spec.ProbeKeys) != len(spec.BuildKeys) {
		return nil, fmt.Errorf("join: %d probe keys and %d build keys", len(spec.ProbeKeys), len(spec.BuildKeys))
	}
	return &JoinTable{spec: spec}, nil
}

// Close gives the memory of the build side back. No task reads it any more.
func (t *JoinTable) Close() error {
	t.spec.Budget.Shrink(t.held)
	t.parts, t.rows, t.keys, t.heads, t.next, t.held = nil, nil, nil, nil, nil, 0
	return nil
}

// grow asks the budget for memory of the build side. mu is held.
func (t *JoinTable) growLocked(n int64) error {
	if err := t.spec.Budget.Grow(n); err != nil {
		return fmt.Errorf("the build side of a join needs more than %d MB, which the memory limit does not allow; raise --memory, or filter or swap the smaller input to the right: %w", (t.held+n)>>20, err)
	}
	t.held += n
	return nil
}

func (t *JoinTable) add(p buildPart, bytes int64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.parts = append(t.parts, p)
	return t.growLocked(bytes)
}

// finish joins the parts and builds the chains. It is called by probe tasks after every build task
// has ended, and does its work once.
func (t *JoinTable) finish() error {
	t.once.Do(func() { t.err = t.assemble() })
	return t.err
}

func (t *JoinTable) assemble() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows, t.keys = vec.NewBatch(t.spec.Build), vec.NewBatch(keyTypes(t.spec.BuildKeys))
	for i, p := range t.parts {
		if i == 0 { // the others move to it
			t.rows, t.keys = p.rows, p.keys
			continue
		}
		t.rows.Append(p.rows, nil)
		t.keys.Append(p.keys, nil)
	}
	t.parts = nil
	n := t.rows.N
	for i, k := range t.keys.Cols { // compared for every candidate: plain values are faster
		if k.Form == vec.Dict && k.Type.Phys() != vec.PhysStr {
			t.keys.Cols[i] = k.Flatten(nil, n, nil)
		}
	}
	if len(t.spec.BuildKeys) == 0 {
		return nil
	}
	size := 1 << bits.Len(uint(max(n*2-1, 15)))
	if err := t.growLocked(int64(4*size + 4*n)); err != nil {
		return err
	}
	t.link(size)
	return nil
}

// link builds the chains over all rows whose keys are not NULL.
func (t *JoinTable) link(size int) {
	n := t.rows.N
	t.mask = uint64(size - 1)
	t.heads, t.next = make([]int32, size), make([]int32, n)
	for i := range t.heads {
		t.heads[i] = -1
	}
	hash := make([]uint64, n)
	cols := make([]int, len(t.keys.Cols))
	for i := range cols {
		cols[i] = i
	}
	t.keys.Hash(hash, cols)
	t.makeFilter(n)
	t.unique = true
	nulls := false
	for _, k := range t.keys.Cols {
		nulls = nulls || k.MayHaveNulls()
	}
	for i := n - 1; i >= 0; i-- { // backwards, so that chains are in order of arrival
		if nulls && t.nullKey(i) {
			t.hasNull, t.next[i] = true, -1
			continue
		}
		if t.filter != nil {
			at := hash[i] >> t.fshift
			t.filter[at>>6] |= 1 << (at & 63)
		}
		h := hash[i] & t.mask
		if t.unique {
			for j := t.heads[h]; j >= 0; j = t.next[j] {
				if t.sameKey(i, int(j)) {
					t.unique = false
					break
				}
			}
		}
		t.next[i] = t.heads[h]
		t.heads[h] = int32(i)
	}
}

// filterRows is the size from which a filter pays: the heads of smaller tables are in the cache
// themselves. filterBits a row let about 6 % of the rows without a match through.
const (
	filterRows = 4096
	filterBits = 16
)

// makeFilter makes room for a filter that is addressed by the high bits of the hash; the chains use
// the low ones.
func (t *JoinTable) makeFilter(n int) {
	if n < filterRows {
		return
	}
	bitsLog := bits.Len(uint(n*filterBits - 1))
	t.filter, t.fshift = make([]uint64, 1<<(bitsLog-6)), uint(64-bitsLog)
}

func (t *JoinTable) nullKey(i int) bool {
	for _, k := range t.keys.Cols {
		if k.IsNull(i) {
			return true
		}
	}
	return false
}

func (t *JoinTable) sameKey(i, j int) bool {
	for _, k := range t.keys.Cols {
		if vec.CompareRows(k, i, k, j) != 0 {
			return false
		}
	}
	return true
}

func keyTypes(es []expr.Expr) []vec.Type {
	out := make([]vec.Type, len(es))
	for i, e := range es {
		out[i] = e.Type()
	}
	return out
}

// joinBuild is the last operator of a build task.
type joinBuild struct {
	dataflow.Base
	t    *JoinTable
	keys []*expr.Evaluator
	part buildPart
	n    int64
	tmp  vec.Batch
}

// NewJoinBuild collects the rows of a build side. It emits nothing.
func NewJoinBuild(t *JoinTable) (dataflow.Operator, error) {
	keys, err := expr.CompileAll(t.spec.BuildKeys)
	if err != nil {
		return nil, err
	}
	return &joinBuild{t: t, keys: keys, part: buildPart{vec.NewBatch(t.spec.Build), vec.NewBatch(keyTypes(t.spec.BuildKeys))},
		tmp: vec.Batch{Cols: make([]*vec.Vec, len(keys))}}, nil
}

// errRetract says why a changelog cannot be a build side.
var errRetract = errors.New("the right side of this join is a changelog, which a join with a static table cannot follow; put it on the left, or give both sides a key to join streams")

func (j *joinBuild) Process(_ int, b *vec.Batch, _ dataflow.Output) error {
	if b.Ops != nil {
		return errRetract
	}
	for i, k := range j.keys {
		v, err := k.Eval(b)
		if err != nil {
			return err
		}
		j.tmp.Cols[i] = v
	}
	j.tmp.N, j.tmp.Sel = b.N, b.Sel
	j.part.rows.Append(b, nil)
	j.part.keys.Append(&j.tmp, nil)
	if bytes := j.part.rows.Bytes() + j.part.keys.Bytes(); bytes > j.n+1<<20 {
		j.t.mu.Lock()
		err := j.t.growLocked(bytes - j.n)
		j.t.mu.Unlock()
		if err != nil {
			return err
		}
		j.n = bytes
	}
	return nil
}

func (j *joinBuild) EndInput(int, dataflow.Output) error { return j.t.add(j.part, 0) }
