package repl

import (
	"bufio"
	"errors"
	"io"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/repl/render"
)

func fileTarget(path, format string, options map[string]string, schema *vec.Schema) (plan.Target, error) {
	return nil, errors.New("x")
}

func dirTarget(name, path, format string, schema *vec.Schema) (plan.Target, error) {
	return nil, errors.New("x")
}

// ParquetWriter writes a result as a Parquet file.
func ParquetWriter(w io.Writer, o render.Options) (render.Writer, error) {
	s := &vec.Schema{}
	if o.Ops {
		s.Fields = append(s.Fields, vec.Field{Name: "op", Type: vec.TString})
	}
	for i, n := range o.Names {
		s.Fields = append(s.Fields, vec.Field{Name: n, Type: o.Types[i]})
	}
	out := bufio.NewWriterSize(w, 1<<20)
	pw, err := parquet.Format{}.NewWriter(out, s)
	return &parquetRows{out: out, w: pw, ops: o.Ops}, err
}

type parquetRows struct {
	out *bufio.Writer
	w   dataflow.TableWriter
	ops bool
}

func (p *parquetRows) Write(b *vec.Batch) error { return p.w.Write(b) }
func (p *parquetRows) Flush() error             { return nil }

func (p *parquetRows) Close() error {
	if err := p.w.Close(); err != nil {
		return err
	}
	return p.out.Flush()
}

// OnTime asks to be told how long each statement took.
func (s *Session) OnTime(fn func(time.Duration)) { s.out.Time = fn }
