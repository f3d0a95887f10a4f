package parquet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	pg "github.com/parquet-go/parquet-go"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
)

// ordered is a file of 5 row groups of 1,000 rows, ordered by both columns.
func ordered(t testing.TB) []byte {
	s := vec.NewSchema(vec.Field{Name: "ts", Type: vec.TTimestamp}, vec.Field{Name: "name", Type: vec.TString})
	b := vec.NewBatch(s.Types())
	for i := range 5000 {
		b.AppendRow(vec.IntValue(int64(i)), vec.StringValue(fmt.Sprintf("%04d", i/10)))
	}
	return encode(t, s, parquet.WriterOptions{RowGroupRows: 1000}, b)
}

func less(t testing.TB, tab *parquet.Table, us int64) expr.Expr {
	f := tab.Schema().Fields[0]
	return must(expr.NewCall("<", &expr.Col{Name: f.Name, T: f.Type}, &expr.Lit{Val: vec.IntValue(us), T: f.Type}))(t)
}

func TestSplits(t *testing.T) {
	tab := openBytes(t, ordered(t))
	for _, c := range []struct {
		name string
		edit func(*plan.Scan)
		want string
	}{
		{"all", func(*plan.Scan) {}, "[0 1 2 3 4]"},
		{"statistics", func(s *plan.Scan) { s.Filter = []expr.Expr{less(t, tab, 1500)} }, "[0 1]"},
		{"none", func(s *plan.Scan) { s.Filter = []expr.Expr{less(t, tab, 0)} }, "[]"},
		{"limit", func(s *plan.Scan) { s.Limit = 1001 }, "[0 1]"},
		{"limit after a filter", func(s *plan.Scan) { s.Limit, s.Filter = 1, []expr.Expr{less(t, tab, 2001)} }, "[0 1 2]"},
	} {
		scan := plan.NewScan(tab, "")
		c.edit(scan)
		splits := must(must(tab.Source(scan))(t).Splits(context.Background()))(t)
		got := []int{}
		for _, sp := range splits {
			var g int
			must(fmt.Sscanf(sp.ID, "d/0.parquet#%d", &g))(t)
			got = append(got, g)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

func TestSplitsKnowTheirTime(t *testing.T) {
	tab := openBytes(t, ordered(t))
	scan := &plan.Scan{Table: tab, Cols: []int{1}, Limit: -1, Watermark: &plan.Watermark{Col: 0}}
	splits := must(must(tab.Source(scan))(t).Splits(context.Background()))(t)
	for i, sp := range splits {
		if sp.MinTime != dataflow.Time(1000*i) || sp.Rows != 1000 {
			t.Errorf("split %d: %+v", i, sp)
		}
	}
}

func TestStats(t *testing.T) {
	s := openBytes(t, ordered(t)).Stats()
	ts, name := s.Cols[0], s.Cols[1]
	if s.Rows != 5000 || !ts.HasRange || ts.Min.I != 0 || ts.Max.I != 4999 || name.Min.S != "0000" || name.Max.S != "0499" {
		t.Errorf("%+v", s)
	}
	if name.Distinct != 500 {
		t.Errorf("%v distinct names, want 500: the row groups have different ones", name.Distinct)
	}
}

// Damage is reported with the place.
func TestErrorNamesThePage(t *testing.T) {
	data := ordered(t)
	f := must(pg.OpenFile(bytes.NewReader(data), int64(len(data))))(t)
	chunk := f.Metadata().RowGroups[2].Columns[1].MetaData
	data[chunk.DataPageOffset+chunk.TotalCompressedSize-(chunk.DataPageOffset-chunk.DictionaryPageOffset)-1] ^= 1
	_, err := tryRead(plan.NewScan(openBytes(t, data), ""))
	var where *parquet.Error
	if !errors.As(err, &where) || !errors.Is(err, parquet.ErrCorrupt) {
		t.Fatalf("%v", err)
	}
	if where.File != "d/0.parquet" || where.RowGroup != 2 || where.Column != "name" || where.Page != 1 {
		t.Errorf("%v", err)
	}
}

func TestCancelled(t *testing.T) {
	tab := openBytes(t, ordered(t))
	src := must(tab.Source(plan.NewScan(tab, "")))(t)
	splits := must(src.Splits(context.Background()))(t)
	ctx, cancel := context.WithCancel(context.Background())
	r := must(src.Open(ctx, splits[0], nil, nil))(t)
	cancel()
	if _, err := r.Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
}
