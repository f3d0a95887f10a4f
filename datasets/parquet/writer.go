package parquet

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// Codec is how pages are compressed.
type Codec uint8

// The codecs.
const (
	Snappy Codec = iota // fast, and read by everything
	Zstd                // a third smaller, slower
	None
)

// ParseCodec reads the name of a codec.
func ParseCodec(name string) (Codec, error) {
	switch strings.ToLower(name) {
	case "snappy":
		return Snappy, nil
	case "zstd":
		return Zstd, nil
	case "none", "uncompressed":
		return None, nil
	}
	return 0, fmt.Errorf("unknown codec %q: use snappy, zstd or none", name)
}

// WriterOptions says how a file is laid out. The zero value is good.
type WriterOptions struct {
	RowGroupRows int               // rows; default 131,072: a unit of parallel reading, small enough to fill 2 cores with 10⁶ rows
	Codec        Codec             // default Snappy
	Metadata     map[string]string // goes into the footer
}

const (
	defaultRowGroupRows = 128 << 10
	pageRows            = 16 << 10 // rows; pages are what filters skip
	pageBytes           = 1 << 20  // bytes; a page of long strings has fewer rows
)

// Writer writes one file. It is a dataflow.TableWriter: batches are lent, and the changes of a
// changelog are not written. A file is complete after Close.
type Writer struct {
	w      io.Writer
	opts   WriterOptions
	schema *vec.Schema
	at     int64
	cols   []*columnWriter
	rows   int
	zstd   *zstd.Encoder
	err    error // the first; nothing is written after it
	meta   format.FileMetaData
	index  []chunkIndex
}

// chunkIndex is the page index of a chunk, which goes before the footer.
type chunkIndex struct {
	chunk   *format.ColumnChunk
	columns *format.ColumnIndex // nil: the type has no order
	offsets *format.OffsetIndex
}

// NewWriter starts a file with the columns of schema. All columns may hold NULL.
func NewWriter(w io.Writer, schema *vec.Schema, opts WriterOptions) (*Writer, error) {
	if opts.RowGroupRows <= 0 {
		opts.RowGroupRows = defaultRowGroupRows
	}
	out := &Writer{w: w, opts: opts, schema: schema}
	seen := map[string]bool{}
	var extra []string
	out.meta.Schema = append(out.meta.Schema, format.SchemaElement{Name: "schema", NumChildren: thrift.New(int32(schema.Len()))})
	for _, f := range schema.Fields {
		if seen[f.Name] {
			return nil, fmt.Errorf("a Parquet file cannot have two columns called %s", f.Name)
		}
		seen[f.Name] = true
		e := schemaElement(f)
		out.meta.Schema = append(out.meta.Schema, e)
		out.cols = append(out.cols, &columnWriter{w: out, name: f.Name, phys: e.Type.V, buf: vec.New(f.Type, 0)})
		if f.Type.Kind == vec.IntervalK {
			extra = append(extra, f.Name+" "+f.Type.String())
		}
	}
	out.meta.Version, out.meta.CreatedBy = 2, "riffle"
	if len(extra) > 0 {
		out.addMeta(typesKey, strings.Join(extra, "\n"))
	}
	for _, k := range sortedKeys(opts.Metadata) {
		out.addMeta(k, opts.Metadata[k])
	}
	return out, out.write([]byte(magic))
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (w *Writer) addMeta(k, v string) {
	w.meta.KeyValueMetadata = append(w.meta.KeyValueMetadata, format.KeyValue{Key: k, Value: v})
}

func (w *Writer) write(p []byte) error {
	if w.err != nil {
		return w.err
	}
	n, err := w.w.Write(p)
	w.at += int64(n)
	w.err = err
	return err
}

// Write adds the live rows of b.
func (w *Writer) Write(b *vec.Batch) error {
	if w.err != nil {
		return w.err
	}
	var part []int32
	for from, live := 0, b.Live(); from < live; {
		n := min(live-from, w.opts.RowGroupRows-w.rows)
		sel := b.Sel
		if n < live {
			part = part[:0]
			for k := from; k < from+n; k++ {
				part = append(part, int32(b.Row(k)))
			}
			sel = part
		}
		for c, col := range w.cols {
			col.buf.Append(b.Cols[c], b.N, sel)
		}
		w.rows += n
		if from += n; w.rows == w.opts.RowGroupRows {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes the rows so far as a row group.
func (w *Writer) flush() error {
	if w.rows == 0 {
		return w.err
	}
	g := format.RowGroup{NumRows: int64(w.rows), FileOffset: w.at, Ordinal: int16(len(w.meta.RowGroups)), Columns: make([]format.ColumnChunk, len(w.cols))}
	for c, col := range w.cols {
		x, err := col.flush(&g.Columns[c], w.rows)
		if err != nil {
			w.err = fmt.Errorf("write column %s: %w", col.name, err)
			return w.err
		}
		w.index = append(w.index, x)
		g.TotalByteSize += g.Columns[c].MetaData.TotalUncompressedSize
		g.TotalCompressedSize += g.Columns[c].MetaData.TotalCompressedSize
	}
	w.meta.RowGroups = append(w.meta.RowGroups, g)
	w.meta.NumRows += int64(w.rows)
	w.rows = 0
	return nil
}

// Close writes what is left and the footer. It does not close the underlying writer.
func (w *Writer) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	for _, x := range w.index {
		if x.columns != nil {
			if err := w.section(x.columns, &x.chunk.ColumnIndexOffset, &x.chunk.ColumnIndexLength); err != nil {
				return err
			}
		}
	}
	for _, x := range w.index {
		if err := w.section(x.offsets, &x.chunk.OffsetIndexOffset, &x.chunk.OffsetIndexLength); err != nil {
			return err
		}
	}
	for range w.cols {
		w.meta.ColumnOrders = append(w.meta.ColumnOrders, format.ColumnOrder{Value: &format.TypeDefinedOrder{}})
	}
	foot, err := thrift.Marshal(&thrift.CompactProtocol{}, &w.meta)
	if err != nil {
		return err
	}
	foot = binary.LittleEndian.AppendUint32(foot, uint32(len(foot)))
	err = w.write(append(foot, magic...))
	if w.err == nil {
		w.err = io.ErrClosedPipe
	}
	return err
}

func (w *Writer) section(v any, at *int64, n *int32) error {
	data, err := thrift.Marshal(&thrift.CompactProtocol{}, v)
	if err != nil {
		return err
	}
	*at, *n = w.at, int32(len(data))
	return w.write(data)
}
