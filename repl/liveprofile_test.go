package repl

import (
	"testing"
)

// TestLiveProfile compares the profile of a stream's table with that of the same rows by SQL.
func TestLiveProfile(t *testing.T) {
	s := NewSession(Output{Notice: func(string, ...any) {}})
	defer s.Close()
	const q = "SELECT auction, price, CASE WHEN auction % 2 = 0 THEN channel END AS channel FROM gen.nexmark_bid(events => 3000"
	r := s.Start(t.Context(), q+", stream => true)")
	if err := r.Wait(); err != nil {
		t.Fatal(err)
	}
	table := r.Live().Table(-1)
	if st := finish(t, s.Start(t.Context(), q+")")); st.Err != "" {
		t.Fatal(st.Err)
	}
	for col, name := range []string{"auction", "price", "channel"} {
		got, err := table.Profile(col)
		if err != nil {
			t.Fatal(err)
		}
		want, err := s.Profile(t.Context(), "_1", name)
		if err != nil {
			t.Fatal(err)
		}
		if got.Rows != want.Rows || got.Nulls != want.Nulls || got.Distinct != want.Distinct || got.Min != want.Min || got.Max != want.Max ||
			len(got.Top) != len(want.Top) || got.Top[0] != want.Top[0] || len(got.Histogram) != len(want.Histogram) {
			t.Errorf("%s: got\n%+v\nwant\n%+v", name, got, want)
		}
		rows := int64(0)
		for _, b := range got.Histogram {
			rows += b.Rows
		}
		if len(got.Histogram) > 0 && rows != got.Rows-got.Nulls {
			t.Errorf("%s: %d rows in the histogram of %d", name, rows, got.Rows-got.Nulls)
		}
	}
}
