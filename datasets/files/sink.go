package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// ErrCheckpoint is what a sink of a single file says to a checkpoint in the middle of its input.
var ErrCheckpoint = errors.New("a single file cannot be written by a job with checkpoints: name a directory ('connector'='filesystem')")

// sink writes the rows of one task. States: no file; a file being written (out); the file prepared.
type sink struct {
	dataflow.Base
	t      *Target
	schema *vec.Schema // of the file
	ops    bool        // a changelog: the first column of the file is op

	job   string
	num   int     // among the target's sinks, which may be those of several operators
	out   *output // directory only
	n     int64
	batch vec.Batch // rows with the column op
	codes []int32
	ended bool
}

var (
	_ dataflow.Operator  = (*sink)(nil)
	_ dataflow.Committer = (*sink)(nil)
)

// prepared is what Commit needs to know: base names in the target's directory. Without names there
// is nothing to rename, and only what earlier runs left to sweep.
type prepared struct {
	Run   string `json:"run"`
	Tmp   string `json:"tmp"`
	Final string `json:"final"`
}

func (s *sink) Open(tc *dataflow.TaskContext) error {
	s.job = tc.Job
	var err error
	s.num, err = s.t.start(tc.Job, tc.P)
	return err
}

// Process writes rows. The single file is shared by the tasks, so its order is theirs.
func (s *sink) Process(_ int, b *vec.Batch, _ dataflow.Output) error {
	if b.Live() == 0 {
		return nil
	}
	if s.ops {
		b = s.withOps(b)
	}
	s.n += int64(b.Live())
	if s.t.single {
		s.t.mu.Lock()
		defer s.t.mu.Unlock()
		if err := s.t.openSingle(s); err != nil {
			return err
		}
		return wrote(s.t.path, s.t.file.rows.Write(b))
	}
	if s.out == nil {
		var err error
		if s.out, err = newOutput(s.t, s.t.openName(s.job, s.num), s.schema); err != nil {
			return wrote(s.t.path, err)
		}
	}
	return wrote(s.t.path, s.out.rows.Write(b))
}

func wrote(path string, err error) error {
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func (t *Target) openSingle(s *sink) (err error) {
	if t.file == nil {
		t.file, err = newOutput(t, t.openName(s.job, s.num), s.schema)
	}
	return wrote(t.path, err)
}

var opDict = func() *vec.Vec {
	v := vec.New(vec.TString, 0)
	for _, n := range vec.OpNames {
		v.AppendBytes([]byte(n))
	}
	return v
}()

// withOps puts the column op before the others.
func (s *sink) withOps(b *vec.Batch) *vec.Batch {
	s.codes = s.codes[:0]
	for i := 0; i < b.N; i++ {
		s.codes = append(s.codes, int32(b.Op(i)))
	}
	s.batch.Cols = append(append(s.batch.Cols[:0], vec.NewDict(opDict, s.codes, nil)), b.Cols...)
	s.batch.N, s.batch.Sel = b.N, b.Sel
	return &s.batch
}

// EndInput emits the number of rows that were written.
func (s *sink) EndInput(_ int, out dataflow.Output) error {
	if !s.ended {
		s.ended = true
		s.t.mu.Lock()
		s.t.ended++
		s.t.mu.Unlock()
	}
	v := vec.New(vec.TInt64, 1)
	v.I64[0] = s.n
	return out.Emit(&vec.Batch{Cols: []*vec.Vec{v}, N: 1})
}

// Prepare makes the rows since the last barrier durable under a hidden name. Without rows a
// directory gets no file; a single file is prepared by the last task to end, also when empty.
func (s *sink) Prepare(ckpt dataflow.CheckpointID) ([]byte, error) {
	if s.t.single {
		return s.prepareSingle()
	}
	if s.out == nil {
		return s.t.prepareSweep()
	}
	o := s.out
	s.out = nil
	if err := o.finish(); err != nil {
		return nil, wrote(s.t.path, err)
	}
	p := prepared{Run: s.t.run, Tmp: s.t.preparedName(s.job, ckpt, s.num), Final: s.t.finalName(s.job, ckpt, s.num)}
	if err := s.t.fsys.Rename(filepath.Join(o.dir, o.name), filepath.Join(o.dir, p.Tmp)); err != nil {
		return nil, wrote(s.t.path, err)
	}
	return s.t.seal(p)
}

// prepareSweep asks for a commit, in the first checkpoint of a run, even when it has no rows.
func (t *Target) prepareSweep() ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sweeping {
		return nil, nil
	}
	t.sweeping = true
	return json.Marshal(prepared{Run: t.run})
}

func (s *sink) prepareSingle() ([]byte, error) {
	t := s.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if !s.ended {
		return nil, ErrCheckpoint
	}
	if t.ended < t.tasks {
		return nil, nil
	}
	t.ended = -1 // once
	if err := t.openSingle(s); err != nil {
		return nil, err
	}
	o := t.file
	t.file = nil
	if err := o.finish(); err != nil {
		return nil, wrote(t.path, err)
	}
	return t.seal(prepared{Run: t.run, Tmp: o.name, Final: filepath.Base(t.path)})
}

// seal makes the hidden name durable.
func (t *Target) seal(p prepared) ([]byte, error) {
	if err := t.fsys.SyncDir(t.dir()); err != nil {
		return nil, wrote(t.path, err)
	}
	return json.Marshal(p)
}

// Commit gives the file its name. A hidden file that is gone was committed before.
func (s *sink) Commit(_ dataflow.CheckpointID, data []byte) error {
	var p prepared
	if err := json.Unmarshal(data, &p); err != nil {
		return fmt.Errorf("what was prepared for %s: %w", s.t.path, err)
	}
	if err := s.t.publish(p); err != nil {
		return err
	}
	if s.t.single || p.Run != s.t.run {
		return nil
	}
	// Every task has prepared in this run, so the commits of the restored checkpoint are done.
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	if s.t.swept {
		return nil
	}
	s.t.swept = true
	return s.t.sweep(s.job, func(bool) bool { return true })
}

// publish gives a prepared file its name, durably.
func (t *Target) publish(p prepared) error {
	if p.Tmp == "" {
		return nil
	}
	if p.Tmp != filepath.Base(p.Tmp) || p.Final != filepath.Base(p.Final) {
		return fmt.Errorf("what was prepared for %s names another directory", t.path)
	}
	err := t.fsys.Rename(filepath.Join(t.dir(), p.Tmp), filepath.Join(t.dir(), p.Final))
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = t.fsys.SyncDir(t.dir())
	}
	return wrote(t.path, err)
}

// Close removes what was not prepared.
func (s *sink) Close() error {
	t := s.t
	if t.single {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.file == nil || s.ended && t.ended >= 0 && t.ended < t.tasks {
			return nil
		}
		o := t.file
		t.file = nil
		return o.abort()
	}
	if s.out == nil {
		return nil
	}
	o := s.out
	s.out = nil
	return o.abort()
}
