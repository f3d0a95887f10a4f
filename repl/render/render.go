// Package render writes rows for people and for pipes.
//
//	batches ─► Writer (table vertical csv tsv json ndjson md none, or parquet/arrow through Encoder) ─► stdout
//
// A Writer gets borrowed batches and flushes when told, so that an unbounded result reaches the
// reader of a pipe in time. Changelogs get a first column "op" (json: "_op") with +I -U +U -D.
//
// What it does not do: it prints no notices. What a person should know beside the rows goes to
// stderr, by the caller.
package render

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// ErrFormat means that an output format does not exist.
var ErrFormat = errors.New("unknown output format")

// Options says how to write.
type Options struct {
	Format string // see Formats
	Names  []string
	Types  []vec.Type
	Ops    bool // the rows are a changelog
	Stream bool // the result may not end: nothing waits for its end
	Width  int  // columns of the terminal; 0: no limit
	Rows   int  // rows that a table shows; 0: all
	ASCII  bool // no box characters
}

// Writer writes one result.
type Writer interface {
	// Write takes the live rows of b, which is lent for the time of the call.
	Write(b *vec.Batch) error
	// Flush passes on what can be shown now.
	Flush() error
	// Close ends the result. It does not close the underlying writer.
	Close() error
}

// Formats lists the text formats.
var Formats = []string{"table", "vertical", "csv", "tsv", "json", "ndjson", "md", "none"}

// New makes a writer of text.
func New(w io.Writer, o Options) (Writer, error) {
	out := bufio.NewWriterSize(w, 64<<10)
	switch o.Format {
	case "table":
		if o.Stream {
			return &streamTable{out: out, o: o}, nil
		}
		return &table{out: out, o: o}, nil
	case "md":
		return &table{out: out, o: o, md: true}, nil
	case "vertical":
		return &vertical{out: out, o: o}, nil
	case "csv":
		return &separated{out: out, o: o, sep: ','}, nil
	case "tsv":
		return &separated{out: out, o: o, sep: '\t'}, nil
	case "json":
		return &jsonRows{out: out, o: o, array: true}, nil
	case "ndjson":
		return &jsonRows{out: out, o: o}, nil
	case "none":
		return none{}, nil
	}
	return nil, fmt.Errorf("%w %q; there are %s, parquet, arrow", ErrFormat, o.Format, strings.Join(Formats, ", "))
}

// Known tells whether a name is a text format.
func Known(name string) bool { return slices.Contains(Formats, name) }

type none struct{}

func (none) Write(*vec.Batch) error { return nil }
func (none) Flush() error           { return nil }
func (none) Close() error           { return nil }

// names is the header, with the column of the changes in front when there is one.
func (o Options) header() []string {
	if o.Ops {
		return append([]string{"op"}, o.Names...)
	}
	return o.Names
}

// separated is csv (RFC 4180) and tsv.
type separated struct {
	out    *bufio.Writer
	o      Options
	sep    byte
	header bool
	buf    []byte
}

func (s *separated) head() {
	if s.header {
		return
	}
	s.header = true
	for i, n := range s.o.header() {
		if i > 0 {
			s.out.WriteByte(s.sep)
		}
		s.out.Write(s.quote([]byte(n)))
	}
	s.out.WriteByte('\n')
}

func (s *separated) Write(b *vec.Batch) error {
	s.head()
	for k, n := 0, b.Live(); k < n; k++ {
		i := b.Row(k)
		if s.o.Ops {
			s.out.WriteString(vec.OpNames[b.Op(i)])
			s.out.WriteByte(s.sep)
		}
		for c, v := range b.Cols {
			if c > 0 {
				s.out.WriteByte(s.sep)
			}
			if v.IsNull(i) {
				continue
			}
			s.buf = v.AppendText(s.buf[:0], i)
			switch {
			case v.Type.Phys() != vec.PhysStr:
				s.out.Write(s.buf)
			case len(s.buf) == 0 && s.sep == ',': // told from NULL
				s.out.WriteString(`""`)
			default:
				s.out.Write(s.quote(s.buf))
			}
		}
		if err := s.out.WriteByte('\n'); err != nil {
			return err
		}
	}
	return nil
}

// quote puts a field in quotes when it needs them. Fields of tsv have tabs, line ends and
// backslashes escaped instead, as PostgreSQL's COPY does.
func (s *separated) quote(f []byte) []byte {
	if s.sep == '\t' {
		if !containsAny(f, "\t\n\r\\") {
			return f
		}
		return []byte(strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`).Replace(string(f)))
	}
	if !containsAny(f, ",\"\n\r") {
		return f
	}
	out := make([]byte, 0, len(f)+8)
	out = append(out, '"')
	for _, c := range f {
		if c == '"' {
			out = append(out, '"')
		}
		out = append(out, c)
	}
	return append(out, '"')
}

func containsAny(b []byte, chars string) bool {
	for _, c := range b {
		if strings.IndexByte(chars, c) >= 0 {
			return true
		}
	}
	return false
}

func (s *separated) Flush() error { return s.out.Flush() }
func (s *separated) Close() error { s.head(); return s.out.Flush() }
