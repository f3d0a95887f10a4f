package files_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/files"
	"github.com/riffle-io/riffle/internal/vfs"
)

// lines is a format of a value a line, comma between columns.
type lines struct{}

func (lines) Ext() string { return ".txt" }
func (lines) NewWriter(w io.Writer, s *vec.Schema) (dataflow.TableWriter, error) {
	return &lineWriter{w, s}, nil
}

type lineWriter struct {
	w io.Writer
	s *vec.Schema
}

func (l *lineWriter) Write(b *vec.Batch) error {
	for k := 0; k < b.Live(); k++ {
		var cells []string
		for c, f := range l.s.Fields {
			cells = append(cells, b.Cols[c].Value(b.Row(k)).Format(f.Type))
		}
		if _, err := io.WriteString(l.w, strings.Join(cells, ",")+"\n"); err != nil {
			return err
		}
	}
	return nil
}
func (l *lineWriter) Close() error { _, err := io.WriteString(l.w, "end\n"); return err }

var schema = vec.NewSchema(vec.Field{Name: "n", Type: vec.TInt64})

type committer interface {
	dataflow.Operator
	dataflow.Committer
}

func newSink(t *testing.T, target *files.Target, mode plan.Mode) committer {
	t.Helper()
	op, err := target.NewSink(plan.SinkSpec{Schema: schema, Mode: mode})
	if err != nil {
		t.Fatal(err)
	}
	return op.(committer)
}

