package op

import (
	"errors"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

const (
	// scatterGroups is the number of groups from which rows are brought into the order of the table's
	// index: their memory, some MiB, is then in no cache and spread over more pages than the
	// processor has addresses of.
	scatterGroups = 64 << 10
	scatterBits   = 5
	scatterFan    = 1 << scatterBits
	// scatterRows of a part are added at a time: they find new groups' rows side by side.
	scatterRows = 32 << 10
)

// scatter holds back rows of an aggregation with many groups and adds them part by part, where a part
// is a range of the table's index. Look-ups of one part stay in few pages, and groups that are made
// together lie together. (It is the partitioning of radix joins, applied to one table: S. Manegold,
// P. Boncz and M. Kersten, "Optimizing Main-Memory Join on Modern Hardware", TKDE 14(4), 2002.)
type scatter struct {
	parts [scatterFan]*vec.Batch
	sels  [scatterFan][]int32
	hash  []uint64
	keys  []int
	view  vec.Batch // of a few rows of a part
	flat  []*vec.Vec
	held  int64
	fresh float64 // share of the rows of the last part that made a group
}

// scatters tells whether rows are held back from now on: the groups are many, and all columns are of
// fixed width, since strings cost more to move than they save.
func (h *hashAgg) scatters(b *vec.Batch) bool {
	if h.sc != nil || h.noScatter {
		return h.sc != nil
	}
	if h.g.t.Rows() < scatterGroups {
		return false
	}
	h.noScatter = true
	if h.p.spec.Mode != AggFinal || len(h.p.aux) > 0 || len(h.p.keyTypes) == 0 {
		return false
	}
	var types []vec.Type
	for _, v := range b.Cols {
		if v.Type.Phys() == vec.PhysStr {
			return false
		}
		types = append(types, v.Type)
	}
	need := int64(16*len(types)) * scatterFan * scatterRows
	if h.tc.Budget.Grow(need) != nil {
		return false
	}
	h.sc = &scatter{keys: upTo(len(h.p.keyTypes)), held: need, fresh: 1, flat: make([]*vec.Vec, len(types))}
	for i := range h.sc.parts {
		h.sc.parts[i] = vec.NewBatch(types)
	}
	return true
}

// scatter holds the rows of b back, and adds the parts that are full.
func (h *hashAgg) scatter(b *vec.Batch) error {
	s := h.sc
	s.hash = room(s.hash, b.N)
	b.Hash(s.hash, s.keys)
	for i := range s.sels {
		s.sels[i] = s.sels[i][:0]
	}
	shift := h.g.t.IndexBits() - scatterBits
	for k, n := 0, b.Live(); k < n; k++ {
		i := b.Row(k)
		part := s.hash[i] >> shift & (scatterFan - 1)
		s.sels[part] = append(s.sels[part], int32(i))
	}
	for i, sel := range s.sels {
		if len(sel) == 0 {
			continue
		}
		s.parts[i].Append(b, sel)
		if s.parts[i].N >= scatterRows {
			if err := h.addPart(s.parts[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// addPart adds the rows of a part to their groups, a batch at a time.
func (h *hashAgg) addPart(b *vec.Batch) error {
	s := h.sc
	// The other parts wait with as many rows. The index grows before it is filled range by range: a
	// range that is full makes the keys of the next one wander.
	if err := h.g.t.Reserve(int(s.fresh*float64(b.N)) * scatterFan); err != nil && !errors.Is(err, spill.ErrOverBudget) {
		return err
	}
	before := h.g.t.Rows()
	for c, v := range b.Cols {
		if v.Form != vec.Flat {
			s.flat[c] = v.Flatten(s.flat[c], b.N, nil)
			v = s.flat[c]
		}
		s.view.Cols = append(s.view.Cols[:c], v)
	}
	whole := s.view
	for from := 0; from < b.N; from += vec.MaxRows {
		to := min(b.N, from+vec.MaxRows)
		piece := vec.Batch{Cols: make([]*vec.Vec, len(whole.Cols)), N: to - from}
		for c, v := range whole.Cols {
			piece.Cols[c] = slice(v, from, to)
		}
		if err := h.p.eval(&piece); err != nil {
			return err
		}
		if err := h.add(&piece); err != nil {
			return err
		}
	}
	s.fresh = max(0, float64(h.g.t.Rows()-before)/float64(b.N))
	b.Reset()
	return nil
}

// slice is the rows [from, to) of a flat vector of fixed width; from is a multiple of 64.
func slice(v *vec.Vec, from, to int) *vec.Vec {
	out := &vec.Vec{Type: v.Type}
	if v.Valid != nil {
		out.Valid = v.Valid[from/64 : (to+63)/64]
	}
	switch v.Type.Phys() {
	case vec.PhysBool:
		out.B = v.B[from:to]
	case vec.PhysI32:
		out.I32 = v.I32[from:to]
	case vec.PhysI64:
		out.I64 = v.I64[from:to]
	case vec.PhysI128:
		out.I128 = v.I128[from:to]
	case vec.PhysF64:
		out.F64 = v.F64[from:to]
	case vec.PhysIv:
		out.Iv = v.Iv[from:to]
	}
	return out
}

// gatherIn adds all rows that are held back.
func (h *hashAgg) gatherIn() error {
	if h.sc == nil {
		return nil
	}
	for _, b := range h.sc.parts {
		if b.N == 0 {
			continue
		}
		if err := h.addPart(b); err != nil {
			return err
		}
	}
	h.stopScatter()
	return nil
}

func (h *hashAgg) stopScatter() {
	if h.sc != nil {
		h.tc.Budget.Shrink(h.sc.held)
		h.sc = nil
	}
}

// add adds the rows of b to their groups; what the budget does not allow is spilled or emitted.
func (h *hashAgg) add(b *vec.Batch) error {
	return h.afford(func() error {
		_, _, err := h.g.update(b, b.Sel)
		return err
	})
}

// afford calls update, and again with memory freed when the budget refused it, which must have changed
// nothing.
func (h *hashAgg) afford(update func() error) error {
	err := update()
	if !errors.Is(err, spill.ErrOverBudget) {
		return err
	}
	if err = h.release(h.out); err == nil {
		h.mem.strict = false
		err = update()
		h.mem.strict = true
	}
	return err
}
