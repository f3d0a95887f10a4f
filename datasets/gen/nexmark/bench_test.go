package nexmark

import "testing"

func BenchmarkBids(b *testing.B) {
	t, err := NewKind(Bid, 1_000_000_000)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		cols []int
	}{{"auction,price,date_time", []int{0, 2, 5}}, {"auction,bidder,price,date_time", []int{0, 1, 2, 5}}, {"all", []int{0, 1, 2, 3, 4, 5, 6}}, {"auction", []int{0}}, {"price", []int{2}}} {
		b.Run(c.name, func(b *testing.B) { benchmark(b, t, c.cols) })
	}
}

func BenchmarkStream(b *testing.B) {
	t, err := New(1_000_000_000)
	if err != nil {
		b.Fatal(err)
	}
	cols := every(t)
	for _, c := range []struct {
		name string
		cols []int
	}{{"type,auction,price,date_time", []int{0, 19, 21, 26}}, {"all", cols}} {
		b.Run(c.name, func(b *testing.B) { benchmark(b, t, c.cols) })
	}
}

func benchmark(b *testing.B, t *Table, cols []int) {
	shared()
	fill := t.Fill(cols)
	at, rows := int64(0), 0
	for b.Loop() {
		batch, next := fill(at, t.Positions())
		rows += batch.N
		at = next
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
