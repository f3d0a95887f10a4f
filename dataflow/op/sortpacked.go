package op

import (
	"context"
	"io"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func allPacked(runs []*memRun) bool {
	for _, r := range runs {
		if r.packed == nil {
			return false
		}
	}
	return true
}

// packedMerger merges runs in memory whose packed keys decide the order: it compares integers, and
// gathers each row once, from where it was.
type packedMerger struct {
	ctx  context.Context
	runs []*memRun
	at   []int
	out  *vec.Batch
	from []int32 // by output row: the run
	row  []int32 // and the row in it
}

func (m *packedMerger) Next() (*vec.Batch, error) {
	if m.ctx.Err() != nil {
		return nil, context.Cause(m.ctx)
	}
	m.from, m.row = m.from[:0], m.row[:0]
	if len(m.runs) == 2 {
		m.pickTwo()
	} else {
		m.pick()
	}
	if len(m.row) == 0 {
		return nil, io.EOF
	}
	m.gather()
	return m.out, nil
}

// pick takes the next rows of any number of runs; there are few, since a run is millions of rows.
func (m *packedMerger) pick() {
	for len(m.row) < vec.MaxRows {
		best := -1
		for k, r := range m.runs {
			if m.at[k] < len(r.packed) && (best < 0 || r.packed[m.at[k]] < m.runs[best].packed[m.at[best]]) {
				best = k
			}
		}
		if best < 0 {
			return
		}
		m.from, m.row = append(m.from, int32(best)), append(m.row, m.runs[best].perm[m.at[best]])
		m.at[best]++
	}
}

// pickTwo is the loop for two runs, one a core of a small machine.
func (m *packedMerger) pickTwo() {
	a, b := m.runs[0], m.runs[1]
	i, j := m.at[0], m.at[1]
	for len(m.row) < vec.MaxRows && i < len(a.packed) && j < len(b.packed) {
		if b.packed[j] < a.packed[i] {
			m.from, m.row = append(m.from, 1), append(m.row, b.perm[j])
			j++
		} else {
			m.from, m.row = append(m.from, 0), append(m.row, a.perm[i])
			i++
		}
	}
	m.at[0], m.at[1] = i, j
	if i == len(a.packed) || j == len(b.packed) {
		m.pick()
	}
}

func (m *packedMerger) gather() {
	n := len(m.row)
	m.out.Reset()
	for c, v := range m.out.Cols {
		v.Resize(n)
		nulls := false
		for _, r := range m.runs {
			nulls = nulls || r.rows.Cols[c].MayHaveNulls()
		}
		if nulls {
			for i, r := range m.row {
				if m.runs[m.from[i]].rows.Cols[c].IsNull(int(r)) {
					v.SetNull(i)
				}
			}
		}
		switch v.Type.Phys() {
		case vec.PhysBool:
			gatherRuns(m, v.B, c)
		case vec.PhysI32:
			gatherRuns(m, v.I32, c)
		case vec.PhysI64:
			gatherRuns(m, v.I64, c)
		case vec.PhysI128:
			gatherRuns(m, v.I128, c)
		case vec.PhysF64:
			gatherRuns(m, v.F64, c)
		case vec.PhysIv:
			gatherRuns(m, v.Iv, c)
		default:
			for i, r := range m.row {
				v.Off[i] = int32(len(v.Data))
				v.Data = append(v.Data, m.runs[m.from[i]].rows.Cols[c].Str(int(r))...)
			}
			v.Off[n] = int32(len(v.Data))
		}
	}
	m.out.N = n
}

func gatherRuns[T vec.Slot](m *packedMerger, dst []T, c int) {
	src := make([][]T, len(m.runs))
	codes := make([][]int32, len(m.runs))
	for k, r := range m.runs {
		v := r.rows.Cols[c]
		src[k] = vec.Slots[T](v.Base())
		if v.Form == vec.Dict {
			codes[k] = v.Codes
		}
	}
	for i, r := range m.row {
		f := m.from[i]
		if codes[f] != nil {
			r = codes[f][r]
		}
		dst[i] = src[f][r]
	}
}

// Position is unused: a merge is not resumed, its job starts over.
func (m *packedMerger) Position() []byte { return nil }

func (m *packedMerger) Close() error { m.runs = nil; return nil }
