package nexmark

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func stream(tb testing.TB, events int64) *Table {
	tb.Helper()
	t, err := New(events)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func kindTable(tb testing.TB, k Kind, events int64) *Table {
	tb.Helper()
	t, err := NewKind(k, events)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// lines renders rows [from, to), cut at the places cuts.
func lines(t *Table, cols []int, from, to int64, cuts ...int64) (out []string) {
	for _, end := range append(cuts, to) {
		scan(t, cols, from, end, func(b *vec.Batch) {
			for i := range b.N {
				out = append(out, string(render(nil, b, i)))
			}
		})
		from = end
	}
	return out
}

// TestReference compares with checksums of what the generator that the Flink benchmark uses makes
// for the same event numbers.
func TestReference(t *testing.T) {
	tb := stream(t, 2_000_000_000)
	cols := every(tb)
	for _, c := range []struct {
		from, n int64
		want    string
	}{{0, 20_000, "ba309819eeb43005"}, {1_000_000_000, 10_000, "2aacdde34525622e"}} {
		h := fnv.New64a()
		for _, l := range lines(tb, cols[:len(cols)-1], c.from, c.from+c.n) {
			h.Write([]byte(l + "\n"))
		}
		if got := fmt.Sprintf("%016x", h.Sum64()); got != c.want {
			t.Errorf("events from %d: checksum %s, want %s", c.from, got, c.want)
		}
	}
}

func TestRangesAreIndependent(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const events = 10_007
	for _, tb := range []*Table{stream(t, events), kindTable(t, Person, events), kindTable(t, Auction, events), kindTable(t, Bid, events)} {
		var cuts []int64
		for range 8 {
			cuts = append(cuts, rnd.Int64N(tb.Rows()))
		}
		slices.Sort(cuts)
		if !slices.Equal(lines(tb, every(tb), 0, tb.Rows()), lines(tb, every(tb), 0, tb.Rows(), cuts...)) {
			t.Errorf("%v: rows differ when cut at %v", tb.kind, cuts)
		}
	}
}

// TestKindsAreTheStream checks that the tables of one kind are the stream's rows of that kind, at
// every length of the stream's last epoch.
func TestKindsAreTheStream(t *testing.T) {
	for events := int64(1000); events < 1051; events++ {
		s := stream(t, events)
		for kind := range kinds {
			var cols []int
			for i, c := range s.columns {
				if c.kind == kind {
					cols = append(cols, i)
				}
			}
			want := slices.DeleteFunc(lines(s, cols, 0, events), func(l string) bool { return l == "" })
			k := kindTable(t, kind, events)
			if !slices.Equal(lines(k, every(k), 0, k.Rows()), want) {
				t.Fatalf("%d events: table of kind %d differs from the stream", events, kind)
			}
		}
	}
}

func TestProportions(t *testing.T) {
	const events = 500_000
	if a, b, c := kindTable(t, Person, events).Rows(), kindTable(t, Auction, events).Rows(), kindTable(t, Bid, events).Rows(); a != 10_000 || b != 30_000 || c != 460_000 {
		t.Errorf("%d people, %d auctions, %d bids", a, b, c)
	}
	tb := kindTable(t, Bid, events)
	hotAuctions, hotBidders, hotChannels := 0, 0, 0
	scan(tb, []int{0, 1, 3}, 0, tb.Rows(), func(b *vec.Batch) {
		for i := range b.N {
			if b.Cols[0].I64[i]%hotStride == 0 {
				hotAuctions++
			}
			if b.Cols[1].I64[i]%hotStride == 1 {
				hotBidders++
			}
			if b.Cols[2].Codes[i] < hotSites {
				hotChannels++
			}
		}
	})
	for _, c := range []struct {
		what string
		got  int
		want float64
	}{{"hot auctions", hotAuctions, 0.505}, {"hot bidders", hotBidders, 0.7525}, {"hot channels", hotChannels, 0.5}} {
		if share := float64(c.got) / float64(tb.Rows()); share < c.want-0.01 || share > c.want+0.01 {
			t.Errorf("%s: share %.3f, want %.3f", c.what, share, c.want)
		}
	}
}

func TestMinEventTime(t *testing.T) {
	for _, tb := range []*Table{stream(t, 5000), kindTable(t, Person, 5000), kindTable(t, Bid, 5000)} {
		col := tb.Schema().Index("date_time")
		for from := int64(0); from < tb.Rows(); from += 37 {
			want, ok := tb.MinEventTime(from, tb.Rows())
			scan(tb, []int{col}, from, min(from+1, tb.Rows()), func(b *vec.Batch) {
				if got := b.Cols[0].I64[0]; !ok || got != want {
					t.Fatalf("row %d of kind %d: event time %d, MinEventTime %d %v", from, tb.kind, got, want, ok)
				}
			})
		}
		if _, ok := tb.MinEventTime(5, 5); ok {
			t.Error("an empty range has an event time")
		}
	}
}

func TestBadArguments(t *testing.T) {
	for _, n := range []int64{-1, maxEvents + 1} {
		if _, err := New(n); !errors.Is(err, ErrEvents) {
			t.Errorf("%d events: %v", n, err)
		}
		if _, err := NewKind(Bid, n); !errors.Is(err, ErrEvents) {
			t.Errorf("%d events: %v", n, err)
		}
	}
}

func TestNoAllocationPerBatch(t *testing.T) {
	tb := stream(t, 1_000_000)
	fill := tb.Fill(every(tb))
	at := int64(0)
	for range 50 {
		_, at = fill(at, tb.Rows())
	}
	if n := testing.AllocsPerRun(100, func() { _, at = fill(at, tb.Rows()) }); n >= 1 {
		t.Errorf("%v allocations a batch", n)
	}
}
