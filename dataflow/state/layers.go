package state

import (
	"fmt"
	"slices"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// merge calls fn with the rows that the layers of one table, written by one operator instance, have
// together: each row as the newest layer with it has it. Batches are lent.
func (c *Checkpoint) merge(layers []TableFile, fn func(*vec.Batch) error) error {
	layers = slices.Clone(layers)
	slices.SortFunc(layers, func(a, b TableFile) int { return b.Layer - a.Layer }) // newest first
	m := merger{seen: map[int64][]uint64{}, gone: map[int64]bool{}}
	for i, f := range layers {
		m.start(i == len(layers)-1)
		err := c.read(f, func(b *vec.Batch) error {
			if b.Live() == 0 {
				return nil
			}
			if len(b.Cols) < len(layerFields) {
				return damaged(f.File, fmt.Errorf("it has %d columns", len(b.Cols)))
			}
			sel := m.keep(b)
			if m.err != nil || len(sel) == 0 {
				return m.err
			}
			if len(sel) == b.N {
				sel = nil
			}
			return fn(&vec.Batch{Cols: b.Cols[len(layerFields):], N: b.N, Sel: sel})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// merger tells which rows newer layers have, by state table and place.
type merger struct {
	seen   map[int64][]uint64
	gone   map[int64]bool
	oldest bool // the layer at hand; its rows need not be noted

	table, place int64 // of the row before
	dead         bool
	known        []uint64 // seen[table]
	skip         bool     // gone[table]
	err          error

	flat [2]vec.Vec
	sel  []int32
}

// maxPlace bounds what a file may make the reader allocate: a table has at most 2^32 words.
const maxPlace = 1 << 32

// start begins a layer.
func (m *merger) start(oldest bool) { m.oldest = oldest; m.enter(0, false) }

// enter goes to the first place of a table.
func (m *merger) enter(table int64, dead bool) {
	m.table, m.place, m.dead = table, -1, dead
	m.known, m.skip = m.seen[table], m.gone[table]
}

// keep selects the rows of a batch of a layer that no newer layer has or has seen go.
func (m *merger) keep(b *vec.Batch) []int32 {
	table := b.Cols[0].Flatten(&m.flat[0], b.N, b.Sel).I64
	step := b.Cols[1].Flatten(&m.flat[1], b.N, b.Sel).I64
	sel := slices.Grow(m.sel[:0], b.Live())
	for k := range b.Live() {
		i := b.Row(k)
		t, d := table[i], step[i]
		if d == 0 {
			m.gone[t] = true
			continue
		}
		if t != m.table || (d < 0) != m.dead {
			m.enter(t, d < 0)
		}
		if m.place += max(d, -d); m.place >= maxPlace || m.place < 0 {
			m.err = fmt.Errorf("%w: a row stands at place %d", ErrDamaged, m.place)
			return nil
		}
		if !m.skip && m.first() && d > 0 {
			sel = append(sel, int32(i))
		}
	}
	m.sel = sel
	return sel
}

// first notes the row at the place, and tells whether it was not known before.
func (m *merger) first() bool {
	w, bit := int(m.place>>6), uint64(1)<<(m.place&63)
	if w < len(m.known) && m.known[w]&bit != 0 {
		return false
	}
	if m.oldest {
		return true
	}
	if w >= len(m.known) {
		m.known = append(m.known, make([]uint64, max(w+1-len(m.known), len(m.known)))...)
		m.seen[m.table] = m.known
	}
	m.known[w] |= bit
	return true
}

// layered groups the files of a table that lie upon each other: those of one operator instance.
func layered(files []TableFile) (out [][]TableFile) {
	at := map[string]int{}
	for _, f := range files {
		key := fmt.Sprintf("%s/%d/%s", f.Operator, f.Task, f.Table)
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], f)
	}
	return out
}

// each calls fn with the rows of one table of one operator instance.
func (c *Checkpoint) each(files []TableFile, fn func(*vec.Batch) error) error {
	if len(files) == 1 && files[0].Layer == 0 {
		return c.read(files[0], fn)
	}
	return c.merge(files, fn)
}
