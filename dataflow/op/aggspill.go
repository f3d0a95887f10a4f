package op

import (
	"errors"
	"fmt"
	"io"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

// Groups leave memory, for disk and for snapshots, as tables: number 0 is the keys and the states of
// each accumulator; the others, one an auxiliary table, are the keys, a value and how often it came.

// tableTypes is the columns of table number.
func (p *aggPlan) tableTypes(number int) []vec.Type {
	types := append([]vec.Type{}, p.keyTypes...)
	if number > 0 {
		return append(types, p.aux[number-1].value, vec.TInt64)
	}
	for i := range p.accs {
		types = append(types, p.accs[i].states...)
	}
	return types
}

// stored reads groups that may be frozen.
type stored struct {
	p   *aggPlan
	t   *state.View
	aux []*state.View
}

func (g *groups) view() *stored {
	s := &stored{p: g.p, t: &g.t.View}
	for _, x := range g.aux {
		s.aux = append(s.aux, &x.View)
	}
	return s
}

// each calls fn with the rows of table number, in batches lent for the time of the call.
func (s *stored) each(number int, fn func(b *vec.Batch) error) error {
	b := vec.NewBatch(s.p.tableTypes(number))
	from := s.t
	if number > 0 {
		from = s.aux[number-1]
	}
	refs := make([]state.Ref, 0, vec.MaxRows)
	for at := state.Ref(0); at != state.NoRef; {
		refs, at = from.Scan(at, refs[:0])
		if len(refs) == 0 {
			continue
		}
		b.Reset()
		b.N = len(refs)
		if number == 0 {
			s.gatherGroups(refs, b)
		} else {
			s.gatherValues(from, refs, b)
		}
		if err := fn(b); err != nil {
			return err
		}
	}
	return nil
}

func (s *stored) gatherGroups(refs []state.Ref, b *vec.Batch) {
	for c := range s.p.keyTypes {
		s.t.Gather(c, refs, b.Cols[c])
	}
	col := len(s.p.keyTypes)
	for i := range s.p.accs {
		n := len(s.p.accs[i].states)
		s.p.states(i, s.t, refs, b.Cols[col:col+n])
		col += n
	}
}

func (s *stored) gatherValues(from *state.View, refs []state.Ref, b *vec.Batch) {
	nk := len(s.p.keyTypes)
	var ref vec.Vec
	ref.Type = vec.TInt64
	from.Gather(0, refs, &ref)
	from.Gather(1, refs, b.Cols[nk])
	from.Gather(from.Val(auxCount), refs, b.Cols[nk+1])
	groups := make([]state.Ref, len(refs))
	for k, r := range ref.I64 {
		groups[k] = state.Ref(r)
	}
	for c := range s.p.keyTypes {
		s.t.Gather(c, groups, b.Cols[c])
	}
}

// restore takes rows of table number: those of sel, or all when sel is nil. Their columns begin at
// skip. When the error is the budget's refusal nothing has changed.
func (g *groups) restore(number int, b *vec.Batch, sel []int32, skip int) error {
	cols := b.Cols[skip:]
	nk := len(g.p.keyTypes)
	copy(g.p.keyVecs, cols[:nk])
	refs, _, err := g.find(b.N, sel)
	if err != nil {
		return err
	}
	if number > 0 {
		base, idx, live := g.pick(cols[nk], b.N, sel, refs)
		var buf []int64
		counts := pickSlots(cols[nk+1].Flatten(nil, b.N, sel).I64, sel, len(refs), &buf)
		return g.addValues(&g.p.accs[g.p.aux[number-1].acc], base, idx, live, counts, 1)
	}
	rows := &vec.Batch{Cols: cols, N: b.N}
	return g.merge(rows, sel, refs, func(i int) int {
		col := nk
		for k := range i {
			col += len(g.p.accs[k].states)
		}
		return col
	})
}

const (
	spillBits = 4
	spillFan  = 1 << spillBits
	// maxSpillLevel is the last division: key groups take the top 7 bits of the hash, and the table's
	// index the low 32.
	maxSpillLevel = 5
)

// aggSpill is groups on disk, in partitions by bits of the hash of their keys.
type aggSpill struct {
	p     *aggPlan
	tc    *dataflow.TaskContext
	level int
	parts [spillFan]aggPart
	hash  []uint64
	sels  [spillFan][]int32
	keys  []int
}

// aggPart is one partition: a run a table.
type aggPart struct {
	writers []*spill.RunWriter
	runs    []*spill.Run
	bufs    []*vec.Batch
}

func newAggSpill(p *aggPlan, tc *dataflow.TaskContext, level int) *aggSpill {
	sp := &aggSpill{p: p, tc: tc, level: level, keys: upTo(len(p.keyTypes))}
	n := 1 + len(p.aux)
	for i := range sp.parts {
		sp.parts[i] = aggPart{writers: make([]*spill.RunWriter, n), runs: make([]*spill.Run, n), bufs: make([]*vec.Batch, n)}
	}
	return sp
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// write moves all groups of g to disk.
func (sp *aggSpill) write(g *groups) error {
	v := g.view()
	for number := 0; number <= len(sp.p.aux); number++ {
		if err := v.each(number, func(b *vec.Batch) error { return sp.divide(number, b) }); err != nil {
			return fmt.Errorf("spill aggregation: %w", err)
		}
	}
	g.clear()
	return nil
}

// divide writes the rows of a table to their partitions.
func (sp *aggSpill) divide(number int, b *vec.Batch) error {
	sp.hash = room(sp.hash, b.N)
	b.Hash(sp.hash, sp.keys)
	for i := range sp.sels {
		sp.sels[i] = sp.sels[i][:0]
	}
	shift := 57 - spillBits*(sp.level+1)
	for i, h := range sp.hash {
		part := h >> shift & (spillFan - 1)
		sp.sels[part] = append(sp.sels[part], int32(i))
	}
	for part, sel := range sp.sels {
		if len(sel) == 0 {
			continue
		}
		p := &sp.parts[part]
		if p.bufs[number] == nil {
			p.bufs[number] = vec.NewBatch(sp.p.tableTypes(number))
		}
		if p.bufs[number].Append(b, sel); p.bufs[number].N >= vec.MaxRows {
			if err := sp.flush(p, number); err != nil {
				return err
			}
		}
	}
	return nil
}

func (sp *aggSpill) flush(p *aggPart, number int) error {
	b := p.bufs[number]
	if b == nil || b.N == 0 {
		return nil
	}
	if p.writers[number] == nil {
		w, err := spill.NewRunWriter(sp.tc.SpillDir, sp.p.tableTypes(number))
		if err != nil {
			return err
		}
		p.writers[number] = w
	}
	err := p.writers[number].Write(b)
	b.Reset()
	return err
}

// read completes partition part and calls fn with its rows: the groups first. The partition is gone
// afterwards.
func (sp *aggSpill) read(part int, fn func(number int, b *vec.Batch) error) error {
	p := &sp.parts[part]
	for number := range p.writers {
		if err := sp.flush(p, number); err != nil {
			return err
		}
		w := p.writers[number]
		if w == nil {
			continue
		}
		p.writers[number] = nil
		run, err := w.Finish()
		if err != nil {
			return err
		}
		p.runs[number] = run
		if err := readRun(run, func(b *vec.Batch) error { return fn(number, b) }); err != nil {
			return err
		}
		p.runs[number] = nil
		if err := run.Close(); err != nil {
			return err
		}
	}
	return nil
}

func readRun(run *spill.Run, fn func(*vec.Batch) error) error {
	r, err := run.Open()
	if err != nil {
		return err
	}
	for {
		b, err := r.Next()
		if err == io.EOF {
			return r.Close()
		}
		if err == nil {
			err = fn(b)
		}
		if err != nil {
			return errors.Join(err, r.Close())
		}
	}
}

// close deletes what is left on disk.
func (sp *aggSpill) close() error {
	var err error
	for i := range sp.parts {
		p := &sp.parts[i]
		for number := range p.writers {
			if w := p.writers[number]; w != nil {
				err = errors.Join(err, w.Abort())
				p.writers[number] = nil
			}
			if r := p.runs[number]; r != nil {
				err = errors.Join(err, r.Close())
				p.runs[number] = nil
			}
		}
	}
	return err
}
