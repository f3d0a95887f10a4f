package kafka

import (
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// The other client reads what ours wrote, in transactions too. Where a transaction was aborted it
// cannot be asked: it returns aborted records (its issue 1332).
func TestInteropRead(t *testing.T) {
	c, _ := newTopic(t, 1)
	ctx := testContext(t)
	write(t, c, 0, 100)
	p := openTxn(t, c)
	check(t, p.Begin())
	produce(t, p, 100, 200)
	check(t, p.Commit(ctx, "group", 1, Offsets{{"t", 0}: 1}))
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: c.Brokers, Topic: "t", IsolationLevel: kafka.ReadCommitted, MaxWait: 50 * time.Millisecond})
	defer func() { check(t, r.Close()) }()
	for i := range 200 {
		got, err := r.ReadMessage(ctx)
		check(t, err)
		want := message(i)
		if string(got.Key) != string(want.Key) || string(got.Value) != string(want.Value) || got.Time.UnixMilli() != want.Timestamp {
			t.Fatalf("record %d: key %q value %q time %v", i, got.Key, got.Value, got.Time)
		}
	}
}

// Ours reads what the other client wrote.
func TestInteropWrite(t *testing.T) {
	for _, codec := range []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd} {
		c, _ := newTopic(t, 1)
		transport := &kafka.Transport{} // the shared one remembers the deleted topic of that name for seconds
		w := &kafka.Writer{Addr: kafka.TCP(c.Brokers...), Topic: "t", Compression: codec, BatchSize: 300, BatchTimeout: time.Millisecond, Transport: transport}
		var messages []kafka.Message
		for i := range 300 {
			m := message(i)
			messages = append(messages, kafka.Message{Key: m.Key, Value: m.Value, Headers: []kafka.Header{{Key: "h", Value: m.Key}}})
		}
		check(t, w.WriteMessages(testContext(t), messages...))
		check(t, w.Close())
		transport.CloseIdleConnections()
		wantValues(t, readValues(t, ReaderOptions{Config: c, End: 300}), values(0, 300))
	}
}
