package parquet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	pg "github.com/parquet-go/parquet-go"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
)

// paged is a file of 2 row groups of 50,000 rows, ordered by i, with 4 pages a column.
func paged(t testing.TB) []byte {
	s := vec.NewSchema(vec.Field{Name: "i", Type: vec.TInt64}, vec.Field{Name: "odd", Type: vec.TInt64})
	b := vec.NewBatch(s.Types())
	for i := range 100_000 {
		b.AppendRow(vec.IntValue(int64(i)), vec.IntValue(int64(i%2)))
	}
	return encode(t, s, parquet.WriterOptions{RowGroupRows: 50_000}, b)
}

func compare(t testing.TB, tab *parquet.Table, col int, op string, v int64) expr.Expr {
	f := tab.Schema().Fields[col]
	return must(expr.NewCall(op, &expr.Col{Idx: col, Name: f.Name, T: f.Type}, &expr.Lit{Val: vec.IntValue(v), T: f.Type}))(t)
}

func TestDecide(t *testing.T) {
	tab := openBytes(t, paged(t))
	for _, c := range []struct {
		name   string
		filter []expr.Expr
		limit  int64
		look   int
		want   string
	}{
		{"all", nil, -1, 9, "[read 50000 0/0] [read 50000 0/0]"},
		{"limit", nil, 10, 9, "[read 50000 0/0] [limit 0 0/0]"},
		{"statistics", []expr.Expr{compare(t, tab, 0, "<", 20_000)}, -1, 9, "[read 32768 4/8] [statistics 0 0/0 (i < 20000)]"},
		{"two", []expr.Expr{compare(t, tab, 1, "=", 1), compare(t, tab, 0, ">", 90_000)}, -1, 9, "[statistics 0 0/0 (i > 90000)] [read 17232 4/8]"},
		{"not looked", []expr.Expr{compare(t, tab, 0, "<>", 7)}, -1, 1, "[read 50000 8/8] [read 50000 0/0]"},
		{"two columns", []expr.Expr{must(expr.NewCall("or", compare(t, tab, 0, "=", 5), compare(t, tab, 1, ">", 1)))(t)}, -1, 9, "[read 50000 8/8] [statistics 0 0/0 ((i = 5) OR (odd > 1))]"},
	} {
		scan := plan.NewScan(tab, "")
		scan.Filter, scan.Limit = c.filter, c.limit
		got := ""
		for _, f := range must(tab.Decide(context.Background(), scan, c.look))(t) {
			for _, d := range f.Groups {
				skip, by := string(d.Skip), ""
				if d.Skip == parquet.SkipNone {
					skip = "read"
				}
				if d.By != nil {
					by = " " + d.By.String()
				}
				got += fmt.Sprintf(" [%s %d %d/%d%s]", skip, d.RowsLeft, d.PagesLeft, d.Pages, by)
				if d.Looked != (d.Pages > 0) || (d.Bytes > 0) != (d.Skip == parquet.SkipNone) {
					t.Errorf("%s: %+v", c.name, d)
				}
			}
		}
		if got != " "+c.want {
			t.Errorf("%s:%s, want %s", c.name, got, c.want)
		}
	}
}

// A gap between pages: statistics of the row group do not rule it out, those of its pages do.
func TestDecideByPages(t *testing.T) {
	s := vec.NewSchema(vec.Field{Name: "i", Type: vec.TInt64}, vec.Field{Name: "j", Type: vec.TInt64})
	b := vec.NewBatch(s.Types())
	for i := range 40_000 {
		v := int64(i)
		if i >= 16<<10 {
			v += 1_000_000
		}
		b.AppendRow(vec.IntValue(v), vec.IntValue(-v))
	}
	tab := openBytes(t, encode(t, s, parquet.WriterOptions{}, b))
	both := []expr.Expr{compare(t, tab, 0, "<", 100), compare(t, tab, 1, "<", -900_000)}
	for i, filter := range [][]expr.Expr{{compare(t, tab, 0, "=", 500_000)}, both} {
		scan := plan.NewScan(tab, "")
		scan.Filter = filter
		d := must(tab.Decide(context.Background(), scan, 1))(t)[0].Groups[0]
		if d.Skip != parquet.SkipPages || (d.By == nil) != (i == 1) || d.Bytes != 0 || d.PagesLeft != 0 || d.Pages != 6 {
			t.Errorf("%v: %+v", filter, d)
		}
	}
}

