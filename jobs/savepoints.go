package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/internal/vfs"
)

// Savepoint takes a savepoint of a job while it runs, or of the last checkpoint of one that does not.
func (s *Server) Savepoint(ctx context.Context, name, label string) (SavepointInfo, error) {
	j, err := s.job(name)
	if err != nil {
		return SavepointInfo{}, err
	}
	dir, err := s.newSavepointDir(name, label)
	if err != nil {
		return SavepointInfo{}, err
	}
	if dir == "" {
		return SavepointInfo{}, fmt.Errorf("%w: the savepoint needs a name", ErrRequest)
	}
	if err := s.export(ctx, j, dir, true); err != nil {
		return SavepointInfo{}, err
	}
	j.mu.Lock()
	j.eventLocked("savepoint", label, nil)
	j.logError(j.saveLocked())
	j.mu.Unlock()
	return describeSavepoint(dir, s.format)
}

// savepointDir is where a savepoint is; "" for no label.
func (s *Server) savepointDir(name, label string) (string, error) {
	if label == "" {
		return "", nil
	}
	if err := errors.Join(CheckName(name), checkLabel(label)); err != nil {
		return "", err
	}
	return filepath.Join(s.dir, "savepoints", name, label), nil
}

// newSavepointDir is savepointDir of one that is not there yet.
func (s *Server) newSavepointDir(name, label string) (string, error) {
	dir, err := s.savepointDir(name, label)
	if err != nil || dir == "" {
		return "", err
	}
	if _, err := os.Lstat(dir); err == nil {
		return "", fmt.Errorf("savepoint %s of %s: %w", label, name, fs.ErrExist)
	}
	return dir, nil
}

// checkLabel refuses names of savepoints that are no good as directories.
func checkLabel(label string) error {
	if !nameRule.MatchString(label) {
		return fmt.Errorf("%w: name %q of a savepoint must be lower-case letters, digits, _ and -, begin with a letter, and have at most 63", ErrRequest, label)
	}
	return nil
}

// freeLabel is the name of a savepoint that the server takes by itself: label, or label-2, label-3 …
// where one of that name is kept already.
func (s *Server) freeLabel(name, label string) string {
	free := label
	for n := 2; ; n++ {
		if _, err := os.Lstat(filepath.Join(s.dir, "savepoints", name, free)); err != nil {
			return free // an error other than "not there" is met again by who writes it
		}
		free = fmt.Sprintf("%s-%d", label, n)
	}
}

// export makes a savepoint of a job in dir: of now when it runs, else of its last checkpoint, which is
// committed first if it is to be settled.
func (s *Server) export(ctx context.Context, j *job, dir string, settled bool) error {
	j.mu.Lock()
	run, runs := j.run, j.runsLocked()
	var err error
	switch {
	case run != nil:
	case runs:
		err = fmt.Errorf("%w: %s is between two runs; try again when it runs, or cancel it", ErrState, j.name())
	default:
		err = j.claimLocked("copied")
	}
	j.mu.Unlock()
	if err != nil {
		return err
	}
	if run != nil {
		if _, err = run.Savepoint(ctx, dir); errors.Is(err, exec.ErrStopped) {
			err = fmt.Errorf("%w: %w", ErrState, err)
		}
		return err
	}
	defer j.release()
	return s.exportLast(ctx, j, dir, settled)
}

// Savepoints lists the savepoints of a job, or of all jobs for "". Those of jobs that were removed
// are there too.
func (s *Server) Savepoints(name string) ([]SavepointInfo, error) {
	pattern := name
	if pattern == "" {
		pattern = "*"
	} else if err := CheckName(name); err != nil {
		return nil, err
	}
	dirs, err := filepath.Glob(filepath.Join(s.dir, "savepoints", pattern, "*"))
	if err != nil {
		return nil, err
	}
	out := []SavepointInfo{}
	for _, d := range dirs {
		info, err := describeSavepoint(d, s.format)
		if errors.Is(err, state.ErrNotSavepoint) {
			continue // being written, or cut off
		}
		if err != nil { // the others can be used
			info = SavepointInfo{V: 1, Job: filepath.Base(filepath.Dir(d)), Label: filepath.Base(d), Dir: d, Operators: []OperatorSize{}, Error: err.Error()}
		}
		out = append(out, info)
	}
	slices.SortStableFunc(out, func(a, b SavepointInfo) int { return b.Created.Compare(a.Created) })
	return out, nil
}

// RemoveSavepoint deletes a savepoint.
func (s *Server) RemoveSavepoint(name, label string) error {
	dir, err := s.savepointDir(name, label)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); dir == "" || err != nil {
		return fmt.Errorf("savepoint %s of %s: %w", label, name, fs.ErrNotExist)
	}
	return os.RemoveAll(dir)
}

