package main

import (
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/dataflow/vec/arrowvec"
	"github.com/riffle-io/riffle/datasets/files"
	"github.com/riffle-io/riffle/repl/render"
)

// arrowRows writes a result as an Arrow IPC stream: each batch is a record batch, which can be read as
// soon as it is written. The change of a row is its first column, op.
type arrowRows struct {
	w      *ipc.Writer
	schema *arrow.Schema
	ops    bool
}

func arrowWriter(w io.Writer, o render.Options) *arrowRows {
	s := &vec.Schema{}
	if o.Ops {
		s.Fields = append(s.Fields, vec.Field{Name: files.OpColumn, Type: vec.TString})
	}
	for i, n := range o.Names {
		s.Fields = append(s.Fields, vec.Field{Name: n, Type: o.Types[i]})
	}
	schema := arrowvec.Schema(s)
	return &arrowRows{w: ipc.NewWriter(w, ipc.WithSchema(schema)), schema: schema, ops: o.Ops}
}

func (a *arrowRows) Write(b *vec.Batch) error {
	if a.ops {
		op := vec.New(vec.TString, 0)
		for i := range b.N {
			op.AppendBytes([]byte(vec.OpNames[b.Op(i)]))
		}
		b = &vec.Batch{Cols: append([]*vec.Vec{op}, b.Cols...), N: b.N, Sel: b.Sel}
	}
	rec := arrowvec.FromBatch(b, a.schema)
	defer rec.Release()
	return a.w.Write(rec)
}

func (a *arrowRows) Flush() error { return nil }
func (a *arrowRows) Close() error { return a.w.Close() }
