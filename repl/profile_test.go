package repl

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestProfile(t *testing.T) {
	s, text := memSession(t)
	ask(t, s, text, `CREATE TABLE t AS SELECT l_quantity AS q, l_shipmode AS m, l_shipdate AS d, CASE WHEN l_linenumber > 4 THEN NULL ELSE l_linenumber END AS n,
		CAST(l_shipdate AS TIMESTAMP) AS ts, l_linenumber > 3 AS b FROM gen.tpch_lineitem(sf => 0.01)`)
	rows := strings.Split(ask(t, s, text, "SELECT count(*), count(n), min(d), max(d), count(DISTINCT d) FROM t"), "\n")[1]
	all := strings.Split(rows, ",")
	for _, c := range []string{"q", "m", "d", "n", "ts", "b"} {
		p, err := s.Profile(t.Context(), "t", c)
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		if fmt.Sprint(p.Rows) != all[0] || !strings.HasPrefix(p.Basis, "scan of 60 ") {
			t.Errorf("%s: %d rows, %s", c, p.Rows, p.Basis)
		}
		var in int64
		for _, b := range p.Histogram {
			in += b.Rows
		}
		if len(p.Histogram) > 0 && in != p.Rows-p.Nulls {
			t.Errorf("%s: %d rows in the histogram, of %d: %+v", c, in, p.Rows-p.Nulls, p.Histogram)
		}
		switch c {
		case "q":
			if p.Distinct != 50 || p.Min != "1.00" || p.Max != "50.00" || math.Abs(p.Mean-25.5) > 0.2 || len(p.Quantiles) != 7 || math.Abs(p.Quantiles[3].Value-25) > 1 || len(p.Histogram) != profileBins {
				t.Errorf("%+v", p)
			}
		case "m":
			if p.Distinct != 7 || len(p.Top) != 7 || p.Histogram != nil || p.Top[0].Rows < p.Top[6].Rows {
				t.Errorf("%+v", p)
			}
		case "d", "ts":
			if !strings.HasPrefix(p.Min, all[2]) || !strings.HasPrefix(p.Max, all[3]) || fmt.Sprint(p.Distinct) != all[4] || !strings.HasPrefix(p.Quantiles[3].Text, "1995") {
				t.Errorf("%+v, want %s", p, rows)
			}
		case "n":
			if fmt.Sprint(p.Rows-p.Nulls) != all[1] || len(p.Histogram) != 4 || p.Histogram[0].LoText != "1" || p.Histogram[0].Rows <= p.Histogram[3].Rows {
				t.Errorf("%+v", p)
			}
		}
	}
	if _, err := s.Profile(t.Context(), "gen.tpch_region()", "r_nme"); err == nil || !strings.Contains(err.Error(), "did you mean r_name?") {
		t.Errorf("%v", err)
	}
	if _, err := s.Profile(t.Context(), "gen.nexmark_bid(events => 1000, stream => true)", "price"); !errors.Is(err, ErrUnbounded) {
		t.Errorf("%v", err)
	}
	if len(s.Results()) != 0 {
		t.Error("profiling made results")
	}
}

func TestProfileEstimates(t *testing.T) {
	p := &profiler{}
	fine := make([]int64, fineBins)
	for i := range fine {
		fine[i] = 1000
	}
	p.estimatedQuantiles(0, 100, fine)
	for _, q := range p.out.Quantiles {
		if math.Abs(q.Value-100*q.P) > 0.1 {
			t.Errorf("p%v is %v", q.P*100, q.Value)
		}
	}
}

func TestFooterProfile(t *testing.T) {
	s, text := memSession(t)
	dir := t.TempDir()
	ask(t, s, text, "COPY (SELECT o_orderkey AS k FROM gen.tpch_orders(sf => 0.01)) TO '"+dir+"/a.parquet'")
	p, ok, err := s.FooterProfile(t.Context(), "'"+dir+"/a.parquet'", "k")
	if err != nil || !ok || p.Rows != 15000 || p.Min != "1" || p.Max != "60000" || p.Nulls != 0 {
		t.Fatalf("%+v, %v, %v", p, ok, err)
	}
}
