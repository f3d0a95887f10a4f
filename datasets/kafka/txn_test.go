package kafka

import (
	"errors"
	"slices"
	"testing"
)

func openTxn(t testing.TB, c Config) *TxnProducer {
	t.Helper()
	p, err := OpenTxnProducer(testContext(t), c, "job")
	check(t, err)
	t.Cleanup(p.Close)
	return p
}

func produce(t testing.TB, p *TxnProducer, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		check(t, p.Produce(testContext(t), message(i)))
	}
}

// readable returns what a reader of the isolation level sees now.
func readable(t testing.TB, c Config, a *Admin, committed bool) []string {
	t.Helper()
	all := Range{Partition: AllPartitions, To: Point{Kind: PointEnd}, Bounded: true}
	extents, err := a.Resolve(testContext(t), "t", all, committed)
	check(t, err)
	return readValues(t, ReaderOptions{Config: c, Start: extents[0].Start, End: extents[0].End, ReadCommitted: committed})
}

// wantReadable and wantCommitted wait: a broker answers a commit when it is decided, and shows it a
// little later.
func wantReadable(t *testing.T, c Config, a *Admin, want []string) {
	t.Helper()
	ctx := testContext(t)
	var got []string
	for ctx.Err() == nil {
		if got = readable(t, c, a, true); slices.Equal(got, want) {
			return
		}
	}
	wantValues(t, got, want)
}

func wantCommitted(t *testing.T, a *Admin, want int64, wantOK bool) {
	t.Helper()
	ctx := testContext(t)
	var got int64
	var ok bool
	var err error
	for ctx.Err() == nil {
		got, ok, err = a.LastCommitted(ctx, "group")
		check(t, err)
		if got == want && ok == wantOK {
			return
		}
	}
	t.Errorf("last committed %d %v, want %d %v", got, ok, want, wantOK)
}

func TestTxn(t *testing.T) {
	c, a := newTopic(t, 1)
	ctx := testContext(t)
	at := func(o int64) Offsets { return Offsets{{"t", 0}: o} }
	wantCommitted(t, a, 0, false)
	p := openTxn(t, c)
	if err := p.Produce(ctx, message(0)); err == nil {
		t.Error("produced outside a transaction")
	}
	check(t, p.Begin())
	produce(t, p, 0, 10)
	check(t, p.s.flush(ctx))
	if got := readable(t, c, a, true); len(got) != 0 {
		t.Errorf("open transaction: %q", got)
	}
	wantValues(t, readable(t, c, a, false), values(0, 10))
	check(t, p.Commit(ctx, "group", 1, at(5)))
	wantReadable(t, c, a, values(0, 10))
	wantCommitted(t, a, 1, true)

	check(t, p.Begin()) // aborted
	produce(t, p, 100, 110)
	check(t, p.s.flush(ctx))
	check(t, p.Abort(ctx))
	wantReadable(t, c, a, values(0, 10))
	wantCommitted(t, a, 1, true)

	check(t, p.Begin()) // only offsets, twice, then records again
	check(t, p.Commit(ctx, "group", 2, at(6)))
	wantCommitted(t, a, 2, true)
	check(t, p.Begin())
	check(t, p.Commit(ctx, "group", 3, at(7)))
	check(t, p.Begin())
	produce(t, p, 10, 20)
	if err := p.Commit(ctx, "group", 4, nil); err == nil {
		t.Error("commit without offsets")
	}
	check(t, p.Commit(ctx, "group", 4, at(8)))
	wantCommitted(t, a, 4, true)
	wantReadable(t, c, a, values(0, 20))
	wantValues(t, readable(t, c, a, false), append(append(values(0, 10), values(100, 110)...), values(10, 20)...))
	offsets, err := a.GroupOffsets(ctx, "group")
	check(t, err)
	if len(offsets) != 1 || offsets[TopicPartition{"t", 0}] != 8 {
		t.Errorf("group offsets %v", offsets)
	}
}

// A producer that was replaced, at any step, can neither write nor commit, and what it had open is
// aborted.
func TestTxnFencing(t *testing.T) {
	for _, wrote := range []bool{true, false} {
		c, a := newTopic(t, 1)
		ctx := testContext(t)
		old := openTxn(t, c)
		check(t, old.Begin())
		if wrote {
			produce(t, old, 0, 10)
			check(t, old.s.flush(ctx))
		}
		now := openTxn(t, c)
		err := old.Commit(ctx, "group", 1, Offsets{{"t", 0}: 1})
		if !errors.Is(err, ErrFenced) {
			t.Errorf("wrote %v: commit of the old producer: %v", wrote, err)
		}
		wantCommitted(t, a, 0, false)
		check(t, now.Begin())
		produce(t, now, 50, 60)
		check(t, now.Commit(ctx, "group", 2, Offsets{{"t", 0}: 1}))
		wantCommitted(t, a, 2, true)
		wantReadable(t, c, a, values(50, 60))
	}
}
