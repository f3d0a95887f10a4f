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
	state  *state.Snapshot
	groups []frozenGroups
}

// frozenGroups is one set of groups: its main table, and those of the values. run is set when they
// are on disk.
type frozenGroups struct {
	stored
	tables []*state.Frozen
	run    *paneRun
}

// freeze adds groups to the snapshot.
func (s *aggSnapshot) freeze(g *groups) {
	if s.state == nil {
		s.state = s.p.history.Begin()
	}
	f := s.state.Freeze(g.t)
	fg := frozenGroups{stored: stored{p: g.p, t: &f.View}, tables: []*state.Frozen{f}}
	for _, x := range g.aux {
		f := s.state.Freeze(x)
		fg.tables = append(fg.tables, f)
		fg.aux = append(fg.aux, &f.View)
	}
	s.groups = append(s.groups, fg)
}

// keep adds groups that are on disk.
func (s *aggSnapshot) keep(r *paneRun) {
	r.refs.Add(1)
	fg := frozenGroups{run: r}
	for number, t := range r.tables {
		fg.tables = append(fg.tables, s.state.Keep(&r.fixed[number], t.Rows()))
	}
	s.groups = append(s.groups, fg)
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
	if err := writeTable(w, "meta", metaSchema, meta); err != nil {
		return err
	}
	var files []state.File
	for number := 0; number <= len(s.p.aux); number++ {
		types, names := s.p.tableTypes(number), []string(nil)
		if s.panes != nil {
			types, names = append([]vec.Type{vec.TInt64}, types...), []string{"pane"}
		}
		f := state.File{Name: tableName(number), Schema: schemaOf(names, types)}
		for i := range s.groups {
			r := state.Rows{Frozen: s.groups[i].tables[number]}
			if run := s.groups[i].run; run != nil {
				r.Each = func(fn func(*vec.Batch) error) error {
					return readRun(run.tables[number], func(b *vec.Batch) error { return fn(s.withPane(i, b)) })
				}
			} else {
				r.Gather = func(refs []state.Ref, b *vec.Batch) { s.gather(i, number, refs, b) }
			}
			f.From = append(f.From, r)
		}
		files = append(files, f)
	}
	return s.state.Write(w, files...)
}

// withPane puts the pane before the rows of the i-th groups.
func (s *aggSnapshot) withPane(i int, b *vec.Batch) *vec.Batch {
	pane := vec.ConstVec(vec.TInt64, vec.IntValue(s.panes[i]))
	return &vec.Batch{Cols: append([]*vec.Vec{pane}, b.Cols...), N: b.N, Sel: b.Sel}
}

// gather fills b with rows of table number of the i-th groups.
func (s *aggSnapshot) gather(i, number int, refs []state.Ref, b *vec.Batch) {
	if s.panes != nil {
		fill(b.Cols[0], s.panes[i], len(refs))
		b = &vec.Batch{Cols: b.Cols[1:], N: b.N}
	}
	g := &s.groups[i]
	if number == 0 {
		g.gatherGroups(refs, b)
	} else {
		g.gatherValues(g.aux[number-1], refs, b)
	}
}

func writeTable(w dataflow.SnapshotWriter, name string, schema *vec.Schema, rows *vec.Batch) error {
	t, err := w.Table(name, schema)
	if err != nil {
		return err
	}
	return errors.Join(t.Write(rows), t.Close())
}

// Release lets go of the frozen memory, and of what is on disk.
func (s *aggSnapshot) Release() {
	s.state.Release()
	for _, g := range s.groups {
		if g.run != nil {
			_ = g.run.release() // what is left of a run is swept with the process's directory
		}
	}
	s.groups = nil
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
	s := &aggSnapshot{p: w.p, wm: w.wm, panes: []int64{}, state: w.p.history.Begin()}
	for _, p := range w.panes {
		s.panes = append(s.panes, p.at)
		s.freeze(p.g)
		for _, r := range p.runs {
			s.panes = append(s.panes, p.at)
			s.keep(r)
		}
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
				err := w.fit(func() error { return w.pane(part.at).restore(number, b, part.rows(mine), 1) })
				if err != nil {
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
