package repl

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/csv"
	"github.com/riffle-io/riffle/datasets/files"
	"github.com/riffle-io/riffle/datasets/json"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
	"github.com/riffle-io/riffle/repl/render"
)

// formats maps file endings to formats.
var formats = map[string]string{
	".parquet": "parquet", ".parq": "parquet", ".pq": "parquet",
	".csv": "csv", ".tsv": "csv", ".txt": "csv",
	".json": "json", ".ndjson": "json", ".jsonl": "json",
}

var exts = map[string][]string{
	"parquet": {".parquet", ".parq", ".pq"}, "csv": {".csv", ".tsv", ".txt"}, "json": {".json", ".ndjson", ".jsonl"},
}

// ErrFormat means that a file's format is not known.
var ErrFormat = errors.New("unknown file format")

// openFiles opens a file, directory or glob. format "" is taken from the ending; schema, when not
// nil, says which columns a declaration wants.
func openFiles(path, format string, schema *vec.Schema) (plan.Table, error) {
	if format == "" {
		var err error
		if format, err = formatOfPath(path); err != nil {
			return nil, err
		}
	}
	switch format {
	case "parquet":
		t, err := parquet.Open(nil, path)
		if err != nil || schema == nil {
			return t, err
		}
		return narrow(t, schema)
	case "csv", "json":
		names, err := files.Expand(vfs.OS{}, []string{path}, exts[format]...)
		if err != nil {
			return nil, err
		}
		if format == "json" {
			return json.Open(path, jsonFiles(names), schema)
		}
		o := csv.Options{Schema: schema}
		if strings.HasSuffix(path, ".tsv") {
			o.Sep = '\t'
		}
		return csv.Open(path, csvFiles(names), o)
	}
	return nil, fmt.Errorf("%w %q: there are parquet, csv, json", ErrFormat, format)
}

// formatOfPath looks at the ending, or at the files in a directory.
func formatOfPath(path string) (string, error) {
	if f, ok := formats[strings.ToLower(filepath.Ext(path))]; ok {
		return f, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		for _, f := range []string{"parquet", "csv", "json"} {
			if names, err := files.Expand(vfs.OS{}, []string{path}, exts[f]...); err == nil && len(names) > 0 {
				return f, nil
			}
		}
		return "", fmt.Errorf("%w: directory %s has no .parquet, .csv or .json files", ErrFormat, path)
	}
	return "", fmt.Errorf("%w: %s does not end with .parquet, .csv, .tsv, .json, .ndjson or .jsonl", ErrFormat, path)
}

func openOS(name string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return os.Open(name) }
}

func sizeOf(name string) int64 {
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		return info.Size()
	}
	return -1
}

func csvFiles(names []string) (out []csv.File) {
	for _, n := range names {
		out = append(out, csv.File{Name: n, Open: openOS(n), Size: sizeOf(n)})
	}
	return out
}

func jsonFiles(names []string) (out []json.File) {
	for _, n := range names {
		out = append(out, json.File{Name: n, Open: openOS(n), Size: sizeOf(n)})
	}
	return out
}

// narrowed is a table as a declaration sees it: other columns, in another order.
type narrowed struct {
	exec.SourceTable
	schema *vec.Schema
	cols   []int // by declared column: the column of the table
}

func narrow(t exec.SourceTable, schema *vec.Schema) (plan.Table, error) {
	n := &narrowed{SourceTable: t, schema: schema}
	for _, f := range schema.Fields {
		i := t.Schema().Index(f.Name)
		if i < 0 {
			return nil, fmt.Errorf("%s has no column %q; it has %s", t.Name(), f.Name, t.Schema())
		}
		if have := t.Schema().Fields[i].Type; have != f.Type {
			return nil, fmt.Errorf("column %s of %s is %s, not %s as declared", f.Name, t.Name(), have, f.Type)
		}
		n.cols = append(n.cols, i)
	}
	return n, nil
}

func (n *narrowed) Schema() *vec.Schema { return n.schema }

func (n *narrowed) AppliesFilters() bool {
	f, ok := n.SourceTable.(interface{ AppliesFilters() bool })
	return ok && f.AppliesFilters()
}

func (n *narrowed) Stats() plan.Stats {
	st := n.SourceTable.Stats()
	out := plan.Stats{Rows: st.Rows, Bytes: st.Bytes}
	for _, c := range n.cols {
		cs := plan.ColStats{}
		if c < len(st.Cols) {
			cs = st.Cols[c]
		}
		out.Cols = append(out.Cols, cs)
	}
	return out
}

