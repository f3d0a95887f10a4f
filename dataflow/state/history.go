package state

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// History is the snapshots of one operator instance, one after the other. It makes them
// incremental: a snapshot that goes into the checkpoint after the one of its predecessor is written
// as a layer, the rows that changed in between. The zero History is ready.
type History struct {
	tables int32 // numbers given
	last   *Snapshot
}

// Snapshot is the tables of an operator instance, frozen at one moment. It is made on the task's
// goroutine by Begin and Freeze, and then drained by Write on another.
type Snapshot struct {
	h      *History
	before *Snapshot // until this one is written
	frozen []*Frozen
	stored atomic.Int64 // the checkpoint that it was written to; 0: none
}

// Rows are the rows of one frozen table as a file shows them.
type Rows struct {
	*Frozen
	// Gather fills b, whose columns are empty, with rows that are alive.
	Gather func(refs []Ref, b *vec.Batch)
	// Each is for rows of Keep, in place of Gather: it calls fn with all of them, always in the same
	// order. Batches are lent.
	Each func(fn func(b *vec.Batch) error) error
}

// Fixed is the place of rows that never change, such as those on disk, in a History. The zero Fixed
// is ready.
type Fixed struct{ number int32 }

// File is a table of a snapshot: the rows of all of From under one schema.
type File struct {
	Name   string
	Schema *vec.Schema
	From   []Rows
}

// Begin starts a snapshot of all tables that the operator has.
func (h *History) Begin() *Snapshot {
	s := &Snapshot{h: h, before: h.last}
	h.last = s
	return s
}

// Freeze adds a table as it is now.
func (s *Snapshot) Freeze(t *Table) *Frozen {
	if t.number == 0 {
		s.h.tables++
		t.number = s.h.tables
	}
	f := t.Freeze()
	f.number = t.number
	since, ok := t.follow()
	f.changed, f.all = since, !ok
	s.frozen = append(s.frozen, f)
	return f
}

// Keep adds n rows that do not change from one snapshot to the next.
func (s *Snapshot) Keep(at *Fixed, n int64) *Frozen {
	f := &Frozen{rows: int(n)}
	if at.number == 0 {
		s.h.tables++
		at.number, f.all = s.h.tables, true
	}
	f.number = at.number
	s.frozen = append(s.frozen, f)
	return f
}

// Release lets go of the frozen memory.
func (s *Snapshot) Release() {
	s.before = nil
	for _, f := range s.frozen {
		f.Release()
	}
}

// Write stores the snapshot and lets go of it. In a checkpoint of a Store it writes the changes since
// the snapshot before when that is part of the checkpoint before and the changes are worth it (see
// operatorWriter.extend); else, and to any other writer, all rows.
func (s *Snapshot) Write(w dataflow.SnapshotWriter, files ...File) error {
	defer s.Release()
	before := s.before
	o, ok := w.(*operatorWriter)
	if !ok {
		return s.writePlain(w, files)
	}
	var gone []int32
	var since dataflow.CheckpointID
	if before != nil {
		since, gone = dataflow.CheckpointID(before.stored.Load()), s.gone(before)
	}
	changed, rows := int64(len(gone)), int64(0)
	for _, f := range s.frozen {
		rows += int64(f.rows)
		if f.all {
			changed += int64(f.rows)
		} else {
			changed += f.changed.count()
		}
	}
	layer, err := o.extend(since, changed, rows)
	if err != nil {
		return err
	}
	lw := &layerWriter{gone: gone, changesOnly: layer > 1}
	for _, f := range files {
		if err := lw.add(o, f, layer); err != nil {
			return errors.Join(err, lw.close())
		}
	}
	s.Release()
	if err := lw.close(); err != nil {
		return err
	}
	s.stored.Store(int64(o.w.id))
	return nil
}

// gone lists the tables that before had and s has not.
func (s *Snapshot) gone(before *Snapshot) (out []int32) {
	have := make([]int32, len(s.frozen))
	for i, f := range s.frozen {
		have[i] = f.number
	}
	slices.Sort(have)
	for _, f := range before.frozen {
		if _, ok := slices.BinarySearch(have, f.number); !ok {
			out = append(out, f.number)
		}
	}
	return out
}

// writePlain writes all rows, without the columns that layers need.
func (s *Snapshot) writePlain(w dataflow.SnapshotWriter, files []File) error {
	for _, f := range files {
		t, err := w.Table(f.Name, f.Schema)
		if err != nil {
			return err
		}
		b := vec.NewBatch(f.Schema.Types())
		for _, r := range f.From {
			err = r.eachBatch(b, t.Write)
			if err != nil {
				break
			}
		}
		if err := errors.Join(err, t.Close()); err != nil {
			return err
		}
	}
	return nil
}

// eachBatch calls fn with all rows. b is memory to gather them in.
func (r Rows) eachBatch(b *vec.Batch, fn func(*vec.Batch) error) error {
	if r.Each != nil {
		return r.Each(fn)
	}
	return r.eachAlive(func(refs []Ref) error {
		b.Reset()
		b.N = len(refs)
		r.Gather(refs, b)
		return fn(b)
	})
}

