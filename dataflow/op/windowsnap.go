package op

import (
	"errors"
	"fmt"
	"slices"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// aggSnapshot is frozen groups: the tables "groups" and "values0", "values1", …, each with the
// columns of aggPlan.tableTypes behind the pane (where there are panes), and the table "meta" with
// the watermark.
type aggSnapshot struct {
	p      *aggPlan
	wm     dataflow.Time
	panes  []int64 // nil: one set of groups without panes
	stored []*stored
	frozen []*state.Frozen
}

// freeze adds groups to the snapshot.
func (s *aggSnapshot) freeze(g *groups) {
	f := g.t.Freeze()
	st := &stored{p: g.p, t: &f.View}
	s.frozen = append(s.frozen, f)
	for _, x := range g.aux {
		f := x.Freeze()
		s.frozen = append(s.frozen, f)
		st.aux = append(st.aux, &f.View)
	}
	s.stored = append(s.stored, st)
}

func tableName(number int) string {
	if number == 0 {
		return "groups"
	}
	return fmt.Sprintf("values%d", number-1)
}

// schemaOf names columns c0, c1, … behind those of names.
func schemaOf(names []string, types []vec.Type) *vec.Schema {
	s := &vec.Schema{}
	for i, t := range types {
		name := fmt.Sprint("c", i-len(names))
		if i < len(names) {
			name = names[i]
		}
		s.Fields = append(s.Fields, vec.Field{Name: name, Type: t})
	}
	return s
}

var metaSchema = schemaOf([]string{"watermark"}, []vec.Type{vec.TInt64})

func (s *aggSnapshot) Write(w dataflow.SnapshotWriter) error {
	defer s.Release()
	meta := vec.NewBatch(metaSchema.Types())
	meta.AppendRow(vec.IntValue(s.wm))
	if err := writeTable(w, "meta", metaSchema, func(put func(*vec.Batch) error) error { return put(meta) }); err != nil {
		return err
	}
	for number := 0; number <= len(s.p.aux); number++ {
		types, names := s.p.tableTypes(number), []string(nil)
		if s.panes != nil {
			types, names = append([]vec.Type{vec.TInt64}, types...), []string{"pane"}
		}
		err := writeTable(w, tableName(number), schemaOf(names, types), func(put func(*vec.Batch) error) error {
			for i, st := range s.stored {
				if err := st.each(number, func(b *vec.Batch) error { return put(s.withPane(i, b)) }); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *aggSnapshot) withPane(i int, b *vec.Batch) *vec.Batch {
	if s.panes == nil {
		return b
	}
	at := vec.New(vec.TInt64, b.N)
	fill(at, s.panes[i], b.N)
	return &vec.Batch{Cols: append([]*vec.Vec{at}, b.Cols...), N: b.N}
}

func writeTable(w dataflow.SnapshotWriter, name string, schema *vec.Schema, fn func(put func(*vec.Batch) error) error) error {
	t, err := w.Table(name, schema)
	if err != nil {
		return err
	}
	return errors.Join(fn(t.Write), t.Close())
}

// Release lets go of the frozen memory.
func (s *aggSnapshot) Release() {
	for _, f := range s.frozen {
		f.Release()
	}
	s.frozen, s.stored = nil, nil
}

// readMeta is the least watermark of the tasks that wrote the snapshot.
func readMeta(r dataflow.SnapshotReader) (dataflow.Time, error) {
	wm, any := dataflow.MaxTime, false
	err := r.Each("meta", func(b *vec.Batch) error {
		for k := range b.Live() {
			wm, any = min(wm, b.Cols[0].Value(b.Row(k)).I), true
		}
		return nil
	})
	if !any {
		wm = dataflow.MinTime
	}
	return wm, err
}

// owned selects the rows whose keys, the columns cols, belong to this task.
func owned(tc *dataflow.TaskContext, b *vec.Batch, cols []int) []int32 {
	sel := make([]int32, 0, b.N)
	hash := make([]uint64, b.N)
	b.Hash(hash, cols)
	for k := range b.Live() {
		i := b.Row(k)
		if len(cols) == 0 || dataflow.GroupTask(dataflow.KeyGroup(hash[i]), tc.P) == tc.Task {
			sel = append(sel, int32(i))
		}
	}
	return sel
}

// Snapshot freezes the panes. A partial aggregation was flushed before and keeps its watermark only.
func (w *windowAgg) Snapshot(dataflow.CheckpointID) (dataflow.Snapshot, error) {
	s := &aggSnapshot{p: w.p, wm: w.wm, panes: []int64{}}
	for _, p := range w.panes {
		s.panes = append(s.panes, p.at)
		s.freeze(p.g)
	}
	return s, nil
}

// Restore takes the rows of the key groups of this task.
func (w *windowAgg) Restore(r dataflow.SnapshotReader) error {
	wm, err := readMeta(r)
	if err != nil {
		return err
	}
	w.wm = wm
	keys := w.exchanged()
	for number := 0; number <= len(w.p.aux); number++ {
		err := r.Each(tableName(number), func(b *vec.Batch) error {
			mine := b.WithSel(owned(w.tc, b, keys))
			w.cut.cut(mine, b.Cols[0], nil)
			for i := range w.cut.parts {
				part := &w.cut.parts[i]
				if err := w.pane(part.at).restore(number, b, part.rows(mine), 1); err != nil {
					return fmt.Errorf("restore windows: %w", err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// exchanged is the columns of a snapshot's table by whose hash the input was exchanged.
func (w *windowAgg) exchanged() []int {
	var keys []int
	for i := range w.spec.Keys {
		in := slices.Index(w.inner, i)
		switch {
		case w.spec.Exchanged != nil && !slices.Contains(w.spec.Exchanged, i):
		case in >= 0:
			keys = append(keys, 1+in)
		case w.win == nil && i == w.spec.Window.End:
			keys = append(keys, 0)
		}
	}
	return keys
}
