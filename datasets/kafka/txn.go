package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// TxnProducer writes exactly once: what it produces between Begin and Commit becomes visible to
// read committed readers together with the group's offsets, or not at all.
//
//	OpenTxnProducer   fences the producer that had the id before, aborts its open transaction
//	LastCommitted     (Admin) which checkpoint won; the job restores that one
//	Begin, Produce …  rows up to the barrier of checkpoint N
//	                  the caller makes checkpoint N durable
//	Commit(N)         flush, offsets with metadata N, end of transaction: the commit point
//
// A crash before Commit leaves N-1 the winner, one after it N; one in the middle leaves the broker to
// decide, and LastCommitted says how it did. After an error of Commit the same holds: Close, and
// start over with a new TxnProducer.
//
// All methods but Produce are for one goroutine at a time, and none may run beside Produce.
type TxnProducer struct {
	s     *sender
	id    string
	began bool
	wrote bool // in this transaction
}

// defaultTxnTimeout is how long a broker lets a transaction be open before it aborts it: the longest
// that brokers allow unless they are told otherwise. A job checkpoints much more often; one that
// does not must not lose its work to the clock.
const defaultTxnTimeout = 15 * time.Minute

// OpenTxnProducer takes over the transactional id: when it returns, no older producer with that id
// can write or commit, and what it had open is aborted.
//
// It speaks the transaction protocol of before KIP-890's second part, which newer brokers keep
// serving: only there may a transaction that has offsets and no records be ended without the
// client library knowing of it.
func OpenTxnProducer(ctx context.Context, c Config, id string, more ...kgo.Opt) (*TxnProducer, error) {
	opts := []kgo.Opt{kgo.TransactionalID(id), kgo.TransactionTimeout(defaultTxnTimeout), kgo.MaxVersions(kversion.V3_8_0())}
	s, err := newSender(c, append(opts, more...)...)
	if err != nil {
		return nil, err
	}
	if _, _, err := s.client.ProducerID(ctx); err != nil {
		s.close()
		return nil, fmt.Errorf("open transactional producer %s: %w", id, err)
	}
	return &TxnProducer{s: s, id: id}, nil
}

// Begin starts a transaction; there must be none open.
func (p *TxnProducer) Begin() error {
	if err := p.s.client.BeginTransaction(); err != nil {
		return fmt.Errorf("begin transaction of %s: %w", p.id, fencedError(err))
	}
	p.began, p.wrote = true, false
	return nil
}

// Produce sends a message in the open transaction without waiting for the answer. An error is that
// of an earlier message; the transaction can then only be aborted.
func (p *TxnProducer) Produce(ctx context.Context, m Message) error {
	if !p.began {
		return fmt.Errorf("write to topic %s: no transaction of %s is open", m.Topic, p.id)
	}
	p.wrote = true
	return p.s.send(ctx, m)
}

// Commit ends the transaction. With it the group gets offsets, whose metadata names the checkpoint;
// there must be at least one, and each call should name all of a job's partitions. A job that reads
// no topic of this cluster names partition 0 of its target topic, at 0. ErrFenced means that a newer
// producer has taken over.
func (p *TxnProducer) Commit(ctx context.Context, group string, checkpoint int64, offsets Offsets) error {
	if !p.began {
		return fmt.Errorf("commit checkpoint %d: no transaction of %s is open", checkpoint, p.id)
	}
	if len(offsets) == 0 {
		return fmt.Errorf("commit checkpoint %d: no offsets to carry it", checkpoint)
	}
	if err := p.commit(ctx, group, checkpoint, offsets); err != nil {
		return fmt.Errorf("commit checkpoint %d of %s: %w", checkpoint, p.id, fencedError(err))
	}
	p.began = false
	return nil
}

func (p *TxnProducer) commit(ctx context.Context, group string, checkpoint int64, offsets Offsets) error {
	if err := p.s.flush(ctx); err != nil {
		return err
	}
	producer, epoch, err := p.s.client.ProducerID(ctx)
	if err != nil {
		return err
	}
	if err := p.addOffsets(ctx, group, producer, epoch); err != nil {
		return fmt.Errorf("add offsets: %w", err)
	}
	if err := p.sendOffsets(ctx, group, checkpoint, offsets, producer, epoch); err != nil {
		return fmt.Errorf("send offsets: %w", err)
	}
	if p.wrote {
		return p.s.client.EndTransaction(ctx, kgo.TryCommit)
	}
	// The client ends only what it has written to; this transaction has nothing but offsets.
	if err := p.endTxn(ctx, producer, epoch); err != nil {
		return fmt.Errorf("end transaction: %w", err)
	}
	return p.s.client.EndTransaction(ctx, kgo.TryAbort)
}

