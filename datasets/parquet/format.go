package parquet

import (
	"context"
	"errors"
	"io"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/internal/vfs"
)

// Format is Parquet as the snapshots of operator state and the sinks of package files use it.
type Format struct{ Options WriterOptions }

// Ext is ".parquet".
func (Format) Ext() string { return ".parquet" }

// NewWriter starts a file.
func (f Format) NewWriter(w io.Writer, schema *vec.Schema) (dataflow.TableWriter, error) {
	return NewWriter(w, schema, f.Options)
}

// Read calls fn with all rows of a file, in order, in batches that are lent for the time of the
// call.
func (Format) Read(r io.ReaderAt, size int64, fn func(*vec.Batch) error) error {
	f := &file{fsys: readerFS{r: r, size: size}, path: "table", size: size}
	if err := f.readMeta(r); err != nil {
		return err
	}
	t := &Table{name: f.path, files: []*file{f}, schema: &vec.Schema{}, omitted: f.omitted}
	if err := t.merge(); err != nil {
		return err
	}
	return t.Each(context.Background(), fn)
}

// Each calls fn with all rows of the table, in order. Batches are lent.
func (t *Table) Each(ctx context.Context, fn func(*vec.Batch) error) error {
	src, err := t.Source(plan.NewScan(t, ""))
	if err != nil {
		return err
	}
	splits, err := src.Splits(ctx)
	if err != nil {
		return err
	}
	for _, sp := range splits {
		if err := eachOf(ctx, src, sp, fn); err != nil {
			return err
		}
	}
	return nil
}

func eachOf(ctx context.Context, src dataflow.Source, sp dataflow.Split, fn func(*vec.Batch) error) (err error) {
	r, err := src.Open(ctx, sp, nil, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		b, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := fn(b); err != nil {
			return err
		}
	}
}

// readerFS is a file system of one file, which is open already and stays so.
type readerFS struct {
	vfs.FS
	r    io.ReaderAt
	size int64
}

func (f readerFS) Open(string) (vfs.File, error) { return readerFile{ReaderAt: f.r, size: f.size}, nil }

type readerFile struct {
	vfs.File
	io.ReaderAt
	size int64
}

func (f readerFile) ReadAt(p []byte, off int64) (int, error) { return f.ReaderAt.ReadAt(p, off) }
func (f readerFile) Size() (int64, error)                    { return f.size, nil }
func (f readerFile) Close() error                            { return nil }
