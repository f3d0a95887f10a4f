package op

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

// maxFilterKeys bounds the memory of a filter; larger build sides are hardly selective.
const maxFilterKeys = 64 << 20

// joinKeys is one key column of a join's table as a filter for the source of the probe side.
type joinKeys struct {
	t    *JoinTable
	key  int
	once sync.Once
	set  *dataflow.KeySet
	err  error
}

// KeyFilter is the keys of column key of the build side. The build side must be complete before
// its Keys is called. The column is of a type that is stored as 32 or 64 bit integers.
func (t *JoinTable) KeyFilter(key int) dataflow.KeyFilter { return &joinKeys{t: t, key: key} }

// Keys makes the set at the first call. It is nil when the build side is too large for a
// filter, or the budget has no room for it.
func (k *joinKeys) Keys() (*dataflow.KeySet, error) {
	k.once.Do(func() {
		if k.err = k.t.finish(); k.err == nil && k.t.rows.N <= maxFilterKeys {
			k.set, k.err = k.make()
		}
	})
	return k.set, k.err
}

func (k *joinKeys) make() (*dataflow.KeySet, error) {
	v, n := k.t.keys.Cols[k.key], k.t.rows.N
	at := integersOf(v)
	if at == nil {
		return nil, fmt.Errorf("join: a key of type %s is no runtime filter", v.Type)
	}
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for i := range n {
		if !v.IsNull(i) {
			x := at(i)
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	s := dataflow.NewKeySet(n, lo, hi)
	k.t.mu.Lock()
	err := k.t.growLocked(s.Bytes())
	k.t.mu.Unlock()
	switch {
	case errors.Is(err, spill.ErrOverBudget):
		return nil, nil
	case err != nil:
		return nil, err
	}
	for i := range n {
		if !v.IsNull(i) {
			s.Add(at(i))
		}
	}
	return s, nil
}

// integersOf reads v by row; nil when it does not hold integers of at most 64 bits.
func integersOf(v *vec.Vec) func(i int) int64 {
	b := v.Base()
	switch v.Type.Phys() {
	case vec.PhysI64:
		return func(i int) int64 { return b.I64[v.Index(i)] }
	case vec.PhysI32:
		return func(i int) int64 { return int64(b.I32[v.Index(i)]) }
	}
	return nil
}
