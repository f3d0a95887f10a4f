package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// AnyPartition as Message.Partition lets the key decide: equal keys go to one partition, by the
// hash of the Java client (murmur2), and messages without a key go round in batches.
const AnyPartition = -1

// Message is a record to write. Its bytes belong to the producer until the next Flush or Commit
// has returned.
type Message struct {
	Topic     string
	Partition int32 // or AnyPartition
	Key       []byte
	Value     []byte // nil is a tombstone
	Headers   []kgo.RecordHeader
	Timestamp int64 // ms since the Unix epoch; 0 is now
}

// maxBuffered bounds what a producer holds of messages that are not acknowledged.
const maxBuffered = 64 << 20

// sender is what both producers share: sending without waiting, the first error of what was sent, and an
// end of waiting for brokers that take nothing: the client itself would go on for ever.
type sender struct {
	client *kgo.Client
	addr   string
	ctx    context.Context // ends when waiting has no use any more
	stop   context.CancelCauseFunc

	began atomic.Int64 // messages that were to be sent
	over  atomic.Int64 // those of them that were acknowledged, or have failed

	mu     sync.Mutex
	err    error
	caller context.Context // of the last send, which ends ctx too
	topic  string          // of the last message
}

// takenIn is how long brokers may take no message before that is an error.
const takenIn = 30 * time.Second

func newSender(c Config, more ...kgo.Opt) (*sender, error) {
	opts := []kgo.Opt{
		kgo.RecordPartitioner(partitioner{kgo.StickyKeyPartitioner(nil)}),
		kgo.MaxBufferedRecords(1 << 16),
		kgo.MaxBufferedBytes(maxBuffered),
		kgo.AllowAutoTopicCreation(),
	}
	client, err := c.client(append(opts, more...)...)
	if err != nil {
		return nil, err
	}
	s := &sender{client: client, addr: strings.Join(c.Brokers, ",")}
	s.ctx, s.stop = context.WithCancelCause(context.Background())
	go s.watch(takenIn)
	return s, nil
}

// watch ends the waiting when messages wait and none was taken for the given time.
func (s *sender) watch(limit time.Duration) {
	tick := time.NewTicker(limit / 30)
	defer tick.Stop()
	last, since := int64(-1), time.Time{}
	for {
		select {
		case now := <-tick.C:
			if over := s.over.Load(); over != last || over == s.began.Load() {
				last, since = over, now
			} else if tried := now.Sub(since); tried > limit {
				s.stop(s.stuck(tried))
				return
			}
		case <-s.ctx.Done():
			return
		}
	}
}

// stuck makes the error of brokers that take nothing that of all later calls, and returns it.
func (s *sender) stuck(tried time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = &UnavailableError{Topic: s.topic, Partition: AnyPartition, Broker: s.addr, Tried: tried, Err: context.DeadlineExceeded}
	}
	return s.err
}

func (s *sender) close() {
	s.stop(context.Canceled)
	s.client.Close()
}

// send blocks only while the buffer is full. It returns the error of an earlier message, if there
// was one.
func (s *sender) send(ctx context.Context, m Message) error {
	if err := s.count(ctx, m.Topic); err != nil {
		return err
	}
	r := &kgo.Record{Topic: m.Topic, Partition: m.Partition, Key: m.Key, Value: m.Value, Headers: m.Headers}
	if m.Timestamp != 0 {
		r.Timestamp = time.UnixMilli(m.Timestamp)
	}
	s.client.Produce(s.ctx, r, s.sent)
	return nil
}

// count notes a message that is about to be sent.
func (s *sender) count(ctx context.Context, topic string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if ctx != s.caller {
		s.caller = ctx
		context.AfterFunc(ctx, func() { s.stop(context.Cause(ctx)) })
	}
	s.topic = topic
	s.began.Add(1)
	return nil
}

// sent is told of each message once.
func (s *sender) sent(r *kgo.Record, err error) {
	s.over.Add(1)
	if err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = fmt.Errorf("write to topic %s: %w", r.Topic, fencedError(err))
	}
}

func (s *sender) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// flush waits until every message is acknowledged or has failed.
func (s *sender) flush(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(context.Cause(s.ctx)) })()
	err := s.client.Flush(ctx)
	if failed := s.failed(); failed != nil {
		return failed
	}
	if err != nil {
		return fmt.Errorf("flush to Kafka: %w", err)
	}
	return nil
}

// fencedError adds ErrFenced to a broker's answers that mean it.
func fencedError(err error) error {
	for _, fenced := range []error{kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.InvalidProducerIDMapping} {
		if errors.Is(err, fenced) {
			return fmt.Errorf("%w (%w)", ErrFenced, err)
		}
	}
	return err
}

// partitioner takes the partition a message names, and asks the inner one when it names none.
type partitioner struct{ inner kgo.Partitioner }

func (p partitioner) ForTopic(topic string) kgo.TopicPartitioner {
	return &topicPartitioner{inner: p.inner.ForTopic(topic)}
}

type topicPartitioner struct{ inner kgo.TopicPartitioner }

func (p *topicPartitioner) RequiresConsistency(r *kgo.Record) bool {
	return r.Partition >= 0 || p.inner.RequiresConsistency(r)
}

func (p *topicPartitioner) Partition(r *kgo.Record, n int) int {
	if r.Partition >= 0 {
		return int(r.Partition) // beyond n the client refuses the record
	}
	return p.inner.Partition(r, n)
}

func (p *topicPartitioner) OnNewBatch() {
	if inner, ok := p.inner.(kgo.TopicPartitionerOnNewBatch); ok {
		inner.OnNewBatch()
	}
}

// Producer writes without transactions. It is idempotent: a retry after a lost answer writes no
// message twice, and the order within a partition is that of Produce.
type Producer struct{ s *sender }

// OpenProducer makes a Producer; it connects with the first message. Topics that are missing are
// created if the broker allows it.
func OpenProducer(c Config, more ...kgo.Opt) (*Producer, error) {
	s, err := newSender(c, more...)
	if err != nil {
		return nil, err
	}
	return &Producer{s: s}, nil
}

// Produce sends a message without waiting for the answer. An error is that of an earlier message.
func (p *Producer) Produce(ctx context.Context, m Message) error { return p.s.send(ctx, m) }

// Flush waits until all messages are written, and returns the first error of any.
func (p *Producer) Flush(ctx context.Context) error { return p.s.flush(ctx) }

// Close drops what was not flushed.
func (p *Producer) Close() { p.s.close() }
