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
	src  []*vec.Batch

	fields []keyField
	keys   []uint64 // by output row: its packed keys
}

func (m *packedMerger) Next() (*vec.Batch, error) {
	if m.ctx.Err() != nil {
		return nil, context.Cause(m.ctx)
	}
	m.from, m.row, m.keys = m.from[:0], m.row[:0], m.keys[:0]
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

// gather makes the output: keys from the packed ones, which come in order, the rest from its rows.
func (m *packedMerger) gather() {
	skip := make([]bool, len(m.out.Cols))
	for _, f := range m.fields {
		skip[f.col] = skip[f.col] || f.back
	}
	gatherPicked(m.out, m.src, m.from, m.row, skip)
	for i := range m.fields {
		if f := &m.fields[i]; f.back {
			f.unpack(m.keys, m.out.Cols[f.col])
		}
	}
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
		m.keys = append(m.keys, m.runs[best].packed[m.at[best]])
		m.at[best]++
	}
}

// pickTwo is the loop for two runs, one a core of a small machine.
func (m *packedMerger) pickTwo() {
	a, b := m.runs[0], m.runs[1]
	i, j := m.at[0], m.at[1]
	for len(m.row) < vec.MaxRows && i < len(a.packed) && j < len(b.packed) {
		if b.packed[j] < a.packed[i] {
			m.from, m.row, m.keys = append(m.from, 1), append(m.row, b.perm[j]), append(m.keys, b.packed[j])
			j++
		} else {
			m.from, m.row, m.keys = append(m.from, 0), append(m.row, a.perm[i]), append(m.keys, a.packed[i])
			i++
		}
	}
	m.at[0], m.at[1] = i, j
	if i == len(a.packed) || j == len(b.packed) {
		m.pick()
	}
}

// Position is unused: a merge is not resumed, its job starts over.
func (m *packedMerger) Position() []byte { return nil }

func (m *packedMerger) Close() error { m.runs = nil; return nil }
