package parquet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	pg "github.com/parquet-go/parquet-go"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
)

const flights = "../../../shared/data/flights/flights-3m.parquet"

func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func openOS(t testing.TB, paths ...string) *parquet.Table {
	t.Helper()
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil {
			t.Skipf("no data: %v", err)
		}
	}
	return must(parquet.Open(nil, paths...))(t)
}

// everyType has a column of each type.
func everyType() *vec.Schema {
	return vec.NewSchema(
		vec.Field{Name: "b", Type: vec.TBool}, vec.Field{Name: "i8", Type: vec.TInt8},
		vec.Field{Name: "i16", Type: vec.TInt16}, vec.Field{Name: "i32", Type: vec.TInt32},
		vec.Field{Name: "i64", Type: vec.TInt64}, vec.Field{Name: "f32", Type: vec.TFloat32},
		vec.Field{Name: "f64", Type: vec.TFloat64}, vec.Field{Name: "d9", Type: vec.TDecimal(9, 2)},
		vec.Field{Name: "d30", Type: vec.TDecimal(30, 5)}, vec.Field{Name: "day", Type: vec.TDate},
		vec.Field{Name: "tod", Type: vec.TTime}, vec.Field{Name: "ts", Type: vec.TTimestamp},
		vec.Field{Name: "tz", Type: vec.TTimestampTZ}, vec.Field{Name: "iv", Type: vec.TInterval},
		vec.Field{Name: "s", Type: vec.TString}, vec.Field{Name: "raw", Type: vec.TBytes},
		vec.Field{Name: "id", Type: vec.TUUID}, vec.Field{Name: "j", Type: vec.TJSON},
		vec.Field{Name: "none", Type: vec.TNull})
}

// randomValue draws from few values when few is set, else from many.
func randomValue(r *rand.Rand, t vec.Type, few bool) vec.Value {
	k := r.Int64N(1 << 40)
	if few {
		k = r.Int64N(7)
	}
	switch t.Kind {
	case vec.Null:
		return vec.NullValue()
	case vec.Bool:
		return vec.BoolValue(k&1 == 1)
	case vec.Int8:
		return vec.IntValue(int64(int8(k)))
	case vec.Int16:
		return vec.IntValue(int64(int16(k)))
	case vec.Int32, vec.Date:
		return vec.IntValue(int64(int32(k)) - 3)
	case vec.Float32:
		return vec.FloatValue(float64(float32(k) / 3))
	case vec.Float64:
		return vec.FloatValue(float64(k)/3 - 1)
	case vec.IntervalK:
		return vec.IvValue(vec.Interval{Months: int32(k) - 5, Days: int32(k >> 3), Micros: -k})
	case vec.String, vec.Bytes, vec.JSON:
		return vec.StringValue(fmt.Sprintf("v%d", k))
	case vec.UUID:
		return vec.StringValue(fmt.Sprintf("%016d", k))
	}
	if t.Phys() == vec.PhysI128 {
		d, _ := vec.I128(k - 3).Mul(vec.I128(1 << 50))
		return vec.Dec128Value(d)
	}
	return vec.IntValue(k % 1e9)
}

// randomRows fills batches of a table; nulls is the share of NULLs.
func randomRows(r *rand.Rand, s *vec.Schema, n int, nulls float64, few bool) *vec.Batch {
	b := vec.NewBatch(s.Types())
	row := make([]vec.Value, s.Len())
	for i := 0; i < n; i++ {
		for c, f := range s.Fields {
			row[c] = randomValue(r, f.Type, few)
			if r.Float64() < nulls {
				row[c] = vec.NullValue()
			}
		}
		b.AppendRow(row...)
	}
	return b
}

