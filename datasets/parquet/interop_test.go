package parquet_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	pg "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/deprecated"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
)

// foreign is a row as an independent writer stores it, in many encodings and annotations.
type foreign struct {
	Plain    int64            `parquet:"plain,plain"`
	Dict     int64            `parquet:"dict,dict"`
	Delta    int64            `parquet:"delta,delta"`
	Delta32  int32            `parquet:"delta32,delta"`
	Optional *int64           `parquet:"optional,optional"`
	OptDict  *string          `parquet:"opt_dict,optional,dict"`
	U8       uint8            `parquet:"u8"`
	U16      uint16           `parquet:"u16"`
	U32      uint32           `parquet:"u32"`
	U64      uint64           `parquet:"u64"`
	Split    float64          `parquet:"split,split"`
	Float    float32          `parquet:"float,split"`
	Bool     bool             `parquet:"bool"`
	Str      string           `parquet:"str,plain"`
	DeltaStr string           `parquet:"delta_str,delta"`
	Prefix   string           `parquet:"prefix,delta"`
	Dec32    int32            `parquet:"dec32,decimal(2:9)"`
	Dec64    int64            `parquet:"dec64,decimal(3:18)"`
	DecFixed [5]byte          `parquet:"dec_fixed,decimal(1:11)"`
	Date     int32            `parquet:"date,date"`
	Millis   int64            `parquet:"millis,timestamp(millisecond)"`
	Micros   int64            `parquet:"micros,timestamp(microsecond:local)"`
	Nanos    int64            `parquet:"nanos,timestamp(nanosecond)"`
	TimeMs   int32            `parquet:"time_ms,time(millisecond)"`
	TimeNs   int64            `parquet:"time_ns,time(nanosecond)"`
	ID       [16]byte         `parquet:"id,uuid"`
	Impala   deprecated.Int96 `parquet:"impala"`
	Nested   []int64          `parquet:"nested"`
	After    string           `parquet:"after,dict"`
}

func foreignRow(i int) (f foreign, want string) {
	k := int64(i)
	f = foreign{Plain: k, Dict: k % 7, Delta: k * k, Delta32: int32(-k), U8: uint8(i), U16: uint16(i * 7), U32: 4_000_000_000 + uint32(i),
		U64: 18_000_000_000_000_000_000 + uint64(i), Split: float64(i) / 4, Float: float32(i) / 2, Bool: i%3 == 0,
		Str: fmt.Sprint("s", i), DeltaStr: fmt.Sprint("d", i*i), Prefix: fmt.Sprintf("common/%05d", i), Dec32: int32(-k), Dec64: k * 1000,
		Date: int32(i), Millis: k*1000 + 1, Micros: k, Nanos: -k * 1000, TimeMs: int32(i), TimeNs: k * 1000,
		Nested: []int64{k, k}, After: fmt.Sprint(i % 5)}
	for b := range f.DecFixed {
		f.DecFixed[b] = 0xff
	}
	f.DecFixed[4] = byte(-1 - i%100)
	f.ID[15] = byte(i)
	f.Impala = deprecated.Int96{uint32(i * 1000), 0, 2440589}
	opt, od := "NULL", "NULL"
	if i%5 != 0 {
		f.Optional, opt = &f.Plain, fmt.Sprint(i)
	}
	if i%4 == 0 {
		f.OptDict, od = &f.After, f.After
	}
	fl := func(x float64) string { return vec.FloatValue(x).Format(vec.TFloat64) }
	at := func(us int64, t vec.Type) string { return vec.IntValue(us).Format(t) }
	dec := func(x int64, p, s int) string { return vec.IntValue(x).Format(vec.TDecimal(p, s)) }
	want = fmt.Sprintf("%d|%d|%d|%d|%s|%s|%d|%d|%d|%d|%s|%s|%v|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|",
		k, k%7, k*k, -k, opt, od, uint8(i), uint16(i*7), f.U32, f.U64, fl(f.Split), fl(float64(f.Float)), f.Bool, f.Str, f.DeltaStr, f.Prefix,
		dec(-k, 9, 2), dec(k*1000, 18, 3), dec(int64(-1-i%100), 11, 1), at(k, vec.TDate), at((k*1000+1)*1000, vec.TTimestampTZ),
		at(k, vec.TTimestamp), at(-k, vec.TTimestampTZ), at(k*1000, vec.TTime), at(k, vec.TTime),
		vec.StringValue(string(f.ID[:])).Format(vec.TUUID), at(86_400_000_000+k, vec.TTimestamp), f.After)
	return f, want
}

func writeForeign(t testing.TB, n int, opts ...pg.WriterOption) (data []byte, want []string) {
	t.Helper()
	var buf bytes.Buffer
	w := pg.NewGenericWriter[foreign](&buf, opts...)
	for i := range n {
		f, line := foreignRow(i)
		must(w.Write([]foreign{f}))(t)
		want = append(want, line)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), want
}

