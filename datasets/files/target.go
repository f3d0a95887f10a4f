package files

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/internal/vfs"
)

// Format writes the rows of one file.
type Format interface {
	// Ext is the file name's ending, with the dot.
	Ext() string
	// NewWriter starts a file. Closing the result completes it and leaves w open.
	NewWriter(w io.Writer, schema *vec.Schema) (dataflow.TableWriter, error)
}

// OpColumn is the column that holds the kind of change (+I, -U, +U, -D) in files of a changelog.
const OpColumn = "op"

// Target is a file, or a directory of files, that rows are written to. It serves one statement:
// its sinks, one a task, share it.
type Target struct {
	fsys   vfs.FS
	path   string
	single bool
	format Format
	schema *vec.Schema // nil: that of the rows

	mu       sync.Mutex
	started  bool
	run      string // this start of the job
	sinks    int    // that were opened
	sweeping bool   // a commit that sweeps was asked for
	swept    bool   // what earlier runs prepared is gone

	file  *output // single: shared by the tasks
	ended int     // single: tasks whose input has ended
	tasks int
}

// NewFile is a target of one file, which is replaced. Its sinks refuse checkpoints before their
// input has ended, since a file cannot be continued after a crash. A nil schema takes the rows'.
func NewFile(fsys vfs.FS, path string, format Format, schema *vec.Schema) *Target {
	return &Target{fsys: orOS(fsys), path: filepath.Clean(path), single: true, format: format, schema: schema}
}

// NewDir is a target of a directory that files are added to. It is made when missing.
func NewDir(fsys vfs.FS, dir string, format Format, schema *vec.Schema) *Target {
	return &Target{fsys: orOS(fsys), path: filepath.Clean(dir), format: format, schema: schema}
}

func orOS(fsys vfs.FS) vfs.FS {
	if fsys == nil {
		return vfs.OS{}
	}
	return fsys
}

// Name is the path.
func (t *Target) Name() string { return t.path }

// Schema is the columns that are expected; nil when any are taken.
func (t *Target) Schema() *vec.Schema { return t.schema }

// Accepts takes every mode: a changelog gets the column op.
func (t *Target) Accepts(plan.Mode, []int) error { return nil }

// NewSink makes the operator of one task. It writes rows, is a dataflow.Committer, and emits the
// number of rows at its end.
func (t *Target) NewSink(spec plan.SinkSpec) (dataflow.Operator, error) {
	s := &sink{t: t, schema: &vec.Schema{}, ops: spec.Mode == plan.Retract}
	fields := append([]vec.Field{}, spec.Schema.Fields...)
	if t.schema != nil {
		if len(fields) != t.schema.Len() {
			return nil, fmt.Errorf("%s has %d columns, the rows have %d", t.path, t.schema.Len(), len(fields))
		}
		for i := range fields {
			fields[i].Name = t.schema.Fields[i].Name
		}
	}
	if s.ops {
		for _, f := range fields {
			if f.Name == OpColumn {
				return nil, fmt.Errorf("a changelog in %s needs the column name %q for itself: rename yours", t.path, OpColumn)
			}
		}
		s.schema.Fields = append(s.schema.Fields, vec.Field{Name: OpColumn, Type: vec.TString, NotNull: true})
	}
	s.schema.Fields = append(s.schema.Fields, fields...)
	return s, nil
}

// dir is the directory that files go to.
func (t *Target) dir() string {
	if t.single {
		return filepath.Dir(t.path)
	}
	return t.path
}

// start numbers a sink. For the first of p tasks it prepares the place, and removes what earlier
// runs of the job left unfinished.
func (t *Target) start(job string, p int) (num int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	num = t.sinks
	t.sinks++
	if t.started {
		return num, nil
	}
	id := make([]byte, 4)
	rand.Read(id) // never fails (crypto/rand)
	t.run, t.tasks, t.started = hex.EncodeToString(id), p, true
	if t.single {
		if info, err := t.fsys.Stat(t.path); err == nil && info.IsDir {
			return num, fmt.Errorf("%s is a directory", t.path)
		}
		return num, nil
	}
	if err := vfs.MkdirAllSync(t.fsys, t.path); err != nil {
		return num, fmt.Errorf("output directory: %w", err)
	}
	return num, t.sweep(job, func(unfinished bool) bool { return unfinished })
}

// sweep removes hidden files of earlier runs of the job that drop wants gone.
func (t *Target) sweep(job string, drop func(unfinished bool) bool) error {
	names, err := t.fsys.List(t.path)
	if err != nil {
		return fmt.Errorf("output directory: %w", err)
	}
	prefix := hiddenPrefix(job)
	for _, n := range names {
		rest, ours := strings.CutPrefix(n, prefix)
		if !ours || !strings.HasSuffix(n, tmpExt) || strings.HasPrefix(rest, t.run+"-") {
			continue
		}
		// RUN-NUM.tmp is unfinished, RUN-CKPT-NUM.tmp was prepared.
		if drop(strings.Count(rest, "-") == 1) {
			if err := t.fsys.Remove(filepath.Join(t.path, n)); err != nil {
				return fmt.Errorf("remove what an earlier run left: %w", err)
			}
		}
	}
	return nil
}

const tmpExt = ".tmp"

// hiddenPrefix starts the names of the files of a job that are not committed.
func hiddenPrefix(job string) string { return ".part-" + plainJob(job) + "-" }

// plainJob keeps a job's identity from breaking file names apart.
func plainJob(job string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_':
			return r
		}
		return '_'
	}, job)
}

func (t *Target) openName(job string, num int) string {
	if t.single {
		return fmt.Sprintf(".%s-%s-%s%s", filepath.Base(t.path), plainJob(job), t.run, tmpExt)
	}
	return fmt.Sprintf("%s%s-%d%s", hiddenPrefix(job), t.run, num, tmpExt)
}

func (t *Target) preparedName(job string, ckpt dataflow.CheckpointID, num int) string {
	return fmt.Sprintf("%s%s-%d-%d%s", hiddenPrefix(job), t.run, ckpt, num, tmpExt)
}

func (t *Target) finalName(job string, ckpt dataflow.CheckpointID, num int) string {
	return fmt.Sprintf("part-%s-%06d-%d%s", plainJob(job), ckpt, num, t.format.Ext())
}
