package files

import (
	"bufio"
	"errors"
	"path/filepath"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/internal/vfs"
)

// writeBuffer joins the small writes of formats, such as page headers.
const writeBuffer = 256 << 10

// output is a file that is being written.
type output struct {
	fsys vfs.FS
	name string // base name
	dir  string
	f    vfs.File
	buf  *bufio.Writer
	rows dataflow.TableWriter
}

func newOutput(t *Target, name string, schema *vec.Schema) (*output, error) {
	o := &output{fsys: t.fsys, name: name, dir: t.dir()}
	var err error
	if o.f, err = t.fsys.Create(filepath.Join(o.dir, name)); err != nil {
		return nil, err
	}
	o.buf = bufio.NewWriterSize(o.f, writeBuffer)
	if o.rows, err = t.format.NewWriter(o.buf, schema); err != nil {
		return nil, errors.Join(err, o.abort())
	}
	return o, nil
}

// finish completes the file and makes its bytes durable.
func (o *output) finish() error {
	err := o.rows.Close()
	if err == nil {
		err = o.buf.Flush()
	}
	if err == nil {
		err = o.f.Sync()
	}
	if e := o.f.Close(); err == nil {
		err = e
	}
	if err != nil {
		// The first error counts; what stays is a hidden file.
		_ = o.fsys.Remove(filepath.Join(o.dir, o.name))
	}
	return err
}

// abort removes the file.
func (o *output) abort() error {
	err := o.f.Close()
	return errors.Join(err, o.fsys.Remove(filepath.Join(o.dir, o.name)))
}