// Files of an independent writer, in all codecs, both page versions, and pages of odd sizes.
func TestReadsForeignFiles(t *testing.T) {
	for _, codec := range []compress.Codec{&pg.Snappy, &pg.Zstd, &pg.Gzip, &pg.Brotli, &pg.Lz4Raw, &pg.Uncompressed} {
		for version := 1; version <= 2; version++ {
			t.Run(fmt.Sprint(codec, version), func(t *testing.T) {
				data, want := writeForeign(t, 5000, pg.Compression(codec), pg.DataPageVersion(version), pg.PageBufferSize(3000), pg.MaxRowsPerRowGroup(3300))
				tab := openBytes(t, data)
				if tab.Omitted("nested") == "" || tab.Omitted("plain") != "" {
					t.Errorf("omitted: %v", tab.Info().Omitted)
				}
				equalRows(t, readAll(t, plan.NewScan(tab, "")), want)
				tab.Stats()
				checkForeignFilters(t, tab)
			})
		}
	}
}

func checkForeignFilters(t *testing.T, tab *parquet.Table) {
	t.Helper()
	s := tab.Schema()
	for _, c := range []struct {
		name, op string
		val      int64
	}{{"plain", "<", 700}, {"dict", "=", 3}, {"delta", ">=", 4000 * 4000}, {"dec32", "<=", -4990}, {"dec_fixed", "=", -50}, {"millis", "<", 2_000_000}, {"u32", ">", 4_000_004_990}, {"delta32", "=", -77}, {"optional", "=", 101}} {
		scan := plan.NewScan(tab, "")
		i := s.Index(c.name)
		e := must(expr.NewCall(c.op, &expr.Col{Idx: i, Name: c.name, T: s.Fields[i].Type}, &expr.Lit{Val: vec.IntValue(c.val), T: s.Fields[i].Type}))(t)
		scan.Filter = []expr.Expr{e}
		want, err := filtered(tab, scan)
		if err != nil || len(want) == 0 {
			t.Fatalf("%s: %d rows, %v", e, len(want), err)
		}
		equalRows(t, readAll(t, scan), want)
	}
}

func TestBloomFilterSkips(t *testing.T) {
	data, _ := writeForeign(t, 3000, pg.BloomFilters(pg.SplitBlockFilter(10, "plain"), pg.SplitBlockFilter(10, "str")), pg.MaxRowsPerRowGroup(1000))
	tab := openBytes(t, data)
	for _, c := range []struct {
		lit  *expr.Lit
		name string
		want int
	}{{expr.Str("s1500"), "str", 1}, {expr.Str("s15x"), "str", 0}, {expr.Int(2999), "plain", 1}, {expr.Int(5000), "plain", 0}} {
		i := tab.Schema().Index(c.name)
		scan := plan.NewScan(tab, "")
		scan.Filter = []expr.Expr{must(expr.NewCall("=", &expr.Col{Idx: i, Name: c.name, T: c.lit.T}, c.lit))(t)}
		if got := readAll(t, scan); len(got) != c.want {
			t.Errorf("%s = %s: %d rows, want %d", c.name, c.lit, len(got), c.want)
		}
	}
}

// An independent reader reads what the writer wrote.
func TestForeignReaderReads(t *testing.T) {
	s := vec.NewSchema(vec.Field{Name: "a", Type: vec.TInt64}, vec.Field{Name: "b", Type: vec.TString}, vec.Field{Name: "c", Type: vec.TDecimal(30, 2)}, vec.Field{Name: "d", Type: vec.TBool})
	b := vec.NewBatch(s.Types())
	for i := range 5000 {
		v := vec.StringValue(fmt.Sprint("x", i%50))
		if i%3 == 0 {
			v = vec.NullValue()
		}
		b.AppendRow(vec.IntValue(int64(i)), v, vec.Dec128Value(vec.I128(int64(-i))), vec.BoolValue(i%2 == 0))
	}
	type row struct {
		A *int64   `parquet:"a,optional"`
		B *string  `parquet:"b,optional"`
		C [16]byte `parquet:"c,optional"`
		D *bool    `parquet:"d,optional"`
	}
	data := encode(t, s, parquet.WriterOptions{RowGroupRows: 1234}, b)
	rows := must(pg.Read[row](bytes.NewReader(data), int64(len(data))))(t)
	if len(rows) != 5000 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, r := range rows {
		if *r.A != int64(i) || (r.B == nil) != (i%3 == 0) || r.B != nil && *r.B != fmt.Sprint("x", i%50) || i > 0 && r.C[0] != 0xff || *r.D != (i%2 == 0) {
			t.Fatalf("row %d: %+v", i, r)
		}
	}
}

// TestEmptyRowGroup reads a file of Apache Arrow with one row group of no rows, whose columns have
// the offset 0.
func TestEmptyRowGroup(t *testing.T) {
	tab := openOS(t, "testdata/empty_group.parquet")
	if got := tab.Schema().String(); !strings.Contains(got, "a BIGINT") || !strings.Contains(got, "s VARCHAR") {
		t.Errorf("schema %s", got)
	}
	equalRows(t, readAll(t, plan.NewScan(tab, "")), nil)
}
