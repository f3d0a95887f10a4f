package parquet_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
)

// clusters is a file of row groups of 1,000 rows each, whose values of a column go from lo to hi.
func clusters(t testing.TB, typ vec.Type, null bool, ranges ...[2]int64) *parquet.Table {
	s := vec.NewSchema(vec.Field{Name: "k", Type: typ})
	b := vec.NewBatch(s.Types())
	for _, r := range ranges {
		for i := range int64(1000) {
			v := vec.IntValue(r[0] + (r[1]-r[0])*i/999)
			if typ == vec.TString {
				v = vec.StringValue(fmt.Sprintf("%06d", v.I))
			}
			b.AppendRow(v)
		}
	}
	if null {
		b.Cols[0].SetNull(7)
	}
	return openBytes(t, encode(t, s, parquet.WriterOptions{RowGroupRows: 1000}, b))
}

func TestClustered(t *testing.T) {
	for _, c := range []struct {
		name   string
		tab    *parquet.Table
		want   bool
		shared string // of each split
	}{
		{"apart", clusters(t, vec.TInt64, false, [2]int64{0, 998}, [2]int64{1000, 1999}, [2]int64{2000, 2999}, [2]int64{3000, 3999}), true, "[[] [] [] []]"},
		{"touching, in any order", clusters(t, vec.TDate, false, [2]int64{3000, 4000}, [2]int64{0, 1000}, [2]int64{2000, 3000}, [2]int64{1001, 2000}), true, "[[3000] [] [2000 3000] [2000]]"},
		{"overlapping", clusters(t, vec.TInt64, false, [2]int64{0, 1000}, [2]int64{999, 2000}, [2]int64{2001, 3000}, [2]int64{3001, 4000}), false, ""},
		{"of one value", clusters(t, vec.TInt64, false, [2]int64{0, 1000}, [2]int64{1000, 1000}, [2]int64{1000, 3000}, [2]int64{3001, 4000}), false, ""},
		{"few values", clusters(t, vec.TInt64, false, [2]int64{0, 10}, [2]int64{11, 20}, [2]int64{21, 30}, [2]int64{31, 40}), false, ""},
		{"few row groups", clusters(t, vec.TInt64, false, [2]int64{0, 998}, [2]int64{1000, 1999}), false, ""},
		{"a NULL", clusters(t, vec.TInt64, true, [2]int64{0, 998}, [2]int64{1000, 1999}, [2]int64{2000, 2999}, [2]int64{3000, 3999}), false, ""},
		{"text", clusters(t, vec.TString, false, [2]int64{0, 998}, [2]int64{1000, 1999}, [2]int64{2000, 2999}, [2]int64{3000, 3999}), false, ""},
	} {
		if got := c.tab.Clustered(0); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		if !c.want {
			continue
		}
		scan := plan.NewScan(c.tab, "")
		scan.Clustered = true
		var got [][]int64
		for _, sp := range must(must(c.tab.Source(scan))(t).Splits(context.Background()))(t) {
			values := []int64{}
			for _, v := range sp.Shared {
				values = append(values, v.I)
			}
			got = append(got, values)
		}
		if fmt.Sprint(got) != c.shared {
			t.Errorf("%s: %v, want %s", c.name, got, c.shared)
		}
	}
}
