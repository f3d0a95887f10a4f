package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/json"
)

// sampleRows is how many records decide on the types.
const sampleRows = 10_000

// File is something that can be read from its start, more than once unless Once is set.
type File struct {
	Name string
	Open func() (io.ReadCloser, error)
	Size int64 // -1 when not known
}

// Options overrides what is found out from the data.
type Options struct {
	Sep    byte // 0: find out
	Header *bool
	Schema *vec.Schema // nil: infer
}

// Table is CSV files with the same columns.
type Table struct {
	name   string
	files  []File
	schema *vec.Schema
	sep    byte
	header bool
	names  []string // what the header of the first file says
	rows   float64  // estimate from the sample
}

// Open reads the beginning of the first file and settles separator, header and types.
func Open(name string, files []File, o Options) (*Table, error) {
	t := &Table{name: name, files: files, sep: o.Sep, rows: -1}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no file", name)
	}
	f, err := files[0].Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 1<<20)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", files[0].Name, err)
	}
	head = head[:n]
	if bytes.IndexByte(head, 0) >= 0 {
		return nil, fmt.Errorf("%s: %w: the file has zero bytes; it is not text", files[0].Name, ErrSyntax)
	}
	if t.sep == 0 {
		t.sep = sniff(head)
	}
	whole := n < 1<<20
	recs, used, err := sample(head, t.sep, whole)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", files[0].Name, err)
	}
	if err := t.columns(recs, o); err != nil {
		return nil, fmt.Errorf("%s: %w", files[0].Name, err)
	}
	if used > 0 && files[0].Size >= 0 {
		total := int64(0)
		for _, f := range files {
			total += f.Size
		}
		t.rows = float64(len(recs)) * float64(total) / float64(used)
	}
	return t, nil
}

// sniff picks the separator that splits the first lines into the most fields of equal number.
func sniff(head []byte) byte {
	best, most := byte(','), 1
	for _, sep := range []byte{',', '\t', ';', '|'} {
		recs, _, err := sample(head[:min(len(head), 64<<10)], sep, false)
		if err != nil || len(recs) == 0 {
			continue
		}
		n := len(recs[0])
		for _, r := range recs[:min(len(recs), 20)] {
			if len(r) != n {
				n = 0
			}
		}
		if n > most {
			best, most = sep, n
		}
	}
	return best
}

type cell struct {
	text   string
	quoted bool
}

// sample splits the beginning of a file; the last record is left out unless the file is whole. used
// is how many bytes the records took.
func sample(head []byte, sep byte, whole bool) (recs [][]cell, used int, err error) {
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	if !whole {
		k := bytes.LastIndexByte(head, '\n')
		head = head[:k+1]
	}
	s := newScanner(bytes.NewReader(append([]byte{}, head...)), sep)
	for len(recs) < sampleRows {
		err := s.next()
		if err == io.EOF || err != nil && !whole { // a cut record
			return recs, len(head), nil
		}
		if err != nil {
			return nil, 0, err
		}
		rec := make([]cell, len(s.fields))
		for i, f := range s.fields {
			rec[i] = cell{string(f), s.quoted[i]}
			used += len(f) + 1
		}
		recs = append(recs, rec)
	}
	return recs, used, nil
}

func (t *Table) columns(recs [][]cell, o Options) error {
	if len(recs) == 0 {
		if o.Schema != nil {
			t.schema = o.Schema
			return nil
		}
		return fmt.Errorf("%w: the file is empty", ErrSyntax)
	}
	width := len(recs[0])
	t.header = looksLikeHeader(recs)
	if o.Header != nil {
		t.header = *o.Header
	}
	body := recs
	if t.header {
		body = recs[1:]
		for _, c := range recs[0] {
			t.names = append(t.names, c.text)
		}
	}
	if o.Schema != nil {
		t.schema = o.Schema
		return nil
	}
	t.schema = &vec.Schema{}
	used := map[string]bool{}
	for c := 0; c < width; c++ {
		first := fmt.Sprintf("column%d", c)
		if t.header && recs[0][c].text != "" {
			first = recs[0][c].text
		}
		name := first
		for n := 2; used[name]; n++ {
			name = fmt.Sprintf("%s_%d", first, n)
		}
		used[name] = true
		t.schema.Fields = append(t.schema.Fields, vec.Field{Name: name, Type: columnType(body, c)})
	}
	return nil
}

func cellType(c cell) vec.Type {
	s := strings.TrimSpace(c.text)
	if c.quoted {
		return json.TextType(s)
	}
	switch s {
	case "true", "false", "TRUE", "FALSE", "True", "False":
		return vec.TBool
	}
	if plainNumber(s) {
		if _, err := strconv.ParseInt(s, 10, 64); err == nil {
			return vec.TInt64
		}
		if _, err := strconv.ParseFloat(s, 64); err == nil {
			return vec.TFloat64
		}
	}
	return json.TextType(s)
}

