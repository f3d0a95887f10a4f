package parquet

import (
	"slices"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

const (
	// minClusters is from how many row groups on it is worth to ask whether they keep a column's values
	// apart.
	minClusters = 4
	// clusterValues is how many values a row group must have, on average, for those at its ends, which
	// its neighbours may have too, to be few.
	clusterValues = 64
)

// Clustered tells whether nearly every value of column col is in one row group alone: the ranges of
// the row groups do not overlap, except that one may end with the value that the next begins with.
// The column must have no NULLs, and be stored as an int32 or int64.
func (t *Table) Clustered(col int) bool {
	if p := t.schema.Fields[col].Type.Phys(); p != vec.PhysI32 && p != vec.PhysI64 {
		return false
	}
	var all []bounds
	for _, f := range t.files {
		for g := range f.meta.groups {
			if f.meta.groups[g].rows == 0 {
				continue
			}
			if f.column[col] < 0 {
				return false
			}
			b := f.leaves[f.column[col]].chunkBounds(&f.meta.groups[g])
			if !b.hasRange || !b.noNull {
				return false
			}
			all = append(all, b)
		}
	}
	// Values that nobody has counted are in no dictionary: they are many.
	if d := t.Stats().Cols[col].Distinct; len(all) < minClusters || d > 0 && d < float64(clusterValues*len(all)) {
		return false
	}
	slices.SortFunc(all, func(a, b bounds) int {
		if c := vec.CompareValues(a.t, a.lo, b.lo); c != 0 {
			return c
		}
		return vec.CompareValues(a.t, a.hi, b.hi)
	})
	single := 0 // row groups of one value
	for i, b := range all {
		if i > 0 && vec.CompareValues(b.t, all[i-1].hi, b.lo) > 0 {
			return false
		}
		if vec.CompareValues(b.t, b.lo, b.hi) == 0 {
			single++
		}
	}
	return single <= len(all)/clusterValues
}

// share notes in each of the splits the values of the scan's clustered column that others have too.
func (s *source) share(splits []dataflow.Split) {
	if !s.scan.Clustered {
		return
	}
	seen := map[int64]int{} // how many splits have it at an end of their range
	ends := func(sp dataflow.Split) (lo, hi vec.Value) {
		d := sp.Data.(splitData)
		b := s.bounds(d.f, d.g, s.scan.ClusterCol)
		return b.lo, b.hi
	}
	for _, sp := range splits {
		lo, hi := ends(sp)
		seen[lo.I]++
		if hi.I != lo.I {
			seen[hi.I]++
		}
	}
	for i, sp := range splits {
		lo, hi := ends(sp)
		for _, v := range []vec.Value{lo, hi} {
			if seen[v.I] > 1 {
				splits[i].Shared = append(splits[i].Shared, v)
			}
		}
	}
}
