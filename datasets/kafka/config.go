package kafka

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Config says how to reach a cluster.
type Config struct {
	Brokers  []string  // host:port, at least one
	ClientID string    // name in the broker's logs and quotas; default "riffle"
	Options  []kgo.Opt // more of the connection: TLS, SASL, dialer
}

// client opens a client; it connects with the first request.
func (c Config) client(more ...kgo.Opt) (*kgo.Client, error) {
	if len(c.Brokers) == 0 {
		return nil, errors.New("kafka: no brokers given")
	}
	id := c.ClientID
	if id == "" {
		id = "riffle"
	}
	opts := []kgo.Opt{kgo.SeedBrokers(c.Brokers...), kgo.ClientID(id), kgo.DisableClientMetrics()}
	opts = append(append(opts, c.Options...), more...)
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("kafka client for %s: %w", strings.Join(c.Brokers, ","), err)
	}
	return cl, nil
}

var (
	// ErrUnknownTopic says that the cluster has no such topic.
	ErrUnknownTopic = errors.New("no such topic")
	// ErrRecord says that a record cannot be decoded.
	ErrRecord = errors.New("cannot be decoded")
	// ErrFenced says that another producer with the same transactional id has taken over. This
	// one can do nothing more; its open transaction is aborted.
	ErrFenced = errors.New("kafka: producer was fenced by a newer one with the same transactional id")
)

// UnavailableError says that a partition could not be read, or a topic not be written, for as long as
// retrying was allowed. Reading on later, from Offset, may work.
type UnavailableError struct {
	Topic     string
	Partition int32  // AnyPartition when messages were written
	Offset    int64  // where reading stopped
	Broker    string // host:port that was asked last; the seeds when the leader is not known
	Tried     time.Duration
	Err       error
}

func (e *UnavailableError) Error() string {
	if e.Partition == AnyPartition { // of a writer
		return fmt.Sprintf("topic %s: broker %s has taken no message for %s", e.Topic, e.Broker, e.Tried.Round(time.Second))
	}
	return fmt.Sprintf("topic %s partition %d offset %d: broker %s did not answer for %s: %v",
		e.Topic, e.Partition, e.Offset, e.Broker, e.Tried.Round(time.Millisecond), e.Err)
}

func (e *UnavailableError) Unwrap() error { return e.Err }

// RangeError says that a partition does not have the offset to read from: retention removed it, or
// the log was cut.
type RangeError struct {
	Topic      string
	Partition  int32
	Offset     int64
	Start, End int64 // the log's present bounds; -1 when they could not be asked
}

func (e *RangeError) Error() string {
	return fmt.Sprintf("topic %s partition %d: offset %d is not in the log, which has %d to %d",
		e.Topic, e.Partition, e.Offset, e.Start, e.End)
}

// topicError gives a broker's answer about a topic the topic's name.
func topicError(topic string, err error) error {
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		err = ErrUnknownTopic
	}
	return fmt.Errorf("topic %s: %w", topic, err)
}
