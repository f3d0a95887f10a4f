package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/riffle-io/riffle/internal/vfs"
)

// testTime bounds a test that hangs; nothing waits for it to pass.
const testTime = 30 * time.Second

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	t.Cleanup(cancel)
	return ctx
}

func startBroker(t testing.TB, o BrokerOptions) *Broker {
	t.Helper()
	b, err := StartBroker(o)
	check(t, err)
	t.Cleanup(func() { check(t, b.Close()) })
	return b
}

// realBroker names the host:port of a real Kafka to run the tests of reading and writing against,
// in place of the embedded broker. They delete the topic "t" and the group "group" there.
const realBroker = "RIFFLE_TEST_KAFKA"

// newTopic gives a cluster with one empty topic "t" and opens an Admin.
func newTopic(t testing.TB, partitions int) (Config, *Admin) {
	t.Helper()
	addr := os.Getenv(realBroker)
	if addr == "" {
		addr = startBroker(t, BrokerOptions{}).Addr()
	}
	c := Config{Brokers: []string{addr}}
	a := openAdmin(t, c)
	ctx := testContext(t)
	if os.Getenv(realBroker) != "" {
		if err := a.DeleteTopic(ctx, "t"); err != nil && !errors.Is(err, ErrUnknownTopic) {
			t.Fatal(err)
		}
		awaitTopic(t, a, "t", 0)
		err := whileBusy(ctx, func() error { // a new cluster makes its topic of groups first
			_, err := a.admin.DeleteGroup(ctx, "group")
			return err
		})
		if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
			t.Fatal(err)
		}
	}
	createTopic(t, a, "t", partitions)
	return c, a
}

// createTopic waits for the deletion of a topic of that name, which a real broker does behind the
// answer, and for the new one's leaders.
func createTopic(t testing.TB, a *Admin, topic string, partitions int) {
	t.Helper()
	ctx := testContext(t)
	for {
		err := a.CreateTopic(ctx, topic, partitions, 0, nil)
		if err == nil {
			break
		}
		if !errors.Is(err, kerr.TopicAlreadyExists) || ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	awaitTopic(t, a, topic, partitions)
}

// awaitTopic waits until the broker itself, and not a client's memory of it, knows a topic with so
// many partitions that have a leader; 0 is no topic.
func awaitTopic(t testing.TB, a *Admin, topic string, partitions int) {
	t.Helper()
	ctx := testContext(t)
	req := kmsg.NewPtrMetadataRequest()
	asked := kmsg.NewMetadataRequestTopic()
	asked.Topic = kmsg.StringPtr(topic)
	req.Topics = append(req.Topics, asked)
	for {
		resp, err := req.RequestWith(ctx, a.client)
		check(t, err)
		led := 0
		for _, p := range resp.Topics[0].Partitions {
			if p.ErrorCode == 0 && p.Leader >= 0 {
				led++
			}
		}
		if led != partitions {
			continue
		}
		if partitions == 0 {
			return
		}
		// Leaders are told before they serve.
		offsets, err := a.admin.ListEndOffsets(ctx, topic)
		check(t, err)
		if offsets.Error() == nil {
			return
		}
	}
}

func openAdmin(t testing.TB, c Config) *Admin {
	t.Helper()
	a, err := OpenAdmin(c)
	check(t, err)
	t.Cleanup(a.Close)
	return a
}

// write writes values to partition 0 of "t", in order, with timestamps of 1000 ms and then 10 more
// for each.
func write(t testing.TB, c Config, from, to int, more ...kgo.Opt) {
	t.Helper()
	p, err := OpenProducer(c, more...)
	check(t, err)
	defer p.Close()
	for i := from; i < to; i++ {
		check(t, p.Produce(testContext(t), message(i)))
	}
	check(t, p.Flush(testContext(t)))
}

func message(i int) Message {
	return Message{Topic: "t", Key: fmt.Appendf(nil, "k%d", i), Value: fmt.Appendf(nil, "value %d", i), Timestamp: 1000 + int64(i)*10}
}

func openReader(t testing.TB, o ReaderOptions) *PartitionReader {
	t.Helper()
	if o.Topic == "" {
		o.Topic = "t"
	}
	if o.MaxWait == 0 {
		o.MaxWait = 20 * time.Millisecond
	}
	r, err := OpenPartition(o)
	check(t, err)
	t.Cleanup(func() { check(t, r.Close()) })
	return r
}

// readValues reads to the end offset.
func readValues(t testing.TB, o ReaderOptions) []string {
	t.Helper()
	r := openReader(t, o)
	var values []string
	var recs Records
	for {
		err := r.Next(testContext(t), &recs)
		if err == io.EOF {
			return values
		}
		check(t, err)
		for i := range recs.Len() {
			values = append(values, string(recs.ValueAt(i)))
		}
	}
}

func values(from, to int) []string {
	var v []string
	for i := from; i < to; i++ {
		v = append(v, fmt.Sprintf("value %d", i))
	}
	return v
}

func wantValues(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%d values, want %d: %.120q", len(got), len(want), got)
	}
}

