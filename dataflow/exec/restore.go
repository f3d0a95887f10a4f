package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/state"
)

// ErrFinished tells that the state directory belongs to a job whose input has ended.
var ErrFinished = errors.New("the job in this state directory has finished")

// load picks the checkpoint to go on from: the newest, unless a sink's own system says that it was
// not committed.
func (c *coordinator) load(ctx context.Context) error {
	if v := c.job.opts.view; v != nil {
		return c.loadView(v)
	}
	st := c.job.opts.Store
	if st == nil {
		return nil
	}
	ids, err := st.Checkpoints()
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return nil
	}
	cp, err := st.Open(ids[0])
	if err != nil {
		return err
	}
	if cp.Job == c.job.opts.ID { // one of another job was imported, and had been committed
		if ids, err = c.decide(ctx, st, ids); err != nil || len(ids) == 0 {
			return err
		}
		if cp, err = st.Open(ids[0]); err != nil {
			return err
		}
	}
	c.from, c.next = cp, cp.ID+1
	for name, n := range cp.Counters {
		if s, ok := c.job.sides[name]; ok {
			s.before = n
		}
	}
	if cp.Finished {
		if cp.Plan != plan.Explain(c.job.root, nil) {
			return fmt.Errorf("%w, which has finished; use a state directory for each job", ErrChanged)
		}
		// What the last checkpoint prepared may still wait for its commit.
		return c.finishCommitted(cp)
	}
	if !c.job.opts.Adapt {
		if err := c.checkOperators(cp); err != nil {
			return err
		}
	}
	return c.loadSources(cp)
}

// ErrChanged tells that a checkpoint was made by another query.
var ErrChanged = errors.New("the state directory belongs to another query")

// checkOperators refuses a checkpoint with state that no operator of this plan would take over: it
// would be lost without a word.
func (c *coordinator) checkOperators(cp *state.Checkpoint) error {
	have := map[string]bool{}
	for _, t := range c.tasks {
		if err := t.eachLink(func(l *link) error { have[l.id] = true; return nil }); err != nil {
			return err
		}
	}
	lost := map[string]bool{}
	for _, t := range cp.Tables {
		if !have[t.Operator] {
			lost[t.Operator] = true
		}
	}
	if len(lost) > 0 {
		return fmt.Errorf("%w: checkpoint %d holds state of %s, which this query does not have; run the query that made it, or start anew with an empty state directory",
			ErrChanged, cp.ID, strings.Join(slices.Sorted(maps.Keys(lost)), ", "))
	}
	for _, s := range cp.Sinks {
		if !have[s.ID] {
			return fmt.Errorf("%w: checkpoint %d has rows to commit for %s, which this query does not write; run the query that made it, with the same --late and --bad", ErrChanged, cp.ID, s.ID)
		}
	}
	return nil
}

// decide drops the newest checkpoint when a transaction that belongs to it was never committed.
func (c *coordinator) decide(ctx context.Context, st *state.Store, ids []dataflow.CheckpointID) ([]dataflow.CheckpointID, error) {
	first := len(ids) == 1 // or the one before was imported: this job committed none before
	if !first {
		before, err := st.Open(ids[1])
		if err != nil {
			return nil, err
		}
		first = before.Job != c.job.opts.ID
	}
	for _, d := range c.deciders() {
		won, ok, err := d.LastCommitted(ctx, c.job.opts.ID)
		if err != nil {
			return nil, err
		}
		switch {
		case ok && won == ids[0]:
		case ok && len(ids) > 1 && won == ids[1], !ok && first:
			if err := st.Discard(ids[0]); err != nil {
				return nil, err
			}
			c.next = ids[0] + 1
			ids = ids[1:]
		default:
			return nil, fmt.Errorf("the sink committed checkpoint %d last, but the state directory %s has %v: it is an older copy, or belongs to another job", won, st.Dir(), ids)
		}
	}
	return ids, nil
}

func (c *coordinator) deciders() (out []Decider) {
	plan.Transform(c.job.root, func(n plan.Node) plan.Node {
		if s, ok := n.(*plan.Sink); ok {
			if d, ok := s.Target.(Decider); ok {
				out = append(out, d)
			}
		}
		return n
	})
	return out
}

func (c *coordinator) loadSources(cp *state.Checkpoint) error {
	have, byTable := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for _, s := range cp.Sources {
		have[s.ID], byTable[s.Table] = s.Splits, s.Splits
	}
	for _, s := range c.job.stages {
		if s.source == nil || s.feeds || !s.source.unbounded && !c.checkpointed(s.source.id, have) {
			continue
		}
		raw, ok := have[s.source.id]
		if !ok && c.job.opts.Adapt {
			raw, ok = byTable[s.source.table]
		}
		if !ok {
			return fmt.Errorf("%w: checkpoint %d has no positions for %s: this query reads other tables or columns (--late reads all columns) than the one that made it", ErrChanged, cp.ID, s.name)
		}
		var splits []SplitState
		if err := json.Unmarshal(raw, &splits); err != nil {
			return fmt.Errorf("%w: positions of %s: %w", state.ErrDamaged, s.name, err)
		}
		for _, sp := range splits {
			s.source.saved[sp.ID] = sp
		}
	}
	return nil
}

// checkpointed tells whether a bounded source takes part in checkpoints: one that feeds a shared
// table is read again instead.
func (c *coordinator) checkpointed(id string, have map[string]json.RawMessage) bool {
	_, ok := have[id]
	return ok
}

