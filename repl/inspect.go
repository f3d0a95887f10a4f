package repl

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
)

// ParquetFile is what a Parquet file says of itself, down to the page.
type ParquetFile struct {
	Path      string            `json:"path"`
	Size      int64             `json:"size"`
	CreatedBy string            `json:"created_by"`
	Version   int               `json:"version"`
	Rows      int64             `json:"rows"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	RowGroups []ParquetRowGroup `json:"row_groups"`
	PageIndex bool              `json:"page_index"` // every column of every row group has one
	Blooms    int               `json:"blooms"`     // chunks with a bloom filter
	Omitted   []string          `json:"omitted,omitempty"`
	Advice    []string          `json:"advice,omitempty"`
}

// ParquetRowGroup is one row group. Bytes are those of its chunks.
type ParquetRowGroup struct {
	Rows         int64          `json:"rows"`
	Compressed   int64          `json:"compressed"`
	Uncompressed int64          `json:"uncompressed"`
	SortedBy     []string       `json:"sorted_by,omitempty"` // "ts", "ts DESC"
	Chunks       []ParquetChunk `json:"chunks"`
}

// ParquetChunk is a column of a row group.
type ParquetChunk struct {
	Column       string        `json:"column"` // path, with dots
	Type         string        `json:"type"`   // Parquet's, physical and logical
	SQLType      string        `json:"sql_type,omitempty"`
	Codec        string        `json:"codec"`
	Encodings    []string      `json:"encodings"`
	Values       int64         `json:"values"` // nulls too
	Nulls        int64         `json:"nulls"`  // -1: not known
	Distinct     int64         `json:"distinct"`
	Compressed   int64         `json:"compressed"`
	Uncompressed int64         `json:"uncompressed"`
	Min          string        `json:"min,omitempty"` // "" without statistics; long ones are cut
	Max          string        `json:"max,omitempty"`
	Stats        bool          `json:"stats"`
	Dictionary   bool          `json:"dictionary"`
	BloomBytes   int64         `json:"bloom_bytes"`
	Pages        []ParquetPage `json:"pages,omitempty"` // from the page index; nil without one
}

// ParquetPage is a data page as the page index describes it.
type ParquetPage struct {
	FirstRow int64  `json:"first_row"`
	Rows     int64  `json:"rows"`
	Bytes    int64  `json:"bytes"`
	Nulls    int64  `json:"nulls"` // -1: not known
	Min      string `json:"min,omitempty"`
	Max      string `json:"max,omitempty"`
}

// InspectParquet reads the footer and the page index of a file. It reads no rows.
func (s *Session) InspectParquet(path string) (*ParquetFile, error) {
	t, err := parquet.Open(nil, path) // checks the file with more care than the library
	if err != nil {
		return nil, err
	}
	f, closer, err := openFooter(path)
	if err != nil {
		return nil, err
	}
	out := describeFile(f, t)
	out.Path = path
	out.Advice = advice(out)
	return out, closer.Close()
}

// openFooter reads a file's footer. A damaged one may make the library panic, which becomes an
// error.
func openFooter(path string) (f *pq.File, c io.Closer, err error) {
	h, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: damaged footer: %v", path, p)
		}
		if err != nil {
			h.Close()
		}
	}()
	info, err := h.Stat()
	if err != nil {
		return nil, nil, err
	}
	if f, err = pq.OpenFile(h, info.Size(), pq.SkipBloomFilters(true)); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, h, nil
}

func describeFile(f *pq.File, t *parquet.Table) *ParquetFile {
	m := f.Metadata()
	out := &ParquetFile{Size: f.Size(), CreatedBy: m.CreatedBy, Version: int(m.Version), Rows: m.NumRows, Metadata: map[string]string{}, PageIndex: len(m.RowGroups) > 0, Omitted: t.Info().Omitted}
	for _, kv := range m.KeyValueMetadata {
		out.Metadata[kv.Key] = kv.Value
	}
	for i, rg := range f.RowGroups() {
		g := &m.RowGroups[i]
		group := ParquetRowGroup{Rows: g.NumRows}
		for _, sc := range g.SortingColumns {
			name := strings.Join(g.Columns[sc.ColumnIdx].MetaData.PathInSchema, ".")
			if sc.Descending {
				name += " DESC"
			}
			group.SortedBy = append(group.SortedBy, name)
		}
		for k, chunk := range rg.ColumnChunks() {
			c := describeChunk(&g.Columns[k], chunk, t.Schema(), g.NumRows)
			group.Compressed += c.Compressed
			group.Uncompressed += c.Uncompressed
			if c.BloomBytes > 0 {
				out.Blooms++
			}
			out.PageIndex = out.PageIndex && c.Pages != nil
			group.Chunks = append(group.Chunks, c)
		}
		out.RowGroups = append(out.RowGroups, group)
	}
	return out
}

func describeChunk(m *format.ColumnChunk, chunk pq.ColumnChunk, schema *vec.Schema, rows int64) ParquetChunk {
	md := &m.MetaData
	name := strings.Join(md.PathInSchema, ".")
	out := ParquetChunk{Column: name, Type: typeName(chunk.Type(), md.Type), Codec: strings.ToLower(md.Codec.String()), Values: md.NumValues, Nulls: -1, Distinct: -1,
		Compressed: md.TotalCompressedSize, Uncompressed: md.TotalUncompressedSize, Dictionary: md.DictionaryPageOffset > 0, BloomBytes: int64(md.BloomFilterLength)}
	if md.BloomFilterOffset > 0 {
		out.BloomBytes = max(out.BloomBytes, 1) // written before lengths were
	}
	text := func(v pq.Value) string { return clip(v.String()) }
	if i := schema.Index(name); i >= 0 {
		t := schema.Fields[i].Type
		out.SQLType = t.String()
		text = func(v pq.Value) string { return clip(valueText(v, t, out.Type)) }
	}
	for _, e := range md.Encoding {
		out.Encodings = append(out.Encodings, strings.ToLower(e.String()))
	}
	st := &md.Statistics
	if fc, ok := chunk.(*pq.FileColumnChunk); ok {
		if lo, hi, ok := fc.Bounds(); ok {
			out.Min, out.Max, out.Stats = text(lo), text(hi), true
		}
	}
	if st.NullCount > 0 || out.Stats {
		out.Nulls = st.NullCount
	}
	if st.DistinctCount > 0 {
		out.Distinct = st.DistinctCount
	}
	out.Pages = pagesOf(chunk, text, rows)
	return out
}

// typeName is the physical type, and the logical one when there is one.
func typeName(t pq.Type, physical format.Type) string {
	p := physical.String()
	if l := t.LogicalType(); l != nil && t.String() != p {
		return p + " " + t.String()
	}
	return p
}

// pagesOf reads the page index of a chunk; nil without one.
func pagesOf(chunk pq.ColumnChunk, text func(pq.Value) string, rows int64) []ParquetPage {
	offsets, err := chunk.OffsetIndex()
	if err != nil || offsets == nil {
		return nil
	}
	index, err := chunk.ColumnIndex()
	if err != nil {
		index = nil
	}
	out := make([]ParquetPage, offsets.NumPages())
	for i := range out {
		end := rows
		if i+1 < len(out) {
			end = offsets.FirstRowIndex(i + 1)
		}
		out[i] = ParquetPage{FirstRow: offsets.FirstRowIndex(i), Rows: end - offsets.FirstRowIndex(i), Bytes: offsets.CompressedPageSize(i), Nulls: -1}
		if index == nil || i >= index.NumPages() {
			continue
		}
		out[i].Nulls = index.NullCount(i)
		if !index.NullPage(i) {
			out[i].Min, out[i].Max = text(index.MinValue(i)), text(index.MaxValue(i))
		}
	}
	return out
}

// valueText is a statistic as SQL shows a value of type t.
func valueText(v pq.Value, t vec.Type, parquetType string) string {
	if v.IsNull() {
		return ""
	}
	switch t.Kind {
	case vec.Timestamp, vec.TimestampTZ:
		if v.Kind() != pq.Int64 {
			return v.String()
		}
		us := v.Int64()
		switch {
		case strings.Contains(parquetType, "MILLIS"):
			us *= 1000
		case strings.Contains(parquetType, "NANOS"):
			us /= 1000
		}
		return vec.IntValue(us).Format(t)
	case vec.Date, vec.Int8, vec.Int16, vec.Int32:
		return vec.IntValue(int64(v.Int32())).Format(t)
	case vec.Decimal:
		switch v.Kind() {
		case pq.Int32:
			return vec.DecimalValue(t, vec.I128(int64(v.Int32()))).Format(t)
		case pq.Int64:
			return vec.DecimalValue(t, vec.I128(v.Int64())).Format(t)
		}
	case vec.Bytes:
		return fmt.Sprintf("%x", v.ByteArray())
	}
	return v.String()
}

// clip shortens a long statistic.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}

// Sizes that advice is about.
const (
	smallGroup = 20_000    // rows; smaller groups cost more to plan than they save
	largeGroup = 512 << 20 // bytes; larger ones leave cores idle
)

// advice says what another layout of the file would save.
func advice(f *ParquetFile) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if n := len(f.RowGroups); n > 1 && f.Rows/int64(n) < smallGroup {
		say("%d row groups of %d rows on average: groups of 100 000 rows and more read faster", n, f.Rows/int64(n))
	}
	byColumn := map[string]*ParquetChunk{}
	var names []string
	for _, g := range f.RowGroups {
		if g.Compressed > largeGroup {
			say("a row group of %s: several smaller ones are read by several cores and skipped one by one", sizeText(g.Compressed))
		}
		for i := range g.Chunks {
			c := &g.Chunks[i]
			sum, ok := byColumn[c.Column]
			if !ok {
				sum = &ParquetChunk{Column: c.Column, Type: c.Type, SQLType: c.SQLType, Codec: c.Codec, Encodings: c.Encodings, Stats: true, Dictionary: c.Dictionary}
				byColumn[c.Column] = sum
				names = append(names, c.Column)
			}
			sum.Compressed += c.Compressed
			sum.Uncompressed += c.Uncompressed
			sum.Stats = sum.Stats && (c.Stats || c.Nulls == c.Values)
		}
	}
	if !f.PageIndex && f.Rows > 0 {
		say("no page index: a query reads whole column chunks where pages would do")
	}
	var bare []string
	for _, n := range names {
		c := byColumn[n]
		if c.Codec == "uncompressed" && c.Compressed > 1<<20 {
			bare = append(bare, n)
		}
		if !c.Stats {
			say("%s has no min and max: no row group can be skipped by it", n)
		}
		if strings.HasPrefix(c.Type, "FIXED_LEN_BYTE_ARRAY") && strings.HasPrefix(c.SQLType, "DECIMAL") && smallDecimal(c.SQLType) {
			say("%s is %s in a FIXED_LEN_BYTE_ARRAY, %.0f %% of the file: as int64 it is read faster", n, c.SQLType, 100*float64(c.Compressed)/float64(max(f.Size, 1)))
		}
	}
	if len(bare) > 0 {
		sort.Strings(bare)
		say("not compressed: %s", strings.Join(bare, ", "))
	}
	return out
}

// smallDecimal tells whether the digits of a DECIMAL fit into an int64.
func smallDecimal(sqlType string) bool {
	t, err := vec.ParseType(sqlType)
	return err == nil && t.Prec <= vec.MaxDec64
}

// errNoScan means that a query reads no Parquet file.
var errNoScan = errors.New("the query reads no Parquet file, so that there is nothing to skip")
