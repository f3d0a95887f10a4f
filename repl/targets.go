package repl

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/files"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/repl/render"
)

// textFormat writes files of a text format.
type textFormat struct{ format, ext string }

func (t textFormat) Ext() string { return t.ext }

func (t textFormat) NewWriter(w io.Writer, schema *vec.Schema) (dataflow.TableWriter, error) {
	var names []string
	for _, f := range schema.Fields {
		names = append(names, f.Name)
	}
	return render.New(w, render.Options{Format: t.format, Names: names, Types: schema.Types()})
}

// fileFormat finds the format of files to write.
func fileFormat(name string) (files.Format, error) {
	switch strings.ToLower(name) {
	case "parquet":
		return parquet.Format{}, nil
	case "csv":
		return textFormat{"csv", ".csv"}, nil
	case "tsv":
		return textFormat{"tsv", ".tsv"}, nil
	case "json", "ndjson", "jsonl":
		return textFormat{"ndjson", ".json"}, nil
	}
	return nil, fmt.Errorf("%w %q: there are parquet, csv, tsv, json", ErrFormat, name)
}

// fileTarget writes one file, or a directory of files when the path ends with a slash.
func fileTarget(path, format string, options map[string]string, schema *vec.Schema) (plan.Target, error) {
	for o := range options {
		return nil, fmt.Errorf("unknown option %q", o)
	}
	dir := strings.HasSuffix(path, "/")
	if format == "" {
		switch {
		case dir:
			format = "parquet"
		case strings.HasSuffix(path, ".tsv"):
			format = "tsv"
		default:
			f, err := formatOfPath(path)
			if err != nil {
				return nil, err
			}
			format = f
		}
	}
	f, err := fileFormat(format)
	if err != nil {
		return nil, err
	}
	if dir {
		return files.NewDir(nil, path, f, schema), nil
	}
	return files.NewFile(nil, path, f, schema), nil
}

// dirTarget writes files into a directory.
func dirTarget(path, format string, schema *vec.Schema) (plan.Target, error) {
	f, err := fileFormat(format)
	if err != nil {
		return nil, err
	}
	return files.NewDir(nil, path, f, schema), nil
}

// sideTarget takes the rows of a side output.
func sideTarget(dir string) exec.SinkTarget { return files.NewDir(nil, dir, parquet.Format{}, nil) }

// ParquetWriter writes a result as a Parquet file.
func ParquetWriter(w io.Writer, o render.Options) (render.Writer, error) {
	s := &vec.Schema{}
	if o.Ops {
		s.Fields = append(s.Fields, vec.Field{Name: files.OpColumn, Type: vec.TString})
	}
	for i, n := range o.Names {
		s.Fields = append(s.Fields, vec.Field{Name: n, Type: o.Types[i]})
	}
	out := bufio.NewWriterSize(w, 1<<20)
	pw, err := parquet.Format{}.NewWriter(out, s)
	return &parquetRows{out: out, w: pw, ops: o.Ops}, err
}

// parquetRows adapts a table writer to results, whose changes become a column.
type parquetRows struct {
	out *bufio.Writer
	w   dataflow.TableWriter
	ops bool
}

func (p *parquetRows) Write(b *vec.Batch) error {
	if p.ops {
		v := vec.New(vec.TString, 0)
		for i := 0; i < b.N; i++ {
			v.AppendBytes([]byte(vec.OpNames[b.Op(i)]))
		}
		b = &vec.Batch{Cols: append([]*vec.Vec{v}, b.Cols...), N: b.N, Sel: b.Sel}
	}
	return p.w.Write(b)
}

func (p *parquetRows) Flush() error { return nil }

func (p *parquetRows) Close() error {
	if err := p.w.Close(); err != nil {
		return err
	}
	return p.out.Flush()
}

// OnTime asks to be told how long each statement took.
func (s *Session) OnTime(fn func(time.Duration)) { s.out.Time = fn }