// DescribeSavepoint tells what a savepoint directory holds. With verify its files are read and
// compared with their checksums.
func DescribeSavepoint(dir string, format state.Format, verify bool) (SavepointInfo, error) {
	if verify {
		c, err := state.OpenSavepoint(vfs.OS{}, dir, format)
		if err == nil {
			err = c.Verify()
		}
		if err != nil {
			return SavepointInfo{}, err
		}
	}
	return describeSavepoint(dir, format)
}

func describeSavepoint(dir string, format state.Format) (SavepointInfo, error) {
	c, err := state.OpenSavepoint(vfs.OS{}, dir, format)
	if err != nil {
		return SavepointInfo{}, err
	}
	info := SavepointInfo{V: 1, Job: filepath.Base(filepath.Dir(dir)), Label: filepath.Base(dir), Dir: dir, Created: c.Created,
		Checkpoint: int64(c.ID), Parallelism: c.Parallelism, Operators: sizes(c)}
	for _, o := range info.Operators {
		info.Bytes += o.Bytes
		info.Rows += o.Rows
	}
	wm, n, err := positions(c)
	info.Watermark, info.Positions = timeText(wm), n
	return info, err
}

// sizes adds up the files of each operator, in the order of their names.
func sizes(c *state.Checkpoint) (out []OperatorSize) {
	for _, t := range c.Tables {
		i := slices.IndexFunc(out, func(o OperatorSize) bool { return o.ID == t.Operator })
		if i < 0 {
			i = len(out)
			out = append(out, OperatorSize{ID: t.Operator})
		}
		if t.Table != "meta" { // a watermark
			out[i].Rows += t.Rows
		}
		out[i].Bytes += t.Bytes
	}
	slices.SortFunc(out, func(a, b OperatorSize) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// positions is the smallest watermark of a checkpoint's splits, and their number.
func positions(c *state.Checkpoint) (wm dataflow.Time, n int, err error) {
	wm = dataflow.MaxTime
	for _, src := range c.Sources {
		var splits []exec.SplitState
		if err := json.Unmarshal(src.Splits, &splits); err != nil {
			return wm, n, fmt.Errorf("%w: positions of %s: %w", state.ErrDamaged, src.Table, err)
		}
		for _, sp := range splits {
			n++
			if !sp.Finished {
				wm = min(wm, sp.Watermark)
			}
		}
	}
	return wm, n, nil
}

// CheckFit compares a savepoint with the statements of another query: which operators keep their
// state, which make theirs anew from a table that is read again, which begin empty, and what is
// dropped.
func CheckFit(ctx context.Context, e Engine, dir string, format state.Format, spec Spec) ([]Fit, error) {
	c, err := state.OpenSavepoint(vfs.OS{}, dir, format)
	if err != nil {
		return nil, err
	}
	p, err := e.Prepare(ctx, spec)
	if err != nil {
		return nil, err
	}
	return fit(c, p.Root), nil
}

func fit(c *state.Checkpoint, root plan.Node) []Fit {
	out := []Fit{}
	have := sizes(c)
	ids, names := exec.Operators(root)
	for i, id := range ids {
		f := Fit{ID: id, Name: names[i], Fit: FitNew}
		if k := slices.IndexFunc(have, func(o OperatorSize) bool { return o.ID == id }); k >= 0 {
			f.Fit, f.Rows, f.Bytes = FitKeep, have[k].Rows, have[k].Bytes
		}
		out = append(out, f)
	}
	out = append(out, rebuilt(root)...)
	for _, o := range have {
		if !slices.Contains(ids, o.ID) {
			out = append(out, Fit{ID: o.ID, Name: strings.SplitN(o.ID, "-", 2)[0], Fit: FitDrop, Rows: o.Rows, Bytes: o.Bytes})
		}
	}
	return out
}

// rebuilt lists the joins of a stream with a table that ends: the table is in no checkpoint, it is
// read again at each start.
func rebuilt(root plan.Node) (out []Fit) {
	plan.Transform(root, func(n plan.Node) plan.Node {
		j, ok := n.(*plan.Join)
		if ok && j.Method != plan.StreamJoin && plan.Unbounded(j.L) != plan.Unbounded(j.R) {
			out = append(out, Fit{ID: "join", Name: j.Describe(), Fit: FitRebuild})
		}
		return n
	})
	return out
}

// Lossless tells whether no state is dropped and none begins empty.
func Lossless(list []Fit) bool {
	return !slices.ContainsFunc(list, func(f Fit) bool { return f.Fit == FitNew || f.Fit == FitDrop })
}
