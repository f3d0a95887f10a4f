package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// fetched is one fetch response, or why there is none.
type fetched struct {
	from         int64 // offset that was asked for
	batches      []byte
	aborted      []Aborted
	high, stable int64
	topic        string // which one it is, see identity
	err          error
}

// fetcher sends the fetch requests of one partition, one after the other, and hands the responses
// over. Its connection is its own: a broker answers the requests of a connection in turn, and
// a fetch that waits for records would hold up those of other partitions.
type fetcher struct {
	o      *ReaderOptions
	client *kgo.Client
	out    chan fetched // not buffered: one response waits here while the last is decoded

	offset  int64 // to ask for next
	leader  int32 // < 0: not known
	address string
	topicID [16]byte
	topic   string // which one it is, "" as long as that is not known
}

const (
	backoffMin = 20 * time.Millisecond
	backoffMax = time.Second
	// goneFor is how long brokers may say that there is no such topic before that is believed: longer than
	// they need to tell each other of one.
	goneFor = 5 * time.Second
	// answerTime is what a broker may take beyond the wait it was asked for.
	answerTime = 10 * time.Second
)

// run fetches until ctx ends, the end offset is reached, or an error was handed over.
func (f *fetcher) run(ctx context.Context) {
	defer close(f.out)
	for f.o.End < 0 || f.offset < f.o.End {
		resp := f.fetch(ctx)
		more := resp.err == nil && f.advance(resp.batches)
		select {
		case f.out <- resp:
		case <-ctx.Done():
			return
		}
		if !more {
			return
		}
	}
}

// advance moves the offset behind the whole batches. It reports false when there is one that the
// walker will refuse: nothing behind it is wanted.
func (f *fetcher) advance(batches []byte) bool {
	for {
		size, last, ok, err := peekBatch(batches)
		if err != nil {
			return false
		}
		if !ok {
			return true
		}
		f.offset = max(f.offset, last+1)
		batches = batches[size:]
	}
}

// fetch asks until there is an answer, an error that will not pass, or no time left.
func (f *fetcher) fetch(ctx context.Context) fetched {
	began, backoff := time.Now(), backoffMin
	for {
		resp, err := f.try(ctx)
		if err == nil {
			return resp
		}
		if ctx.Err() != nil {
			return fetched{err: ctx.Err()}
		}
		if errors.Is(err, kerr.OffsetOutOfRange) {
			return fetched{err: f.rangeError(ctx)}
		}
		if !passes(err) {
			return fetched{err: fmt.Errorf("topic %s partition %d offset %d: %w", f.o.Topic, f.o.Partition, f.offset, err)}
		}
		f.leader = -1
		tried := time.Since(began)
		if errors.Is(err, kerr.UnknownTopicOrPartition) && tried > min(goneFor, f.o.RetryFor) {
			return fetched{err: fmt.Errorf("partition %d offset %d of %w", f.o.Partition, f.offset, topicError(f.o.Topic, err))}
		}
		if tried > f.o.RetryFor {
			return fetched{err: &UnavailableError{Topic: f.o.Topic, Partition: f.o.Partition, Offset: f.offset,
				Broker: f.address, Tried: tried, Err: err}}
		}
		select {
		case <-time.After(backoff):
		case <-ctx.Done():
			return fetched{err: ctx.Err()}
		}
		backoff = min(2*backoff, backoffMax)
	}
}

// ErrRecreated says that a topic of the name is another one than before: its offsets mean other records.
var ErrRecreated = errors.New("the topic was deleted and created anew")

// passes reports whether asking again may help.
func passes(err error) bool {
	if errors.Is(err, ErrRecreated) || errors.Is(err, kgo.ErrClientClosed) {
		return false
	}
	if broker := new(kerr.Error); errors.As(err, &broker) {
		return broker.Retriable
	}
	return true // the network
}