func rows(from, to int) *vec.Batch {
	v := vec.New(vec.TInt64, 0)
	for ; from < to; from++ {
		v.I64 = append(v.I64, int64(from))
	}
	return &vec.Batch{Cols: []*vec.Vec{v}, N: len(v.I64)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// visible reads the complete files that any reader sees, below dir.
func visible(t *testing.T, fsys vfs.FS, path string) []string {
	t.Helper()
	names, err := files.Expand(fsys, []string{path})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	must(t, err)
	var out []string
	for _, n := range names {
		data, err := vfs.ReadFile(fsys, n)
		must(t, err)
		text, ok := strings.CutSuffix(string(data), "end\n")
		if !ok {
			t.Fatalf("%s is not complete: %q", n, data)
		}
		out = append(out, strings.Fields(text)...)
	}
	return out
}

func discard(*vec.Batch) error { return nil }

// checkpoint is what survives in the state directory.
type checkpoint struct {
	id       dataflow.CheckpointID
	row      int
	prepared [][]byte
}

const total, tasks = 60, 2

// job writes the rows from c.row on and takes a checkpoint every 10. last is set when one is stored.
func job(fsys vfs.FS, c checkpoint, last *checkpoint) error {
	target := files.NewDir(fsys, "out/hourly", lines{}, nil)
	var sinks []committer
	for i := range tasks {
		op, err := target.NewSink(plan.SinkSpec{Schema: schema})
		if err != nil {
			return err
		}
		s := op.(committer)
		defer s.Close()
		if err := s.Open(&dataflow.TaskContext{Job: "ab12", Task: i, P: tasks}); err != nil {
			return err
		}
		sinks = append(sinks, s)
	}
	for _, p := range c.prepared { // as exec does: by the first instance
		if err := sinks[0].Commit(c.id, p); err != nil {
			return err
		}
	}
	for row := c.row; row < total; {
		next := min(row+10, total)
		for i, s := range sinks {
			if err := s.Process(0, rows(row+i*(next-row)/tasks, row+(i+1)*(next-row)/tasks), dataflow.OutputFunc(discard)); err != nil {
				return err
			}
		}
		row = next
		c = checkpoint{id: c.id + 1, row: row}
		by := make([][]byte, tasks)
		for i, s := range sinks {
			data, err := s.Prepare(c.id)
			if err != nil {
				return err
			}
			by[i] = data
			c.prepared = append(c.prepared, data)
		}
		*last = c
		for i, s := range sinks {
			if err := s.Commit(c.id, by[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func want(n int) []string {
	var out []string
	for i := range n {
		out = append(out, strconv.Itoa(i))
	}
	slices.Sort(out)
	return out
}

func sameRows(t *testing.T, got []string, n int) {
	t.Helper()
	slices.Sort(got)
	if !slices.Equal(got, want(n)) {
		t.Fatalf("%d rows are visible, want %d: %v", len(got), n, got)
	}
}

// A power cut before any operation: what is visible was in a stored checkpoint, and the restarted
// job writes each row once.
func TestDirectoryCrash(t *testing.T) {
	for seed := uint64(0); seed < 8; seed++ {
		disk := vfs.NewCrash()
		fault := vfs.NewFault(disk)
		var last checkpoint
		cuts := 0
		fault.SetInject(func(vfs.Op) error {
			cuts++
			after := disk.CrashClone(seed)
			if got := visible(t, after, "out/hourly/*"); len(got) > last.row {
				t.Fatalf("cut %d: %d rows visible, %d in the checkpoint", cuts, len(got), last.row)
			}
			again := last
			must(t, job(after, last, &again))
			sameRows(t, visible(t, after, "out/hourly"), total)
			noLitter(t, after)
			return nil
		})
		must(t, job(fault, checkpoint{}, &last))
		fault.SetInject(nil)
		sameRows(t, visible(t, disk, "out/hourly"), total)
		if cuts < 50 {
			t.Fatalf("only %d operations", cuts)
		}
	}
}

func noLitter(t *testing.T, fsys vfs.FS) {
	t.Helper()
	names, err := fsys.List("out/hourly")
	must(t, err)
	for _, n := range names {
		if files.Hidden(n) {
			t.Fatalf("%s stays", n)
		}
	}
}

// The n-th operation fails: the job ends with that error, and can be restarted.
func TestDirectoryFault(t *testing.T) {
	boom := errors.New("boom")
	for n := 1; ; n++ {
		mem := vfs.NewMem()
		fault := vfs.NewFault(mem)
		fault.FailAt(n, boom)
		var last checkpoint
		err := job(fault, checkpoint{}, &last)
		if err == nil {
			return
		}
		if !errors.Is(err, boom) {
			t.Fatalf("operation %d: %v", n, err)
		}
		again := last
		must(t, job(mem, last, &again))
		sameRows(t, visible(t, mem, "out/hourly"), total)
	}
}

// A run that writes nothing removes what an earlier one prepared for a checkpoint that never was.
func TestSweptWithoutRows(t *testing.T) {
	mem := vfs.NewMem()
	for run := range 2 {
		s := newSink(t, files.NewDir(mem, "out/hourly", lines{}, nil), plan.Append)
		must(t, s.Open(&dataflow.TaskContext{Job: "ab12", P: 1}))
		if run == 0 {
			must(t, s.Process(0, rows(0, 3), dataflow.OutputFunc(discard)))
		}
		data, err := s.Prepare(1)
		must(t, err)
		if run == 1 {
			must(t, s.Commit(1, data))
		}
		must(t, s.Close())
	}
	noLitter(t, mem)
	sameRows(t, visible(t, mem, "out/hourly"), 0)
}

// The side outputs of two operators write into one directory; both have a task 0.
func TestTwoOperators(t *testing.T) {
	mem := vfs.NewMem()
	target := files.NewDir(mem, "out/hourly", lines{}, nil)
	var by [][]byte
	for i := range 2 {
		s := newSink(t, target, plan.Append)
		must(t, s.Open(&dataflow.TaskContext{Job: "ab12", P: 1}))
		must(t, s.Process(0, rows(5*i, 5*i+5), dataflow.OutputFunc(discard)))
		data, err := s.Prepare(1)
		must(t, err)
		by = append(by, data)
		defer s.Close()
		if i == 1 {
			for _, data := range by {
				must(t, s.Commit(1, data))
			}
		}
	}
	sameRows(t, visible(t, mem, "out/hourly"), 10)
}

func TestOthersAreNotDisturbed(t *testing.T) {
	mem := vfs.NewMem()
	must(t, mem.MkdirAll("out/hourly"))
	for _, n := range []string{".part-cd34-1-0.tmp", ".part-ab12x-1-0.tmp", "_SUCCESS", "mine.txt"} {
		f, err := mem.Create("out/hourly/" + n)
		must(t, err)
		_, err = f.Write([]byte("end\n"))
		must(t, err)
		must(t, f.Close())
	}
	var last checkpoint
	must(t, job(mem, checkpoint{}, &last))
	names, err := mem.List("out/hourly")
	must(t, err)
	if !slices.Contains(names, ".part-cd34-1-0.tmp") || !slices.Contains(names, ".part-ab12x-1-0.tmp") || !slices.Contains(names, "_SUCCESS") {
		t.Errorf("files of others are gone: %v", names)
	}
}

func TestSingleFile(t *testing.T) {
	mem := vfs.NewMem()
	target := files.NewFile(mem, "x.txt", lines{}, nil)
	var count int64
	out := dataflow.OutputFunc(func(b *vec.Batch) error { count += b.Cols[0].I64[0]; return nil })
	var sinks []committer
	for i := range tasks {
		s := newSink(t, target, plan.Append)
		must(t, s.Open(&dataflow.TaskContext{Job: "j", Task: i, P: tasks}))
		must(t, s.Process(0, rows(5*i, 5*i+5), out))
		sinks = append(sinks, s)
	}
	if _, err := sinks[0].Prepare(1); !errors.Is(err, files.ErrCheckpoint) {
		t.Errorf("checkpoint in the middle: %v", err)
	}
	var prepared [][]byte
	for _, s := range sinks {
		must(t, s.EndInput(0, out))
		p, err := s.Prepare(1)
		must(t, err)
		if p != nil {
			prepared = append(prepared, p)
		}
	}
	if got := visible(t, mem, "x.txt"); got != nil || len(prepared) != 1 {
		t.Errorf("before the commit: %v, %d prepared", got, len(prepared))
	}
	must(t, sinks[1].Commit(1, prepared[0]))
	must(t, sinks[1].Commit(1, prepared[0]))
	sameRows(t, visible(t, mem, "x.txt"), 10)
	for _, s := range sinks {
		must(t, s.Close())
	}
	if names, _ := mem.List("."); len(names) != 1 || count != 10 {
		t.Errorf("%v, %d rows", names, count)
	}
}

// An error leaves the old file and nothing else.
func TestSingleFileAborted(t *testing.T) {
	mem := vfs.NewMem()
	must(t, vfs.WriteFileAtomic(mem, "x.txt", []byte("0\nend\n")))
	s := newSink(t, files.NewFile(mem, "x.txt", lines{}, nil), plan.Append)
	must(t, s.Open(&dataflow.TaskContext{Job: "j", P: 1}))
	must(t, s.Process(0, rows(5, 9), dataflow.OutputFunc(discard)))
	must(t, s.Close())
	names, err := mem.List(".")
	must(t, err)
	if !slices.Equal(names, []string{"x.txt"}) {
		t.Errorf("left: %v", names)
	}
	sameRows(t, visible(t, mem, "x.txt"), 1)
}

func TestChangelogHasOp(t *testing.T) {
	mem := vfs.NewMem()
	s := newSink(t, files.NewFile(mem, "x.txt", lines{}, vec.NewSchema(vec.Field{Name: "renamed", Type: vec.TInt64})), plan.Retract)
	must(t, s.Open(&dataflow.TaskContext{Job: "j", P: 1}))
	b := rows(0, 4)
	b.Ops = []vec.Op{vec.Insert, vec.UpdateBefore, vec.UpdateAfter, vec.Delete}
	b.Sel = []int32{0, 1, 3}
	must(t, s.Process(0, b, nil))
	must(t, s.EndInput(0, dataflow.OutputFunc(discard)))
	p, err := s.Prepare(1)
	must(t, err)
	must(t, s.Commit(1, p))
	if got := visible(t, mem, "x.txt"); !slices.Equal(got, []string{"+I,0", "-U,1", "-D,3"}) {
		t.Errorf("%v", got)
	}
}

func TestExpand(t *testing.T) {
	mem := vfs.NewMem()
	for _, n := range []string{"d/a.txt", "d/b.csv", "d/x/c.txt", "d/x/y/e.txt", "d/.h.txt", "d/_tmp/f.txt", "d/[odd].txt"} {
		must(t, mem.MkdirAll(n[:strings.LastIndex(n, "/")]))
		f, err := mem.Create(n)
		must(t, err)
		must(t, f.Close())
	}
	for _, c := range []struct{ path, want string }{
		{"d", "[d/[odd].txt d/a.txt d/x/c.txt d/x/y/e.txt]"},
		{"d/*.txt", "[d/[odd].txt d/a.txt]"},
		{"d/**/*.txt", "[d/[odd].txt d/a.txt d/x/c.txt d/x/y/e.txt]"},
		{"d/?/*.txt", "[d/x/c.txt]"},
		{"d/[odd].txt", "[d/[odd].txt]"},
		{"d/.h.txt", "[d/.h.txt]"},
		{"d/_t*/*", "[d/_tmp/f.txt]"},
	} {
		got, err := files.Expand(mem, []string{c.path}, ".txt")
		must(t, err)
		slices.Sort(got)
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, want %s", c.path, got, c.want)
		}
	}
	for _, p := range []string{"none.txt", "none/*.txt", "d/*.pdf"} {
		if _, err := files.Expand(mem, []string{p}, ".txt"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", p, err)
		}
	}
}