func encode(t testing.TB, s *vec.Schema, o parquet.WriterOptions, batches ...*vec.Batch) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := must(parquet.NewWriter(&buf, s, o))(t)
	for _, b := range batches {
		if err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func openBytes(t testing.TB, data ...[]byte) *parquet.Table {
	t.Helper()
	return must(parquet.Open(memFS(t, data...), "d"))(t)
}

func memFS(t testing.TB, data ...[]byte) *vfs.Mem {
	t.Helper()
	m := vfs.NewMem()
	if err := m.MkdirAll("d"); err != nil {
		t.Fatal(err)
	}
	for i, d := range data {
		f := must(m.Create(fmt.Sprintf("d/%d.parquet", i)))(t)
		must(f.Write(d))(t)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// readAll gives the live rows of a scan as text.
func readAll(t testing.TB, scan *plan.Scan) []string {
	t.Helper()
	out, err := tryRead(scan)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryRead(scan *plan.Scan) ([]string, error) {
	src, err := scan.Table.(*parquet.Table).Source(scan)
	if err != nil {
		return nil, err
	}
	splits, err := src.Splits(context.Background())
	if err != nil {
		return nil, err
	}
	var out []string
	for _, sp := range splits {
		r, err := src.Open(context.Background(), sp, nil, nil)
		if err != nil {
			return nil, err
		}
		for {
			b, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				r.Close()
				return nil, err
			}
			out = appendRows(out, src.Schema(), b)
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func appendRows(out []string, s *vec.Schema, b *vec.Batch) []string {
	for k := 0; k < b.Live(); k++ {
		i := b.Row(k)
		line := ""
		for c, f := range s.Fields {
			line += b.Cols[c].Value(i).Format(f.Type) + "|"
		}
		out = append(out, line)
	}
	return out
}

func equalRows(t testing.TB, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("row %d:\n got %s\nwant %s", i, got[i], want[i])
		}
	}
}

func TestRoundTrip(t *testing.T) {
	s := everyType()
	for _, codec := range []parquet.Codec{parquet.Snappy, parquet.Zstd, parquet.None} {
		for _, nulls := range []float64{0, 0.3, 1} {
			for _, few := range []bool{true, false} {
				t.Run(fmt.Sprint(codec, nulls, few), func(t *testing.T) {
					r := rand.New(rand.NewPCG(1, 2))
					b := randomRows(r, s, 5000, nulls, few)
					data := encode(t, s, parquet.WriterOptions{Codec: codec, RowGroupRows: 2300}, b)
					tab := openBytes(t, data)
					if !tab.Schema().Equal(s) {
						t.Fatalf("schema %s", tab.Schema())
					}
					if tab.Rows() != 5000 {
						t.Fatalf("%d rows", tab.Rows())
					}
					equalRows(t, readAll(t, plan.NewScan(tab, "")), appendRows(nil, s, b))
					var got []string
					err := (parquet.Format{}).Read(bytes.NewReader(data), int64(len(data)), func(b *vec.Batch) error {
						got = appendRows(got, s, b)
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
					equalRows(t, got, appendRows(nil, s, b))
				})
			}
		}
	}
}

func TestFlights(t *testing.T) {
	tab := openOS(t, flights)
	if tab.Rows() != 3000000 {
		t.Fatalf("%d rows", tab.Rows())
	}
	var delay, distance int64
	origins := map[string]bool{}
	s := tab.Schema()
	at := []int{s.Index("delay"), s.Index("distance"), s.Index("origin")}
	err := tab.Each(context.Background(), func(b *vec.Batch) error {
		for i := 0; i < b.N; i++ {
			delay += b.Cols[at[0]].Base().I64[b.Cols[at[0]].Index(i)]
			distance += b.Cols[at[1]].Base().I64[b.Cols[at[1]].Index(i)]
			origins[string(b.Cols[at[2]].Str(i))] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if mean := math.Round(float64(distance)/3e6*100) / 100; delay != 20003603 || mean != 731.62 || len(origins) != 229 {
		t.Errorf("sum of delays %d, mean distance %v, %d origins", delay, mean, len(origins))
	}
	t.Logf("%+v", tab.Stats())
}

// Pruning by statistics, page index, dictionaries and codes must not change the answer.
func TestFilterEqualsNoFilter(t *testing.T) {
	s := everyType()
	r := rand.New(rand.NewPCG(3, 4))
	var parts [][]byte
	for i := 0; i < 4; i++ {
		b := randomRows(r, s, 2500, []float64{0, 0.1, 0.9}[i%3], i%2 == 0)
		parts = append(parts, encode(t, s, parquet.WriterOptions{RowGroupRows: 1400, Codec: parquet.Codec(i % 3)}, b))
	}
	tab := openBytes(t, parts...)
	all := plan.NewScan(tab, "")
	for k := 0; k < 60; k++ {
		scan := *all
		for n := 1 + r.IntN(3); n > 0; n-- {
			scan.Filter = append(scan.Filter, randomConjunct(t, r, s))
		}
		want, err := filtered(tab, &scan)
		if err != nil {
			t.Fatal(err)
		}
		got := readAll(t, &scan)
		if len(got) != len(want) {
			t.Fatalf("%s: %d rows, want %d", scan.Describe(), len(got), len(want))
		}
		equalRows(t, got, want)
	}
}

func randomConjunct(t testing.TB, r *rand.Rand, s *vec.Schema) expr.Expr {
	c := r.IntN(s.Len() - 1)
	typ := s.Fields[c].Type
	col := &expr.Col{Idx: c, Name: s.Fields[c].Name, T: typ}
	lit := func() expr.Expr { return &expr.Lit{Val: randomValue(r, typ, r.IntN(2) == 0), T: typ} }
	switch r.IntN(7) {
	case 0:
		return must(expr.NewCall("is_null", col))(t)
	case 1:
		return must(expr.NewCall("is_not_null", col))(t)
	case 2:
		return must(expr.NewIn(col, []expr.Expr{lit(), lit(), lit()}))(t)
	case 3:
		return must(expr.NewCall("or", randomConjunct(t, r, s), randomConjunct(t, r, s)))(t)
	}
	op := []string{"=", "<>", "<", "<=", ">", ">="}[r.IntN(6)]
	return must(expr.NewCall(op, col, lit()))(t)
}

// filtered reads everything and filters afterwards.
func filtered(tab *parquet.Table, scan *plan.Scan) ([]string, error) {
	p, err := expr.CompilePredicate(expr.And(scan.Filter...))
	if err != nil {
		return nil, err
	}
	var out []string
	err = tab.Each(context.Background(), func(b *vec.Batch) error {
		sel, err := p.Select(b)
		if err != nil {
			return err
		}
		if sel != nil {
			b = b.WithSel(sel)
		}
		out = appendRows(out, tab.Schema(), b)
		return nil
	})
	return out, err
}

func TestPositionResumes(t *testing.T) {
	s := everyType()
	b := randomRows(rand.New(rand.NewPCG(5, 6)), s, 9000, 0.2, true)
	tab := openBytes(t, encode(t, s, parquet.WriterOptions{}, b))
	src := must(tab.Source(plan.NewScan(tab, "")))(t)
	splits := must(src.Splits(context.Background()))(t)
	var pos []byte
	var got []string
	for {
		r := must(src.Open(context.Background(), splits[0], pos, nil))(t)
		b, err := r.Next()
		if err == io.EOF {
			r.Close()
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = appendRows(got, s, b)
		pos = r.Position()
		r.Close()
	}
	equalRows(t, got, appendRows(nil, s, b))
}

func TestCountReadsNoColumn(t *testing.T) {
	s := everyType()
	data := encode(t, s, parquet.WriterOptions{}, randomRows(rand.New(rand.NewPCG(5, 6)), s, 3000, 0, true))
	tab := openBytes(t, data)
	src := must(tab.Source(&plan.Scan{Table: tab, Limit: -1}))(t)
	n := 0
	for _, sp := range must(src.Splits(context.Background()))(t) {
		r := must(src.Open(context.Background(), sp, nil, nil))(t)
		for b, err := r.Next(); err != io.EOF; b, err = r.Next() {
			if len(b.Cols) != 0 {
				t.Fatal("columns were read")
			}
			n += b.N
		}
		r.Close()
	}
	if n != 3000 {
		t.Errorf("%d rows", n)
	}
}

func TestSchemasMerge(t *testing.T) {
	one := vec.NewSchema(vec.Field{Name: "a", Type: vec.TInt64}, vec.Field{Name: "b", Type: vec.TString})
	two := vec.NewSchema(vec.Field{Name: "c", Type: vec.TDate}, vec.Field{Name: "a", Type: vec.TInt64})
	b1, b2 := vec.NewBatch(one.Types()), vec.NewBatch(two.Types())
	b1.AppendRow(vec.IntValue(1), vec.StringValue("x"))
	b2.AppendRow(vec.IntValue(0), vec.IntValue(2))
	o := parquet.WriterOptions{}
	tab := openBytes(t, encode(t, one, o, b1), encode(t, two, o, b2))
	equalRows(t, readAll(t, plan.NewScan(tab, "")), []string{"1|x|NULL|", "2|NULL|1970-01-01|"})
	three := vec.NewSchema(vec.Field{Name: "a", Type: vec.TString})
	_, err := parquet.Open(memFS(t, encode(t, one, o), encode(t, three, o)), "d")
	var where *parquet.Error
	if !errors.As(err, &where) || filepath.Base(where.File) != "1.parquet" {
		t.Errorf("types differ: %v", err)
	}
}

func TestBadFiles(t *testing.T) {
	s := everyType()
	data := encode(t, s, parquet.WriterOptions{}, randomRows(rand.New(rand.NewPCG(5, 6)), s, 50, 0.1, true))
	if _, err := parquet.Open(vfs.NewMem(), "none.parquet"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := parquet.Open(memFS(t, []byte("a,b\n1,2\nand more text\n")), "d"); !errors.Is(err, parquet.ErrNotParquet) {
		t.Errorf("text: %v", err)
	}
	for n := range data {
		if _, err := parquet.Open(memFS(t, data[:n]), "d"); err == nil {
			t.Fatalf("cut at %d: no error", n)
		}
	}
}

// A flipped byte gives an error or, where no reader looks, the same rows.
func TestFlippedBytes(t *testing.T) {
	s := everyType()
	data := encode(t, s, parquet.WriterOptions{RowGroupRows: 12}, randomRows(rand.New(rand.NewPCG(5, 6)), s, 20, 0.1, true))
	want := readAll(t, plan.NewScan(openBytes(t, data), ""))
	pages := must(pg.OpenFile(bytes.NewReader(data), int64(len(data))))(t).Metadata().RowGroups[0].Columns[0].ColumnIndexOffset
	same, failed := 0, 0
	for i := range data {
		for _, x := range []byte{1, 0x80} {
			bad := bytes.Clone(data)
			bad[i] ^= x
			tab, err := parquet.Open(memFS(t, bad), "d")
			var got []string
			if err == nil {
				tab.Stats()
				got, err = tryRead(plan.NewScan(tab, ""))
			}
			if err != nil {
				failed++
				var where *parquet.Error
				if !errors.As(err, &where) {
					t.Errorf("byte %d: error without a place: %v", i, err)
				}
				continue
			}
			same++
			if i < int(pages) { // behind the pages, names and types and counts may change
				equalRows(t, got, want)
			}
		}
	}
	t.Logf("%d bytes: %d flips harmless, %d errors", len(data), same, failed)
}

func FuzzOpen(f *testing.F) {
	s := everyType()
	f.Add(encode(f, s, parquet.WriterOptions{}, randomRows(rand.New(rand.NewPCG(5, 6)), s, 20, 0.1, true)))
	f.Fuzz(func(t *testing.T, data []byte) {
		tab, err := parquet.Open(memFS(t, data), "d")
		if err == nil {
			tab.Stats()
			tryRead(plan.NewScan(tab, "")) // any error will do
		}
	})
}

var _ dataflow.TableWriter = (*parquet.Writer)(nil)