// restore gives a task's operators their state, and redoes the commit of the checkpoint.
func (c *coordinator) restore(t *task) error {
	if c.from == nil {
		return nil
	}
	return t.eachLink(func(l *link) error {
		if l.forgets && !t.stage.feeds { // it was done when the checkpoint was taken, and would give a row over no input
			l.out = nowhere
		}
		if s, ok := l.op.(dataflow.Snapshotter); ok {
			if err := s.Restore(c.from.Operator(l.id)); err != nil {
				return l.blame(fmt.Errorf("restore from checkpoint %d: %w", c.from.ID, err))
			}
		}
		if s, ok := l.op.(dataflow.Committer); ok && t.num == 0 {
			for _, p := range c.from.Sinks {
				if p.ID == l.id {
					if err := s.Commit(c.from.ID, p.Prepared); err != nil {
						return l.blame(fmt.Errorf("commit of checkpoint %d: %w", c.from.ID, err))
					}
				}
			}
		}
		return nil
	})
}

// finishCommitted makes a finished job do nothing but the commits that a crash may have left.
func (c *coordinator) finishCommitted(cp *state.Checkpoint) error {
	c.finished = true
	for _, s := range c.job.stages {
		if s.source != nil {
			s.source.splits, s.source.src = nil, emptySource{s.source.src}
		}
	}
	return nil
}

// emptySource is a source that has been read.
type emptySource struct{ dataflow.Source }

func (emptySource) Splits(context.Context) ([]dataflow.Split, error) { return nil, nil }

// Finished tells that the job's state directory holds a job whose input had ended before this run.
func (j *Job) Finished() bool { return j.coord.finished }

// store writes a complete set of reports and makes it durable.
func (c *coordinator) store(cp *checkpoint) error {
	st := c.job.opts.Store
	if st == nil {
		return nil
	}
	w, err := st.Begin(cp.id)
	if err != nil {
		cp.release()
		return err
	}
	m := state.Manifest{Job: c.job.opts.ID, Created: time.Now().UTC(), Parallelism: c.job.opts.Parallelism,
		Plan: plan.Explain(c.job.root, nil), Counters: map[string]int64{}}
	for name, s := range c.job.sides {
		m.Counters[name] = s.before
	}
	if err := c.writeTables(w, cp); err != nil {
		w.Abort()
		return err
	}
	if err := c.describe(&m, cp); err != nil {
		w.Abort()
		return err
	}
	size := w.Size()
	cp.event.Bytes, cp.event.State, cp.event.Rows, cp.event.Incremental = size.Written, size.Bytes, size.Rows, size.Incremental()
	return w.Commit(m)
}

// writeTables drains the snapshots, one goroutine a task.
func (c *coordinator) writeTables(w *state.Writer, cp *checkpoint) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for t, r := range cp.reports {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for _, s := range r.snaps {
				if err := s.snap.Write(w.Operator(s.id, t.num)); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		}()
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (c *coordinator) describe(m *state.Manifest, cp *checkpoint) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	m.Finished = true // unless a task had not ended, which it may have by now
	splits, tables := map[string][]SplitState{}, map[string]string{}
	for _, t := range c.tasks {
		r := cp.reports[t]
		if r == nil {
			r = c.splits[t]
		}
		m.Finished = m.Finished && r != nil && r.ended
		if r == nil {
			continue
		}
		if r.source != "" && !t.stage.feeds {
			splits[r.source] = append(splits[r.source], r.splits...)
			tables[r.source] = t.stage.source.table
		}
		for name, n := range r.sides {
			m.Counters[name] += n
		}
		for _, p := range r.prepared {
			m.Sinks = append(m.Sinks, state.SinkState{ID: p.id, Prepared: p.data})
		}
	}
	for id, list := range c.unreported(splits) {
		splits[id] = append(splits[id], list...)
	}
	for id, list := range splits {
		raw, err := json.Marshal(list)
		if err != nil {
			return err
		}
		m.Sources = append(m.Sources, state.SourceState{ID: id, Table: tables[id], Splits: raw})
	}
	return nil
}

// publish has the sources show how far a checkpoint is that was committed.
func (c *coordinator) publish(cp *checkpoint) error {
	positions := map[dataflow.Source]map[string][]byte{}
	for t, r := range cp.reports {
		if t.source == nil || t.stage.feeds {
			continue
		}
		src := t.stage.source.src
		if _, ok := src.(dataflow.Publisher); !ok {
			continue
		}
		if positions[src] == nil {
			positions[src] = map[string][]byte{}
		}
		for _, sp := range r.splits {
			if sp.Position != nil {
				positions[src][sp.ID] = sp.Position
			}
		}
	}
	var errs []error
	for src, at := range positions {
		errs = append(errs, src.(dataflow.Publisher).Publish(c.job.ctx, at))
	}
	return errors.Join(errs...)
}

// unreported lists, by source, the splits of the checkpoint that was restored which no task has met
// since: those that had been read to their end, and those that still wait in a queue.
func (c *coordinator) unreported(splits map[string][]SplitState) map[string][]SplitState {
	out := map[string][]SplitState{}
	for _, s := range c.job.stages {
		if s.source == nil || !s.source.queue {
			continue
		}
		if _, ok := splits[s.source.id]; !ok {
			continue // it takes no part in checkpoints
		}
		met := map[string]bool{}
		for _, sp := range splits[s.source.id] {
			met[sp.ID] = true
		}
		for _, id := range slices.Sorted(maps.Keys(s.source.saved)) {
			if !met[id] {
				out[s.source.id] = append(out[s.source.id], s.source.saved[id])
			}
		}
	}
	return out
}
