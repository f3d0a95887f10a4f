package parquet

import (
	"math"

	"github.com/parquet-go/parquet-go/format"

	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// Stats is what the footers and the headers of some dictionaries say. It is made on first use.
func (t *Table) Stats() plan.Stats {
	t.statsOnce.Do(func() {
		t.stats = plan.Stats{Rows: float64(t.Rows()), Cols: make([]plan.ColStats, t.schema.Len())}
		for c := range t.stats.Cols {
			t.stats.Cols[c] = t.columnStats(c)
		}
		for _, f := range t.files {
			for i := range f.meta.groups {
				t.stats.Bytes += float64(max(0, f.meta.groups[i].bytes))
			}
		}
	})
	return t.stats
}

// columnStats merges the statistics of a column over all row groups.
func (t *Table) columnStats(c int) plan.ColStats {
	var s plan.ColStats
	typ := t.schema.Fields[c].Type
	nulls, groups, ranges := int64(0), 0, 0
	for _, f := range t.files {
		for i := range f.meta.groups {
			g := &f.meta.groups[i]
			groups++
			if f.column[c] < 0 {
				nulls += g.rows
				ranges++
				continue
			}
			l := &f.leaves[f.column[c]]
			nulls += max(0, g.chunks[l.index].stats.nulls)
			b := l.chunkBounds(g)
			if b.allNull {
				ranges++
			}
			if !b.hasRange {
				continue
			}
			ranges++
			if !s.HasRange || vec.CompareValues(typ, b.lo, s.Min) < 0 {
				s.Min = b.lo
			}
			if !s.HasRange || vec.CompareValues(typ, b.hi, s.Max) > 0 {
				s.Max = b.hi
			}
			s.HasRange = true
		}
	}
	s.HasRange = s.HasRange && ranges == groups
	if rows := t.Rows(); rows > 0 {
		s.Nulls = math.Min(1, float64(nulls)/float64(rows))
	}
	s.Distinct = t.distinct(c, &s)
	return s
}

// sample is what one row group tells about the number of distinct values.
type sample struct {
	rows, distinct float64
	b              bounds
}

// distinct estimates the number of values: from the dictionaries of the first, the middle and the
// last row group, else for integers from their range. 0 is not known.
func (t *Table) distinct(c int, s *plan.ColStats) float64 {
	rows := float64(t.Rows()) * (1 - s.Nulls)
	limit := rows
	if typ := t.schema.Fields[c].Type; s.HasRange && (typ.Phys() == vec.PhysI32 || typ.Phys() == vec.PhysI64) {
		limit = math.Min(limit, float64(s.Max.I)-float64(s.Min.I)+1)
	} else if typ.Kind == vec.Bool {
		limit = math.Min(limit, 2)
	}
	samples, groups := t.samples(c)
	if len(samples) == 0 {
		if s.HasRange && limit < rows || t.schema.Fields[c].Type.IsInteger() && s.HasRange {
			return limit
		}
		return 0
	}
	apart, most := len(samples) > 1, 0.0
	for i, a := range samples {
		most = math.Max(most, population(a.distinct, a.rows))
		if i > 0 {
			p := samples[i-1].b
			apart = apart && a.b.hasRange && p.hasRange &&
				(vec.CompareValues(a.b.t, p.hi, a.b.lo) <= 0 || vec.CompareValues(a.b.t, a.b.hi, p.lo) <= 0)
		}
	}
	if apart { // the table is ordered by the column: row groups have different values
		most = 0
		for _, a := range samples {
			most += a.distinct
		}
		most *= float64(groups) / float64(len(samples))
	}
	return math.Max(1, math.Min(limit, most))
}

// population is the number of values from which n draws would give d distinct ones.
func population(d, n float64) float64 {
	if d < n/10 {
		return d
	}
	if d >= n*0.999 {
		return math.Inf(1)
	}
	lo, hi := d, n*1000
	for i := 0; i < 60; i++ {
		mid := (lo + hi) / 2
		if mid*(1-math.Exp(-n/mid)) < d {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

func (t *Table) samples(c int) (out []sample, groups int) {
	type at struct {
		f *file
		i int
	}
	var all []at
	for _, f := range t.files {
		for i := range f.meta.groups {
			if f.column[c] >= 0 && f.meta.groups[i].rows > 0 {
				all = append(all, at{f, i})
			}
		}
	}
	last := -1
	for _, k := range []int{0, len(all) / 2, len(all) - 1} {
		if k <= last || k >= len(all) {
			continue
		}
		last = k
		g := &all[k].f.meta.groups[all[k].i]
		l := &all[k].f.leaves[all[k].f.column[c]]
		chunk := &g.chunks[l.index]
		s := sample{rows: float64(g.rows - max(0, chunk.stats.nulls)), b: l.chunkBounds(g)}
		if s.distinct = float64(chunk.stats.distinct); s.distinct <= 0 {
			s.distinct = all[k].f.dictEntries(chunk)
		}
		if s.distinct > 0 && s.rows > 0 {
			out = append(out, s)
		}
	}
	return out, len(all)
}

// dictEntries reads the number of entries from the header of a chunk's dictionary; 0 when not all
// values may be in it.
func (f *file) dictEntries(c *columnChunk) float64 {
	if len(c.pageStats) > 0 && !c.onlyDict() {
		return 0
	}
	r, err := f.acquire()
	if err != nil {
		return 0 // reading the table will tell
	}
	defer f.release()
	buf := make([]byte, min(64, c.size))
	if readFull(r, buf, c.start()) != nil {
		return 0
	}
	h, _, err := readPageHeader(buf)
	if err != nil || h.typ != format.DictionaryPage {
		return 0
	}
	return float64(h.values)
}