func TestRoundTrip(t *testing.T) {
	for name, codec := range map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()} {
		t.Run(name, func(t *testing.T) {
			c, _ := newTopic(t, 1)
			const n = 5000
			p, err := OpenProducer(c, kgo.ProducerBatchCompression(codec), kgo.ProducerBatchMaxBytes(10000))
			check(t, err)
			defer p.Close()
			for i := range n {
				m := message(i)
				m.Headers = []kgo.RecordHeader{{Key: "n", Value: m.Key}}
				if i%10 == 0 {
					m.Key, m.Headers = nil, nil
				}
				check(t, p.Produce(testContext(t), m))
			}
			check(t, p.Flush(testContext(t)))
			r := openReader(t, ReaderOptions{Config: c, Start: 7, End: n, FetchBytes: 50_000})
			next := int64(7)
			var recs Records
			for err = r.Next(testContext(t), &recs); err == nil; err = r.Next(testContext(t), &recs) {
				for i := range recs.Len() {
					m := message(int(recs.Offset[i]))
					if recs.Offset[i] != next || recs.Timestamp[i] != m.Timestamp || string(recs.ValueAt(i)) != string(m.Value) {
						t.Fatalf("record %d at %d: time %d, %q", recs.Offset[i], next, recs.Timestamp[i], recs.ValueAt(i))
					}
					if next%10 != 0 && string(recs.KeyAt(i)) != string(m.Key) || next%10 == 0 && recs.KeyAt(i) != nil {
						t.Fatalf("record %d: key %q", next, recs.KeyAt(i))
					}
					headers := 0
					for k, v := range recs.Headers(i) {
						if headers++; string(k) != "n" || string(v) != string(m.Key) {
							t.Fatalf("record %d: header %s=%s", next, k, v)
						}
					}
					if (headers == 1) != (next%10 != 0) {
						t.Fatalf("record %d: %d headers", next, headers)
					}
					next++
				}
				if recs.Position != next || recs.HighWatermark != n || recs.StableOffset != n {
					t.Fatalf("position %d high %d stable %d, next %d", recs.Position, recs.HighWatermark, recs.StableOffset, next)
				}
			}
			if err != io.EOF || next != n {
				t.Errorf("ended at %d: %v", next, err)
			}
		})
	}
}