func (n *narrowed) Source(scan *plan.Scan) (dataflow.Source, error) {
	c := *scan
	c.Table = n.SourceTable
	c.Cols = make([]int, len(scan.Cols))
	for i, col := range scan.Cols {
		c.Cols[i] = n.cols[col]
	}
	if w := scan.Watermark; w != nil {
		moved := *w
		moved.Col = n.cols[w.Col]
		moved.Expr = expr.MapColumns(w.Expr, func(x *expr.Col) expr.Expr { return &expr.Col{Idx: n.cols[x.Idx], Name: x.Name, T: x.T} })
		c.Watermark = &moved
	}
	return n.SourceTable.Source(&c)
}

// stdin is standard input: what a look at its beginning took is read again by the scan.
type stdin struct {
	mu    sync.Mutex
	head  []byte // read so far by a look
	taken bool   // the scan has begun
}

// standardInput is the table stdin, whose format is found out from its first byte.
func (c *Catalog) standardInput(format string) (plan.Table, error) {
	c.mu.Lock()
	if c.stdin == nil {
		c.stdin = &stdin{}
	}
	in := c.stdin
	c.mu.Unlock()
	first, err := in.peek()
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	if first == '{' || format == "json" {
		return json.Open("stdin", []json.File{{Name: "stdin", Size: -1, Open: in.open}}, nil)
	}
	return csv.Open("stdin", []csv.File{{Name: "stdin", Size: -1, Open: in.open}}, csv.Options{})
}

// peek is the first byte that is not blank.
func (s *stdin) peek() (byte, error) {
	r, err := s.open()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	br := bufio.NewReader(r)
	for {
		b, err := br.ReadByte()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("it is empty")
			}
			return 0, err
		}
		if b != ' ' && b != '\n' && b != '\r' && b != '\t' {
			return b, nil
		}
	}
}

// lookLimit is how much of standard input is kept so that it can be read again.
const lookLimit = 8 << 20

func (s *stdin) open() (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken {
		return nil, errors.New("standard input can be read once; CREATE TABLE … AS keeps it")
	}
	return &stdinReader{s: s}, nil
}

type stdinReader struct {
	s  *stdin
	at int
}

func (r *stdinReader) Read(p []byte) (int, error) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if r.at < len(r.s.head) {
		n := copy(p, r.s.head[r.at:])
		r.at += n
		return n, nil
	}
	n, err := os.Stdin.Read(p)
	if !r.s.taken && len(r.s.head)+n <= lookLimit {
		r.s.head = append(r.s.head, p[:n]...)
		r.at += n
	} else if n > 0 {
		r.s.taken, r.s.head = true, nil
		r.at = 0
	}
	return n, err
}

func (r *stdinReader) Close() error { return nil }

// blackhole takes rows and forgets them.
type blackhole struct {
	name   string
	schema *vec.Schema
}

func (b *blackhole) Name() string                                     { return b.name }
func (b *blackhole) Schema() *vec.Schema                              { return b.schema }
func (b *blackhole) Accepts(plan.Mode, []int) error                   { return nil }
func (b *blackhole) NewSink(plan.SinkSpec) (dataflow.Operator, error) { return swallow{}, nil }

type swallow struct{ dataflow.Base }

func (swallow) Process(int, *vec.Batch, dataflow.Output) error { return nil }

// printTarget writes rows to standard output, as a changelog when they are one.
type printTarget struct {
	out    Output
	name   string
	schema *vec.Schema
}

func (p *printTarget) Name() string                   { return p.name }
func (p *printTarget) Schema() *vec.Schema            { return p.schema }
func (p *printTarget) Accepts(plan.Mode, []int) error { return nil }

// OneTask keeps the rows of tasks apart: there is one output.
func (p *printTarget) OneTask() bool { return true }

func (p *printTarget) NewSink(spec plan.SinkSpec) (dataflow.Operator, error) {
	var names []string
	for _, f := range p.schema.Fields {
		names = append(names, f.Name)
	}
	w, err := p.out.Result(render.Options{Names: names, Types: spec.Schema.Types(), Ops: spec.Mode == plan.Retract, Stream: true})
	return &printSink{res: resultOutput{w: w, stream: true}}, err
}

type printSink struct {
	dataflow.Base
	res resultOutput
}

func (p *printSink) Process(_ int, b *vec.Batch, _ dataflow.Output) error { return p.res.Emit(b) }
func (p *printSink) EndInput(int, dataflow.Output) error                  { return p.res.w.Close() }