// try sends one request.
func (f *fetcher) try(ctx context.Context) (fetched, error) {
	ctx, cancel := context.WithTimeout(ctx, f.o.MaxWait+answerTime)
	defer cancel()
	if f.leader < 0 {
		if err := f.lookup(ctx); err != nil {
			return fetched{}, err
		}
	}
	kresp, err := f.client.Broker(int(f.leader)).Request(ctx, f.request())
	if err != nil {
		return fetched{}, err
	}
	resp := kresp.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return fetched{}, err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return fetched{}, errors.New("fetch response lacks the partition")
	}
	p := &resp.Topics[0].Partitions[0]
	if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
		return fetched{}, err
	}
	got := fetched{from: f.offset, batches: p.RecordBatches, high: p.HighWatermark, stable: p.LastStableOffset, topic: f.topic}
	if got.stable < 0 {
		got.stable = got.high // brokers may leave it out when nobody asked for it
	}
	for _, a := range p.AbortedTransactions {
		got.aborted = append(got.aborted, Aborted{Producer: a.ProducerID, FirstOffset: a.FirstOffset})
	}
	return got, nil
}

func (f *fetcher) request() *kmsg.FetchRequest {
	part := kmsg.NewFetchRequestTopicPartition()
	part.Partition = f.o.Partition
	part.FetchOffset = f.offset
	part.PartitionMaxBytes = f.o.FetchBytes
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic = f.o.Topic   // up to version 12
	topic.TopicID = f.topicID // from version 13 on
	topic.Partitions = append(topic.Partitions, part)
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis = int32(f.o.MaxWait.Milliseconds())
	req.MinBytes = 1
	req.MaxBytes = f.o.FetchBytes
	req.SessionEpoch = -1 // no session: one partition is all there is
	if f.o.ReadCommitted {
		req.IsolationLevel = 1
	}
	req.Topics = append(req.Topics, topic)
	return req
}

// lookup asks for the partition's leader.
func (f *fetcher) lookup(ctx context.Context) error {
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = kmsg.StringPtr(f.o.Topic)
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, f.client)
	if err != nil {
		return err
	}
	if len(resp.Topics) != 1 {
		return kerr.UnknownTopicOrPartition
	}
	t := &resp.Topics[0]
	if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
		return err
	}
	is := identity(resp.ClusterID, t.TopicID)
	if another(f.topic, is) {
		return ErrRecreated
	}
	for _, p := range t.Partitions {
		if p.Partition != f.o.Partition {
			continue
		}
		if p.Leader < 0 {
			return kerr.LeaderNotAvailable
		}
		f.leader, f.topicID, f.topic = p.Leader, t.TopicID, is
		for _, b := range resp.Brokers {
			if b.NodeID == p.Leader {
				f.address = net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
			}
		}
		return nil
	}
	return kerr.UnknownTopicOrPartition
}

// identity tells topics of one name apart: the cluster, and the id that it gave the topic. It is "" with brokers
// that give none.
func identity(cluster *string, id [16]byte) string {
	if cluster == nil || id == [16]byte{} {
		return ""
	}
	return fmt.Sprintf("%s/%x", *cluster, id)
}

// another tells whether two identities are those of different topics of one cluster. A copy of a topic in another
// cluster has the same records for all that is known here.
func another(a, b string) bool {
	i, j := strings.LastIndexByte(a, '/'), strings.LastIndexByte(b, '/')
	return i >= 0 && j >= 0 && a[:i] == b[:j] && a != b
}

// rangeError asks for the bounds of the log to say what there is instead.
func (f *fetcher) rangeError(ctx context.Context) error {
	e := &RangeError{Topic: f.o.Topic, Partition: f.o.Partition, Offset: f.offset, Start: -1, End: -1}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	admin := kadm.NewClient(f.client)
	if l, err := admin.ListStartOffsets(ctx, f.o.Topic); err == nil {
		if o, ok := l.Lookup(f.o.Topic, f.o.Partition); ok && o.Err == nil {
			e.Start = o.Offset
		}
	}
	if l, err := admin.ListEndOffsets(ctx, f.o.Topic); err == nil {
		if o, ok := l.Lookup(f.o.Topic, f.o.Partition); ok && o.Err == nil {
			e.End = o.Offset
		}
	}
	return e
}

// newFetcher opens the connection's client.
func newFetcher(o *ReaderOptions) (*fetcher, error) {
	// The fetcher does the retrying, so that it can say what it waits for.
	client, err := o.client(kgo.RetryTimeout(backoffMax), kgo.RequestRetries(1), kgo.DialTimeout(answerTime/2))
	if err != nil {
		return nil, err
	}
	return &fetcher{o: o, client: client, out: make(chan fetched), offset: o.Start, leader: -1, topic: o.Is,
		address: strings.Join(o.Brokers, ",")}, nil
}