func TestReaderUnbounded(t *testing.T) {
	c, _ := newTopic(t, 1)
	r := openReader(t, ReaderOptions{Config: c, End: NoEnd})
	var recs Records
	check(t, r.Next(testContext(t), &recs))
	if recs.Len() != 0 || recs.Position != 0 {
		t.Errorf("empty topic: %d records, position %d", recs.Len(), recs.Position)
	}
	write(t, c, 0, 3)
	for recs.Position < 3 {
		check(t, r.Next(testContext(t), &recs))
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for {
		// A response may be there before the cancellation is seen.
		err := r.Next(cancelled, &recs)
		if err == nil {
			continue
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		break
	}
	check(t, r.Next(testContext(t), &recs)) // a cancelled Next is not the reader's end
}

func TestReaderErrors(t *testing.T) {
	c, a := newTopic(t, 1)
	write(t, c, 0, 10)
	var recs Records
	next := func(o ReaderOptions) error { return openReader(t, o).Next(testContext(t), &recs) }

	var outside *RangeError
	if err := next(ReaderOptions{Config: c, Start: 11, End: NoEnd}); !errors.As(err, &outside) || outside.Offset != 11 || outside.End != 10 || outside.Start != 0 {
		t.Errorf("beyond the end: %v", err)
	}
	var unavailable *UnavailableError
	o := ReaderOptions{Config: c, Topic: "missing", End: NoEnd, RetryFor: time.Millisecond}
	if err := next(o); !errors.Is(err, ErrUnknownTopic) || errors.As(err, &unavailable) || !strings.Contains(err.Error(), "partition 0 offset 0 of topic missing: no such topic") {
		t.Errorf("missing topic: %v", err)
	}
	o = ReaderOptions{Config: Config{Brokers: []string{"127.0.0.1:1"}}, Partition: 3, Start: 5, End: NoEnd, RetryFor: time.Millisecond}
	if err := next(o); !errors.As(err, &unavailable) || !strings.Contains(err.Error(), "topic t partition 3 offset 5: broker 127.0.0.1:1") {
		t.Errorf("no broker: %v", err)
	}
	if _, err := OpenPartition(ReaderOptions{Config: c, Topic: "t", Start: -1}); err == nil {
		t.Error("negative start")
	}

	r := openReader(t, ReaderOptions{Config: c, End: NoEnd})
	for recs.Position < 10 {
		check(t, r.Next(testContext(t), &recs))
	}
	check(t, a.DeleteTopic(testContext(t), "t"))
	createTopic(t, a, "t", 1)
	var err error
	for err == nil {
		err = r.Next(testContext(t), &recs)
	}
	if !errors.Is(err, ErrRecreated) {
		t.Errorf("topic created anew: %v", err)
	}
	if again := r.Next(testContext(t), &recs); !errors.Is(again, err) {
		t.Errorf("second call: %v", again)
	}
}

// A broker that dies in mid-read and comes back costs time, not records.
func TestReaderBrokerRestart(t *testing.T) {
	dir := t.TempDir()
	b, err := StartBroker(BrokerOptions{DataDir: dir, Partitions: 1})
	check(t, err)
	c := Config{Brokers: []string{b.Addr()}}
	write(t, c, 0, 1000, kgo.ProducerBatchMaxBytes(2000))
	r := openReader(t, ReaderOptions{Config: c, End: 1100, FetchBytes: 4000})
	var recs Records
	var got []string
	take := func() error {
		err := r.Next(testContext(t), &recs)
		for i := range recs.Len() {
			got = append(got, string(recs.ValueAt(i)))
		}
		return err
	}
	check(t, take())
	if _, err := StartBroker(BrokerOptions{DataDir: dir}); !errors.As(err, new(*vfs.LockedError)) {
		t.Errorf("second broker on one directory: %v", err)
	}
	check(t, b.Close())
	startBroker(t, BrokerOptions{Listen: b.Addr(), DataDir: dir})
	write(t, c, 1000, 1100)
	for err = take(); err == nil; err = take() {
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	wantValues(t, got, values(0, 1100))
}

func TestReaderBrokerGone(t *testing.T) {
	b, err := StartBroker(BrokerOptions{Partitions: 1})
	check(t, err)
	c := Config{Brokers: []string{b.Addr()}}
	write(t, c, 0, 10)
	r := openReader(t, ReaderOptions{Config: c, End: NoEnd, RetryFor: 50 * time.Millisecond})
	var recs Records
	for recs.Position < 10 {
		check(t, r.Next(testContext(t), &recs))
	}
	check(t, b.Close())
	for err == nil {
		err = r.Next(testContext(t), &recs)
	}
	var gone *UnavailableError
	if !errors.As(err, &gone) || gone.Offset != 10 || gone.Broker != b.Addr() {
		t.Errorf("dead broker: %v", err)
	}
}

func TestBrokerKeepsData(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		b, err := StartBroker(BrokerOptions{DataDir: dir, Partitions: 1})
		check(t, err)
		c := Config{Brokers: []string{b.Addr()}}
		p, err := OpenTxnProducer(testContext(t), c, "job")
		check(t, err)
		check(t, p.Begin())
		for n := i * 10; n < i*10+10; n++ {
			check(t, p.Produce(testContext(t), message(n)))
		}
		check(t, p.Commit(testContext(t), "group", int64(i+1), Offsets{{"t", 0}: int64(i)}))
		p.Close()
		a := openAdmin(t, c)
		if got, ok, err := a.LastCommitted(testContext(t), "group"); got != int64(i+1) || !ok || err != nil {
			t.Errorf("run %d: last committed %d %v %v", i, got, ok, err)
		}
		extents, err := a.Resolve(testContext(t), "t", Range{Partition: AllPartitions, To: Point{Kind: PointEnd}, Bounded: true}, true)
		check(t, err)
		got := readValues(t, ReaderOptions{Config: c, End: extents[0].End, ReadCommitted: true})
		wantValues(t, got, values(0, i*10+10))
		check(t, b.Close())
	}
}

func TestAdmin(t *testing.T) {
	c := Config{Brokers: []string{startBroker(t, BrokerOptions{}).Addr()}}
	a := openAdmin(t, c)
	ctx := testContext(t)
	createTopic(t, a, "t", 3)
	if err := a.CreateTopic(ctx, "t", 1, 0, nil); !errors.Is(err, kerr.TopicAlreadyExists) {
		t.Errorf("create twice: %v", err)
	}
	check(t, a.CreateTopic(ctx, "compacted", 0, 0, map[string]string{"cleanup.policy": "compact"}))
	topics, err := a.Topics(ctx)
	check(t, err)
	if want := []Topic{{"compacted", 4, 1}, {"t", 3, 1}}; !slices.Equal(topics, want) {
		t.Errorf("topics %v", topics)
	}
	p, err := OpenProducer(c)
	check(t, err)
	defer p.Close()
	for i := range 5 {
		m := message(i)
		m.Partition = 2
		check(t, p.Produce(ctx, m))
	}
	check(t, p.Flush(ctx))
	parts, err := a.Describe(ctx, "t")
	check(t, err)
	if want := []PartitionInfo{{Partition: 0}, {Partition: 1}, {Partition: 2, End: 5, StableEnd: 5}}; !slices.Equal(parts, want) {
		t.Errorf("partitions %v", parts)
	}
	m := message(0)
	m.Partition = 3
	if err := errors.Join(p.Produce(ctx, m), p.Flush(ctx)); err == nil {
		t.Error("wrote to a partition that is not there")
	}
	check(t, a.DeleteTopic(ctx, "t"))
	for _, err := range []error{a.DeleteTopic(ctx, "t"), func() error { _, err := a.Describe(ctx, "t"); return err }()} {
		if !errors.Is(err, ErrUnknownTopic) {
			t.Errorf("deleted topic: %v", err)
		}
	}
}
