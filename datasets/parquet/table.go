package parquet

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/files"
	"github.com/riffle-io/riffle/internal/vfs"
)

// Exts are the endings of the files that are taken from a directory.
var Exts = []string{".parquet", ".parq", ".pq"}

// Table is a set of Parquet files that is read as one table. It is immutable, and used from many
// goroutines.
type Table struct {
	name    string
	files   []*file
	schema  *vec.Schema
	omitted []omitted

	statsOnce sync.Once
	stats     plan.Stats
}

// file is one file of a table. Its descriptor is open while readers are.
type file struct {
	fsys    vfs.FS
	path    string
	size    int64
	meta    *fileMeta
	leaves  []leaf
	omitted []omitted // columns that are not read
	column  []int     // by column of the table: the place in leaves, -1 when the file has none

	mu   sync.Mutex
	refs int
	f    vfs.File
}

// Open reads the footers of the files that paths name (see files.Expand); a nil fsys is the
// operating system's. The columns are those of the first file, then what others add, by name;
// the same name must have the same type everywhere. Errors are an *Error, or of the file system.
func Open(fsys vfs.FS, paths ...string) (*Table, error) {
	if fsys == nil {
		fsys = vfs.OS{}
	}
	names, err := files.Expand(fsys, paths, Exts...)
	if err != nil {
		return nil, err
	}
	t := &Table{name: strings.Join(paths, ", "), schema: &vec.Schema{}}
	for _, n := range names {
		f, err := openFile(fsys, n)
		if err != nil {
			return nil, err
		}
		if len(t.files) == 0 {
			t.omitted = f.omitted
		}
		t.files = append(t.files, f)
	}
	return t, t.merge()
}

func openFile(fsys vfs.FS, path string) (*file, error) {
	f := &file{fsys: fsys, path: path}
	h, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	if f.size, err = h.Size(); err != nil {
		return nil, err
	}
	return f, f.readMeta(h)
}

func (f *file) readMeta(r io.ReaderAt) (err error) {
	if f.meta, err = readMeta(r, f.size); err != nil {
		return fileError(f.path, err)
	}
	if f.leaves, f.omitted, err = leaves(f.meta); err != nil {
		return fileError(f.path, err)
	}
	return nil
}

// merge makes the table's schema from the files'.
func (t *Table) merge() error {
	at := map[string]int{}
	for _, f := range t.files {
		f.column = make([]int, t.schema.Len(), t.schema.Len()+len(f.leaves))
		for i := range f.column {
			f.column[i] = -1
		}
		for i := range f.leaves {
			l := &f.leaves[i]
			c, ok := at[l.name]
			if !ok {
				c = t.schema.Len()
				at[l.name] = c
				t.schema.Fields = append(t.schema.Fields, vec.Field{Name: l.name, Type: l.t, NotNull: true})
				f.column = append(f.column, -1)
			}
			if have := t.schema.Fields[c].Type; have != l.t {
				return fileError(f.path, fmt.Errorf("column %s is %s here and %s in %s", l.name, l.t, have, t.files[0].path))
			}
			if f.column[c] >= 0 {
				return fileError(f.path, corrupt("two columns are called %s", l.name))
			}
			f.column[c] = i
		}
	}
	for _, f := range t.files {
		for len(f.column) < t.schema.Len() {
			f.column = append(f.column, -1)
		}
		for c, i := range f.column {
			if i < 0 || f.leaves[i].optional {
				t.schema.Fields[c].NotNull = false
			}
		}
	}
	return nil
}

// Name is the paths that the table was opened with.
func (t *Table) Name() string { return t.name }

// Schema is the flat columns of the files.
func (t *Table) Schema() *vec.Schema { return t.schema }

// Unbounded is false: files end.
func (t *Table) Unbounded() bool { return false }

// Rows is the number of rows, which the footers say.
func (t *Table) Rows() int64 {
	var n int64
	for _, f := range t.files {
		n += f.meta.rows
	}
	return n
}

// Omitted tells why column name of the files is not in the schema; "" when it is no column at all.
func (t *Table) Omitted(name string) string {
	for _, o := range t.omitted {
		if strings.EqualFold(o.name, name) {
			return fmt.Sprintf("column %s of %s: %s", o.name, t.name, o.why)
		}
	}
	return ""
}

// Info describes a table to people.
type Info struct {
	Files, RowGroups int
	Rows, Bytes      int64
	Schema           *vec.Schema
	Omitted          []string          // columns that are not read, and why
	CreatedBy        string            // of the first file
	Metadata         map[string]string // of the first file
}

// Info is what the footers say.
func (t *Table) Info() Info {
	i := Info{Files: len(t.files), Rows: t.Rows(), Schema: t.schema}
	for _, f := range t.files {
		i.RowGroups += len(f.meta.groups)
		i.Bytes += f.size
	}
	for _, o := range t.omitted {
		i.Omitted = append(i.Omitted, o.name+": "+o.why)
	}
	if len(t.files) > 0 {
		i.CreatedBy, i.Metadata = t.files[0].meta.createdBy, t.files[0].meta.keyValues
	}
	return i
}

// acquire opens the file, once for all readers.
func (f *file) acquire() (io.ReaderAt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refs == 0 {
		h, err := f.fsys.Open(f.path)
		if err != nil {
			return nil, err
		}
		size, err := h.Size()
		if err == nil && size != f.size {
			err = fileError(f.path, fmt.Errorf("the file changed: it had %d bytes and has %d", f.size, size))
		}
		if err != nil {
			h.Close()
			return nil, err
		}
		f.f = h
	}
	f.refs++
	return f.f, nil
}

// release closes the file after the last reader.
func (f *file) release() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refs--; f.refs > 0 {
		return nil
	}
	h := f.f
	f.f = nil
	return h.Close()
}

// AppliesFilters is true: readers leave out every row for which a filter of the scan is not true.
func (t *Table) AppliesFilters() bool { return true }