// eachAlive calls fn with all rows, in order; refs is lent.
func (f *Frozen) eachAlive(fn func(refs []Ref) error) error {
	refs := make([]Ref, 0, vec.MaxRows)
	for at := Ref(0); at != NoRef; {
		refs, at = f.Scan(at, refs[:0])
		if len(refs) == 0 {
			continue
		}
		if err := fn(refs); err != nil {
			return err
		}
	}
	return nil
}

// A layer's file has two columns before those of its table: the number of the state table that a row
// is of, and how many places it stands behind the row before it of that table. Both are nearly
// constant, and take next to nothing in a file. Rows that are gone come after those that live; their
// steps are negative and count from the beginning again, and 0 says that the whole table is gone.
var layerFields = []vec.Field{{Name: "_table", Type: vec.TInt64}, {Name: "_step", Type: vec.TInt64}}

// layerWriter writes the files of one layer.
type layerWriter struct {
	changesOnly bool
	gone        []int32
	open        []dataflow.TableWriter

	out   dataflow.TableWriter // of the file at hand
	b     *vec.Batch
	shown *vec.Batch // the table's own columns of b
	nulls []*vec.Vec
}

// close completes the files.
func (l *layerWriter) close() (err error) {
	for _, t := range l.open {
		err = errors.Join(err, t.Close())
	}
	return err
}

// add writes the rows of a file, unless there are none and older layers have the file already.
func (l *layerWriter) add(o *operatorWriter, f File, layer int) error {
	if l.changesOnly && len(l.gone) == 0 && !slices.ContainsFunc(f.From, Rows.dirty) {
		return nil
	}
	schema := vec.NewSchema(append(slices.Clone(layerFields), f.Schema.Fields...)...)
	var err error
	if l.out, err = o.layer(f.Name, schema, layer); err != nil {
		return err
	}
	l.open = append(l.open, l.out)
	l.b = vec.NewBatch(schema.Types())
	l.shown = &vec.Batch{Cols: l.b.Cols[len(layerFields):]}
	l.nulls = nil
	for _, t := range f.Schema.Types() {
		l.nulls = append(l.nulls, vec.ConstVec(t, vec.NullValue()))
	}
	for _, r := range f.From {
		if err := l.rows(r); err != nil {
			return fmt.Errorf("write %s: %w", f.Name, err)
		}
	}
	if !l.changesOnly {
		return nil
	}
	for _, n := range l.gone {
		if err := l.dead(n, []int64{0}); err != nil {
			return fmt.Errorf("write %s: %w", f.Name, err)
		}
	}
	return nil
}

func (r Rows) dirty() bool {
	return r.all && r.rows > 0 || slices.ContainsFunc(r.changed.pages, func(p []uint64) bool { return p != nil })
}

// rows writes the rows of one state table: first those that live, then those that are gone.
func (l *layerWriter) rows(r Rows) error {
	if r.Each != nil {
		if l.changesOnly && !r.all {
			return nil
		}
		return r.Each(func(b *vec.Batch) error { return l.fixed(r.number, b) })
	}
	last := int64(-1)
	live := func(refs []Ref) error {
		if len(refs) == 0 {
			return nil
		}
		l.b.Reset()
		l.b.N, l.shown.N = len(refs), len(refs)
		r.Gather(refs, l.shown)
		table, step := l.b.Cols[0], l.b.Cols[1]
		table.Resize(len(refs))
		step.Resize(len(refs))
		for k, ref := range refs {
			at := r.place(ref)
			table.I64[k], step.I64[k] = int64(r.number), at-last
			last = at
		}
		return l.out.Write(l.b)
	}
	if !l.changesOnly || r.all {
		return r.eachAlive(live)
	}
	var dead []int64
	lastDead := int64(-1)
	err := r.changed.scan(r.stride, func(refs []Ref) error {
		k := 0
		for _, ref := range refs {
			if r.alive(ref) {
				refs[k] = ref
				k++
				continue
			}
			at := r.place(ref)
			dead = append(dead, lastDead-at)
			lastDead = at
		}
		return live(refs[:k])
	})
	if err != nil {
		return err
	}
	return l.dead(r.number, dead)
}

// fixed writes live rows of which each stands one place behind the other.
func (l *layerWriter) fixed(table int32, b *vec.Batch) error {
	cols := []*vec.Vec{vec.ConstVec(vec.TInt64, vec.IntValue(int64(table))), vec.ConstVec(vec.TInt64, vec.IntValue(1))}
	return l.out.Write(&vec.Batch{Cols: append(cols, b.Cols...), N: b.N, Sel: b.Sel})
}

// dead writes rows that are gone.
func (l *layerWriter) dead(table int32, steps []int64) error {
	if len(steps) == 0 {
		return nil
	}
	n := len(steps)
	b := &vec.Batch{Cols: []*vec.Vec{vec.ConstVec(vec.TInt64, vec.IntValue(int64(table))), {Type: vec.TInt64, I64: steps}}, N: n}
	b.Cols = append(b.Cols, l.nulls...)
	return l.out.Write(b)
}
