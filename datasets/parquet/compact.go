package parquet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go/format"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/internal/vfs"
)

// maxCompactRows bounds the row groups of a compacted file, one of which is in memory at a time.
const maxCompactRows = 1 << 20

// ErrLossy marks files that cannot be rewritten without losing something of their values.
var ErrLossy = errors.New("a copy would lose data")

// Layout is how rows lie in files.
type Layout struct {
	Files     int   `json:"files"`
	RowGroups int   `json:"row_groups"`
	Rows      int64 `json:"rows"`
	Bytes     int64 `json:"bytes"` // -1: not known yet
}

// Compaction is what Compact does, or would do.
type Compaction struct {
	Before  Layout
	After   Layout
	Codec   Codec
	Changes []string // of the columns, for people: what the copy has in another form, or not

	rows int // of a row group
}

// PlanCompact says what Compact would do. A table with columns that are not read, or whose values
// are rounded when they are, is an ErrLossy.
func (t *Table) PlanCompact() (*Compaction, error) {
	info := t.Info()
	c := &Compaction{Before: Layout{info.Files, info.RowGroups, info.Rows, info.Bytes}, Codec: t.compactCodec(), rows: defaultRowGroupRows}
	blooms := 0
	for _, f := range t.files {
		for _, o := range f.omitted {
			return nil, fileError(f.path, fmt.Errorf("%w: column %s: %s", ErrLossy, o.name, o.why))
		}
		for i := range f.leaves {
			if l := &f.leaves[i]; l.lossy != "" {
				return nil, &Error{File: f.path, RowGroup: -1, Column: l.name, Page: -1, Err: fmt.Errorf("%w: %s", ErrLossy, l.lossy)}
			}
		}
		for _, g := range f.meta.groups {
			c.rows = max(c.rows, int(min(g.rows, maxCompactRows)))
			for i := range g.chunks {
				blooms += b2i(g.chunks[i].bloomAt > 0)
			}
		}
	}
	c.After = Layout{1, int((info.Rows + int64(c.rows) - 1) / int64(c.rows)), info.Rows, -1}
	for i, field := range t.schema.Fields {
		c.Changes = append(c.Changes, t.retyped(i, field)...)
	}
	if blooms > 0 {
		c.Changes = append(c.Changes, fmt.Sprintf("bloom filters of %d column chunks are not kept", blooms))
	}
	return c, nil
}

// retyped tells whether a column of some file is stored in another physical type than the copy's.
func (t *Table) retyped(col int, field vec.Field) []string {
	to := schemaElement(field).Type.V
	for _, f := range t.files {
		if i := f.column[col]; i >= 0 && f.leaves[i].phys != to {
			return []string{fmt.Sprintf("%s is %s and becomes %s", field.Name, f.leaves[i].phys, to)}
		}
	}
	return nil
}

// compactCodec keeps what the first column chunk has; what the writer has not becomes zstd.
func (t *Table) compactCodec() Codec {
	for _, f := range t.files {
		for _, g := range f.meta.groups {
			if len(g.chunks) == 0 {
				continue
			}
			switch g.chunks[0].codec {
			case format.Snappy:
				return Snappy
			case format.Uncompressed:
				return None
			}
			return Zstd
		}
	}
	return Snappy
}

// metadata is the key-value metadata that all files agree on, without descriptions of their schema
// that need not be true of the copy.
func (t *Table) metadata() map[string]string {
	out := map[string]string{}
	if len(t.files) == 0 {
		return out
	}
	for k, v := range t.files[0].meta.keyValues {
		same := k != typesKey && k != "ARROW:schema"
		for _, f := range t.files[1:] {
			other, ok := f.meta.keyValues[k]
			same = same && ok && other == v
		}
		if same {
			out[k] = v
		}
	}
	return out
}

// Compact writes all rows of the table, in the order in which they are, as one file with full row
// groups. The file, which must not exist, appears by a rename when it is complete and durable; after
// an error or a crash there is none. A nil fsys is the operating system's.
func (t *Table) Compact(ctx context.Context, fsys vfs.FS, path string) (*Compaction, error) {
	if fsys == nil {
		fsys = vfs.OS{}
	}
	c, err := t.PlanCompact()
	if err != nil {
		return nil, err
	}
	if err := absent(fsys, path); err != nil {
		return nil, err
	}
	// A leading dot: a scan of the directory does not take it for data.
	tmp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err = t.copyTo(ctx, fsys, tmp, c); err == nil {
		err = c.measure(fsys, tmp)
	}
	if err == nil {
		err = absent(fsys, path) // somebody may have made it since
	}
	if err == nil {
		err = fsys.Rename(tmp, path)
	}
	if err != nil {
		// The first error counts; what stays is a hidden file.
		_ = fsys.Remove(tmp)
		return nil, fmt.Errorf("compact into %s: %w", path, err)
	}
	if err := fsys.SyncDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("sync directory of %s: %w", path, err)
	}
	return c, nil
}

// absent is nil when there is nothing called path.
func absent(fsys vfs.FS, path string) error {
	switch _, err := fsys.Stat(path); {
	case err == nil:
		return fmt.Errorf("%s: %w", path, fs.ErrExist)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return err
	}
}

func (t *Table) copyTo(ctx context.Context, fsys vfs.FS, path string, c *Compaction) (err error) {
	f, err := fsys.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buf := bufio.NewWriterSize(f, 1<<20)
	w, err := NewWriter(buf, t.schema, WriterOptions{RowGroupRows: c.rows, Codec: c.Codec, Metadata: t.metadata()})
	if err != nil {
		return err
	}
	if err := t.Each(ctx, w.Write); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := buf.Flush(); err != nil {
		return err
	}
	return f.Sync()
}

// measure reads the footer of the copy, which must have all rows.
func (c *Compaction) measure(fsys vfs.FS, path string) error {
	t, err := Open(fsys, path)
	if err != nil {
		return err
	}
	info := t.Info()
	if info.Rows != c.Before.Rows {
		return corrupt("the copy has %d rows of %d", info.Rows, c.Before.Rows)
	}
	c.After = Layout{info.Files, info.RowGroups, info.Rows, info.Bytes}
	return nil
}

// HasExt tells whether a file of this name is taken for Parquet.
func HasExt(path string) bool { return slices.Contains(Exts, strings.ToLower(filepath.Ext(path))) }

// String is the codec's name.
func (c Codec) String() string { return [...]string{"snappy", "zstd", "none"}[c] }