// Abort drops the transaction's messages. It also clears the error of a message.
func (p *TxnProducer) Abort(ctx context.Context) error {
	if !p.began {
		return nil
	}
	p.began = false
	err := p.s.client.AbortBufferedRecords(ctx)
	if err == nil {
		err = p.s.client.EndTransaction(ctx, kgo.TryAbort)
	}
	if err != nil {
		return fmt.Errorf("abort transaction of %s: %w", p.id, fencedError(err))
	}
	p.s.mu.Lock()
	p.s.err = nil
	p.s.mu.Unlock()
	return nil
}

// Close leaves an open transaction to the next producer with the id, or to its time-out, to abort.
func (p *TxnProducer) Close() { p.s.close() }

// addOffsets makes the group's offsets part of the transaction.
func (p *TxnProducer) addOffsets(ctx context.Context, group string, producer int64, epoch int16) error {
	return whileBusy(ctx, func() error {
		req := kmsg.NewPtrAddOffsetsToTxnRequest()
		req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group = p.id, producer, epoch, group
		resp, err := req.RequestWith(ctx, p.s.client)
		if err != nil {
			return err
		}
		return kerr.ErrorForCode(resp.ErrorCode)
	})
}

func (p *TxnProducer) sendOffsets(ctx context.Context, group string, checkpoint int64, offsets Offsets, producer int64, epoch int16) error {
	return whileBusy(ctx, func() error {
		req := kmsg.NewPtrTxnOffsetCommitRequest()
		req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group = p.id, producer, epoch, group
		req.Generation = -1 // no member of a group: the job assigns its partitions itself
		for _, tp := range offsets.sorted() {
			if n := len(req.Topics); n == 0 || req.Topics[n-1].Topic != tp.Topic {
				topic := kmsg.NewTxnOffsetCommitRequestTopic()
				topic.Topic = tp.Topic
				req.Topics = append(req.Topics, topic)
			}
			part := kmsg.NewTxnOffsetCommitRequestTopicPartition()
			part.Partition, part.Offset = tp.Partition, offsets[tp]
			part.Metadata = kmsg.StringPtr(formatMetadata(checkpoint))
			last := &req.Topics[len(req.Topics)-1]
			last.Partitions = append(last.Partitions, part)
		}
		resp, err := req.RequestWith(ctx, p.s.client)
		if err != nil {
			return err
		}
		for _, t := range resp.Topics {
			for _, part := range t.Partitions {
				if err := kerr.ErrorForCode(part.ErrorCode); err != nil {
					return fmt.Errorf("topic %s partition %d: %w", t.Topic, part.Partition, err)
				}
			}
		}
		return nil
	})
}

func (p *TxnProducer) endTxn(ctx context.Context, producer int64, epoch int16) error {
	return whileBusy(ctx, func() error {
		req := kmsg.NewPtrEndTxnRequest()
		req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Commit = p.id, producer, epoch, true
		resp, err := req.RequestWith(ctx, p.s.client)
		if err != nil {
			return err
		}
		return kerr.ErrorForCode(resp.ErrorCode)
	})
}

// busyFor is how long a coordinator may be busy with the last transaction, or with moving to
// another broker, before that is an error.
const busyFor = 30 * time.Second

// whileBusy repeats a request that the coordinator asks to send again.
func whileBusy(ctx context.Context, request func() error) error {
	began, backoff := time.Now(), backoffMin
	for {
		err := request()
		if !busy(err) || time.Since(began) > busyFor {
			return err
		}
		select {
		case <-time.After(backoff):
		case <-ctx.Done():
			return ctx.Err()
		}
		backoff = min(2*backoff, backoffMax)
	}
}

func busy(err error) bool {
	for _, answer := range []error{kerr.ConcurrentTransactions, kerr.UnstableOffsetCommit,
		kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.NotCoordinator} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

// metadataPrefix marks the metadata of our commits, so that others in the group are not mistaken.
const metadataPrefix = "riffle checkpoint "

func formatMetadata(checkpoint int64) string {
	return metadataPrefix + strconv.FormatInt(checkpoint, 10)
}

func parseMetadata(s string) (checkpoint int64, ok bool) {
	digits, ok := strings.CutPrefix(s, metadataPrefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n >= 0
}