func TestDecideByBloom(t *testing.T) {
	data, _ := writeForeign(t, 3000, pg.BloomFilters(pg.SplitBlockFilter(10, "str")), pg.MaxRowsPerRowGroup(1000))
	tab := openBytes(t, data)
	i := tab.Schema().Index("str")
	scan := plan.NewScan(tab, "")
	scan.Filter = []expr.Expr{must(expr.NewCall("=", &expr.Col{Idx: i, Name: "str", T: vec.TString}, expr.Str("s15x")))(t)}
	skipped := 0
	for _, d := range must(tab.Decide(context.Background(), scan, 9))(t)[0].Groups {
		if d.Skip == parquet.SkipBloom {
			skipped++
			if d.By == nil || d.By.String() != scan.Filter[0].String() || d.Bytes != 0 {
				t.Errorf("%+v", d)
			}
		}
	}
	if skipped == 0 {
		t.Error("the bloom filter skips nothing")
	}
}

// counting counts the bytes that are read before the place end of each file.
type counting struct {
	vfs.FS
	end  int64
	read int64
}

type countingFile struct {
	vfs.File
	c *counting
}

func (c *counting) Open(name string) (vfs.File, error) {
	f, err := c.FS.Open(name)
	return &countingFile{f, c}, err
}

func (f *countingFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(p, at)
	if at < f.c.end {
		f.c.read += int64(n)
	}
	return n, err
}

// What Decide says is what a read does: no more bytes and rows come, and none where it says so.
func TestDecideIsWhatIsRead(t *testing.T) {
	s := everyType()
	r := rand.New(rand.NewPCG(7, 8))
	data := encode(t, s, parquet.WriterOptions{RowGroupRows: 1400}, randomRows(r, s, 3000, 0.1, false), randomRows(r, s, 2000, 0, true))
	foot := must(pg.OpenFile(bytes.NewReader(data), int64(len(data))))(t).Metadata()
	fsys := &counting{FS: memFS(t, data), end: int64(len(data))}
	for _, g := range foot.RowGroups {
		for _, c := range g.Columns {
			if c.ColumnIndexOffset > 0 {
				fsys.end = min(fsys.end, c.ColumnIndexOffset)
			}
		}
	}
	tab := must(parquet.Open(fsys, "d"))(t)
	for range 80 {
		scan := plan.NewScan(tab, "")
		for n := 1 + r.IntN(2); n > 0; n-- {
			scan.Filter = append(scan.Filter, randomConjunct(t, r, s))
		}
		fsys.read = 0
		groups := must(tab.Decide(context.Background(), scan, 100))(t)[0].Groups
		if fsys.read != 0 {
			t.Fatalf("%s: Decide read %d bytes of pages", scan.Describe(), fsys.read)
		}
		src := must(tab.Source(scan))(t)
		splits := must(src.Splits(context.Background()))(t)
		for _, d := range groups {
			if d.Skip == parquet.SkipStatistics {
				continue
			}
			if len(splits) == 0 {
				t.Fatalf("%s: row group %d is no split", scan.Describe(), d.Group)
			}
			reader := must(src.Open(context.Background(), splits[0], nil, nil))(t)
			fsys.read = 0
			rows := int64(0)
			for {
				b, err := reader.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				rows += int64(must(b, err)(t).Live())
			}
			if err := reader.Close(); err != nil {
				t.Fatal(err)
			}
			if fsys.read > d.Bytes || rows > d.RowsLeft {
				t.Fatalf("%s: %d rows, %d bytes were read: %+v", scan.Describe(), rows, fsys.read, d)
			}
			splits = splits[1:]
		}
		if len(splits) > 0 {
			t.Fatalf("%s: %d more splits", scan.Describe(), len(splits))
		}
	}
}

func TestDecideCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	tab := openBytes(t, paged(t))
	if _, err := tab.Decide(ctx, plan.NewScan(tab, ""), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
