package kafka

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestProducerBrokerGone writes to a broker that goes away: the wait for it ends, with and without transactions,
// while the buffer takes messages and when it is full.
func TestProducerBrokerGone(t *testing.T) {
	b := startBroker(t, BrokerOptions{Partitions: 1})
	c := Config{Brokers: []string{b.Addr()}}
	ctx := testContext(t)
	plain, err := OpenProducer(c)
	check(t, err)
	defer plain.Close()
	txn, err := OpenTxnProducer(ctx, c, "gone")
	check(t, err)
	defer txn.Close()
	check(t, txn.Begin())
	check(t, plain.Produce(ctx, Message{Topic: "t", Value: []byte("one")}))
	check(t, plain.Flush(ctx))
	check(t, txn.Produce(ctx, Message{Topic: "t", Value: []byte("one")}))
	check(t, txn.s.flush(ctx))
	check(t, b.Close())
	gone := func(what string, err error) {
		t.Helper()
		un := new(UnavailableError)
		if !errors.As(err, &un) || !strings.Contains(err.Error(), "topic t: broker "+b.Addr()+" has taken no message for") {
			t.Errorf("%s: %v", what, err)
		}
	}
	go plain.s.watch(100 * time.Millisecond)
	go txn.s.watch(100 * time.Millisecond)
	check(t, txn.Produce(ctx, Message{Topic: "t", Value: []byte("two")}))
	gone("commit", txn.Commit(ctx, "gone", 1, Offsets{TopicPartition{"t", 0}: 0}))
	value := make([]byte, 1<<19)
	for err = nil; err == nil; { // until the buffer is full
		err = plain.Produce(ctx, Message{Topic: "t", Value: value})
	}
	gone("produce", err)
	gone("flush", plain.Flush(ctx))
}

// TestProducerIsCancelled ends the context of a writer whose broker is gone.
func TestProducerIsCancelled(t *testing.T) {
	b := startBroker(t, BrokerOptions{Partitions: 1})
	p, err := OpenProducer(Config{Brokers: []string{b.Addr()}})
	check(t, err)
	defer p.Close()
	ctx, cancel := context.WithCancelCause(testContext(t))
	check(t, p.Produce(ctx, Message{Topic: "t", Value: []byte("one")}))
	check(t, p.Flush(ctx))
	check(t, b.Close())
	enough := errors.New("enough")
	check(t, p.Produce(ctx, Message{Topic: "t", Value: []byte("two")}))
	time.AfterFunc(20*time.Millisecond, func() { cancel(enough) })
	value := make([]byte, 1<<19)
	for err = nil; err == nil && ctx.Err() == nil; {
		err = p.Produce(ctx, Message{Topic: "t", Value: value})
	}
	if err := p.Flush(ctx); err == nil {
		t.Error("a flush that was cancelled says that all is written")
	}
}