// plainNumber keeps out codes such as 00501, and words that ParseFloat knows.
func plainNumber(s string) bool {
	d := strings.TrimLeft(s, "+-")
	if len(s)-len(d) > 1 || d == "" || d[0] != '.' && (d[0] < '0' || d[0] > '9') {
		return false
	}
	return len(d) == 1 || d[0] != '0' || d[1] == '.' || d[1] == 'e' || d[1] == 'E'
}

func columnType(recs [][]cell, c int) vec.Type {
	t := vec.TNull
	for _, r := range recs {
		if c >= len(r) || r[c].text == "" {
			continue
		}
		u := cellType(r[c])
		switch {
		case t.Kind == vec.Null || t == u:
			t = u
		case t.IsNumeric() && u.IsNumeric():
			t = vec.TFloat64
		case t.IsTemporal() && u.IsTemporal():
			t = vec.TTimestamp
		default:
			return vec.TString
		}
	}
	if t.Kind == vec.Null {
		return vec.TString
	}
	return t
}

func (t *Table) Name() string        { return t.name }
func (t *Table) Schema() *vec.Schema { return t.schema }
func (t *Table) Unbounded() bool     { return false }

// Stats estimates the rows from the sample.
func (t *Table) Stats() plan.Stats { return plan.Stats{Rows: t.rows, Bytes: -1} }

// Source reads the columns of a scan.
func (t *Table) Source(scan *plan.Scan) (dataflow.Source, error) {
	return &source{t: t, cols: scan.Cols, schema: t.schema.Project(scan.Cols)}, nil
}

type source struct {
	t      *Table
	cols   []int
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
	r := &reader{ctx: ctx, s: s, name: sp.ID, f: f, b: vec.NewBatch(s.schema.Types()), width: s.t.schema.Len()}
	r.scan = newScanner(&trimBOM{r: f}, s.t.sep)
	skip := int64(0)
	if len(pos) > 0 {
		if skip, err = strconv.ParseInt(string(pos), 10, 64); err != nil {
			f.Close()
			return nil, fmt.Errorf("position %q of %s: %w", pos, sp.ID, err)
		}
	}
	if s.t.header {
		if err := r.readHeader(); err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: %w", sp.ID, err)
		}
	}
	for ; r.row < skip; r.row++ {
		if err := r.scan.next(); err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: cannot go on at row %d: %w", sp.ID, skip, err)
		}
	}
	return r, nil
}

// trimBOM drops a byte order mark.
type trimBOM struct {
	r    io.Reader
	done bool
}

func (t *trimBOM) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if !t.done && n > 0 {
		t.done = true
		if q := bytes.TrimPrefix(p[:n], []byte("\ufeff")); len(q) < n {
			n = copy(p, q)
		}
	}
	return n, err
}

type reader struct {
	ctx  context.Context
	s    *source
	name string
	f    io.ReadCloser
	scan *scanner
	b    *vec.Batch
	row  int64

	width int   // fields of a record
	from  []int // by column: its field, -1 for none; nil: the same place
}

func (r *reader) Next() (*vec.Batch, error) {
	if r.ctx.Err() != nil {
		return nil, context.Cause(r.ctx)
	}
	r.b.Reset()
	for r.b.N < vec.MaxRows {
		err := r.scan.next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = r.add()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		r.b.N++
		r.row++
	}
	if r.b.N == 0 {
		return nil, io.EOF
	}
	return r.b, nil
}

func (r *reader) add() error {
	if len(r.scan.fields) != r.width {
		return fmt.Errorf("%w: line %d has %d fields, not %d", ErrSyntax, r.scan.line, len(r.scan.fields), r.width)
	}
	for i, c := range r.s.cols {
		if r.from != nil {
			c = r.from[c]
		}
		v := r.b.Cols[i]
		if c < 0 {
			v.AppendNull()
			continue
		}
		f := r.scan.fields[c]
		if len(f) == 0 && !r.scan.quoted[c] {
			v.AppendNull()
			continue
		}
		if v.Type.Kind == vec.String {
			if !utf8.Valid(f) {
				return fmt.Errorf("%w: line %d, column %s is not UTF-8; convert the file first, as with iconv -f latin1 -t utf-8", ErrSyntax, r.scan.line, r.s.schema.Fields[i].Name)
			}
			v.AppendBytes(f)
			continue
		}
		val, err := expr.ParseValue(string(f), v.Type)
		if err != nil {
			return fmt.Errorf("%w: line %d, column %s: %w; the type was inferred from the first rows: declare the column VARCHAR with CREATE TABLE to keep such values", ErrSyntax, r.scan.line, r.s.schema.Fields[i].Name, err)
		}
		v.AppendValue(val)
	}
	return nil
}

func (r *reader) Position() []byte { return strconv.AppendInt(nil, r.row, 10) }
func (r *reader) Close() error     { return r.f.Close() }
