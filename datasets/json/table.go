package json

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// sampleRecords is how many records decide on the columns.
const sampleRecords = 1000

// sampleFiles bounds how many files are opened for them.
const sampleFiles = 64

// maxLine bounds a record.
const maxLine = 64 << 20

// File is something that can be read from its start, more than once unless it is standard input.
type File struct {
	Name string
	Open func() (io.ReadCloser, error)
	Size int64 // -1 when not known
}

// Table is files of JSON objects, one a line.
type Table struct {
	name   string
	files  []File
	schema *vec.Schema
	rows   float64
}

// Open infers the columns from the first records of the files, unless schema is given.
func Open(name string, files []File, schema *vec.Schema) (*Table, error) {
	t := &Table{name: name, files: files, schema: schema, rows: -1}
	if schema != nil {
		return t, nil
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no file", name)
	}
	recs, bytesRead, err := sample(files[:min(len(files), sampleFiles)])
	if err != nil {
		return nil, err
	}
	if len(recs) == 0 {
		return nil, fmt.Errorf("%s: %w: there is no record", name, ErrSyntax)
	}
	if t.schema, err = Infer(recs); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	total := int64(0)
	for _, f := range files {
		total += max(f.Size, 0)
	}
	if total > 0 {
		t.rows = float64(total) * float64(len(recs)) / float64(bytesRead)
	}
	return t, nil
}

// sample reads the first records of each file: an equal share of sampleRecords, and what files
// before it left of theirs.
func sample(files []File) (recs [][]byte, bytesRead int, err error) {
	for i, f := range files {
		share := (sampleRecords - len(recs)) / (len(files) - i)
		more, n, err := firstLines(f, share)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", f.Name, err)
		}
		recs, bytesRead = append(recs, more...), bytesRead+n
	}
	return recs, bytesRead, nil
}

func firstLines(file File, most int) (recs [][]byte, bytesRead int, err error) {
	f, err := file.Open()
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	l := &lines{r: f}
	for len(recs) < most {
		rec, err := l.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		recs = append(recs, append([]byte{}, rec...))
		bytesRead += len(rec) + 1
	}
	return recs, bytesRead, nil
}

func (t *Table) Name() string        { return t.name }
func (t *Table) Schema() *vec.Schema { return t.schema }
func (t *Table) Unbounded() bool     { return false }
func (t *Table) Stats() plan.Stats   { return plan.Stats{Rows: t.rows, Bytes: -1} }

// Source reads the columns of a scan.
func (t *Table) Source(scan *plan.Scan) (dataflow.Source, error) {
	return &source{t: t, schema: t.schema.Project(scan.Cols)}, nil
}

type source struct {
	t      *Table
	schema *vec.Schema
}

func (s *source) Schema() *vec.Schema { return s.schema }
func (s *source) Unbounded() bool     { return false }

// Splits is one a file.
func (s *source) Splits(context.Context) ([]dataflow.Split, error) {
	var out []dataflow.Split
	for i, f := range s.t.files {
		out = append(out, dataflow.Split{ID: f.Name, MinTime: dataflow.MinTime, Rows: -1, Data: i})
	}
	return out, nil
}

func (s *source) Open(ctx context.Context, sp dataflow.Split, pos []byte, _ func()) (dataflow.Reader, error) {
	f, err := s.t.files[sp.Data.(int)].Open()
	if err != nil {
		return nil, err
	}
	r := &reader{ctx: ctx, name: sp.ID, f: f, lines: lines{r: f}, dec: NewDecoder(s.schema), b: vec.NewBatch(s.schema.Types())}
	if len(pos) > 0 {
		skip, err := strconv.Atoi(string(pos))
		for ; err == nil && r.lines.n < skip; _, err = r.lines.next() {
		}
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: cannot go on behind line %s: %w", sp.ID, pos, err)
		}
	}
	return r, nil
}

type reader struct {
	ctx   context.Context
	name  string
	f     io.ReadCloser
	lines lines
	dec   *Decoder
	b     *vec.Batch
}

func (r *reader) Next() (*vec.Batch, error) {
	if r.ctx.Err() != nil {
		return nil, context.Cause(r.ctx)
	}
	r.b.Reset()
	r.dec.Reset(r.b.Cols, 0)
	for r.b.N < vec.MaxRows {
		if r.b.N > 0 && !r.lines.ready() { // a pipe: what is there goes on before waiting for more
			break
		}
		rec, err := r.lines.next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = r.dec.Decode(rec)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", r.name, r.lines.n, err)
		}
		r.b.N++
	}
	if r.b.N == 0 {
		return nil, io.EOF
	}
	return r.b, nil
}

func (r *reader) Position() []byte { return strconv.AppendInt(nil, int64(r.lines.n), 10) }
func (r *reader) Close() error     { return r.f.Close() }

// lines splits a stream into lines that are not blank. A line is good until the next call.
type lines struct {
	r       io.Reader
	buf     []byte
	at, end int
	eof     bool
	n       int // lines passed
}

// ready tells whether a whole line is in the buffer.
func (l *lines) ready() bool { return bytes.IndexByte(l.buf[l.at:l.end], '\n') >= 0 || l.eof }

func (l *lines) next() ([]byte, error) {
	seen := 0 // bytes behind at without a line end
	for {
		if i := bytes.IndexByte(l.buf[l.at+seen:l.end], '\n'); i >= 0 {
			line := l.buf[l.at : l.at+seen+i]
			l.at += seen + i + 1
			l.n++
			seen = 0
			if line = bytes.TrimSpace(line); len(line) > 0 {
				return line, nil
			}
			continue
		}
		if l.eof {
			line := bytes.TrimSpace(l.buf[l.at:l.end])
			l.at = l.end
			if len(line) == 0 {
				return nil, io.EOF
			}
			l.n++
			return line, nil
		}
		seen = l.end - l.at
		if err := l.fill(); err != nil {
			return nil, err
		}
	}
}

func (l *lines) fill() error {
	if l.at > 0 {
		copy(l.buf, l.buf[l.at:l.end])
		l.end -= l.at
		l.at = 0
	}
	if l.end == len(l.buf) {
		if len(l.buf) >= maxLine {
			return fmt.Errorf("%w: line %d is longer than %d MB", ErrSyntax, l.n+1, maxLine>>20)
		}
		l.buf = append(l.buf, make([]byte, max(256<<10, len(l.buf)))...)
	}
	n, err := l.r.Read(l.buf[l.end:])
	l.end += n
	if errors.Is(err, io.EOF) {
		l.eof, err = true, nil
	}
	return err
}
