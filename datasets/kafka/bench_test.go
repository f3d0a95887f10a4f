package kafka

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// BenchmarkReader reads a topic of 239 byte values whole, from the broker's TCP connection to
// columns, at several fetch sizes.
func BenchmarkReader(b *testing.B) {
	const n = 400_000
	c, _ := newTopic(b, 1)
	p, err := OpenProducer(c)
	check(b, err)
	defer p.Close()
	value := bytes.Repeat([]byte(`{"origin":"SFO","delay":12}`), 9)[:239]
	for range n {
		check(b, p.Produce(testContext(b), Message{Topic: "t", Value: value}))
	}
	check(b, p.Flush(testContext(b)))
	for _, size := range []int32{1 << 20, 2 << 20, 4 << 20, 8 << 20} {
		b.Run(fmt.Sprintf("fetch=%dM", size>>20), func(b *testing.B) {
			for b.Loop() {
				r := openReader(b, ReaderOptions{Config: c, End: n, FetchBytes: size, ReadCommitted: true})
				var recs Records
				for err = nil; err == nil; err = r.Next(b.Context(), &recs) {
				}
				if err != io.EOF {
					b.Fatal(err)
				}
				check(b, r.Close())
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
		})
	}
}
