package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// NoEnd as ReaderOptions.End is a read that does not end.
const NoEnd = -1

// ReaderOptions say what a PartitionReader reads, and how.
type ReaderOptions struct {
	Config
	Topic         string
	Partition     int32
	Start         int64  // first offset to read
	End           int64  // first offset not to read; NoEnd for an unbounded read
	Is            string // what Records.Topic was where Start comes from; another topic of the name is ErrRecreated
	ReadCommitted bool   // leave out aborted and wait for open transactions

	// MaxWait is how long Next waits for a record before it returns none; default 250 ms.
	MaxWait time.Duration
	// RetryFor is how long a dead broker or a missing leader is waited for; default 30 s.
	RetryFor time.Duration
	// FetchBytes is the size of a fetch; the broker exceeds it for a larger batch. Default 2 MiB:
	// with three of them on the way a partition needs 6 MiB.
	FetchBytes int32
}

func (o *ReaderOptions) withDefaults() {
	if o.MaxWait == 0 {
		o.MaxWait = 250 * time.Millisecond
	}
	if o.RetryFor == 0 {
		o.RetryFor = 30 * time.Second
	}
	if o.FetchBytes == 0 {
		o.FetchBytes = 2 << 20
	}
}

// PartitionReader reads one partition in order. It is used from one goroutine: to stop a Next that
// waits, end its context, then Close.
type PartitionReader struct {
	o       ReaderOptions
	fetcher *fetcher
	stop    context.CancelFunc
	closed  sync.Once

	walker   Walker
	walking  bool // the walker has a response that is not finished
	response fetched
	position int64
	err      error // what ended the reader
}

// OpenPartition starts reading ahead at once. Whether the topic exists shows with the first Next.
func OpenPartition(o ReaderOptions) (*PartitionReader, error) {
	o.withDefaults()
	if o.Start < 0 {
		return nil, fmt.Errorf("topic %s partition %d: start offset %d is negative; resolve the range first", o.Topic, o.Partition, o.Start)
	}
	r := &PartitionReader{o: o, position: o.Start}
	f, err := newFetcher(&r.o)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	r.fetcher, r.stop = f, stop
	go f.run(ctx)
	return r, nil
}

// Position is the offset from which the next Next goes on.
func (r *PartitionReader) Position() int64 { return r.position }

// Next overwrites recs with the next records. It returns none, and no error, when MaxWait passed
// without one or when what was read is no record; recs.Position tells. It returns io.EOF when the
// end offset is reached, ctx.Err() when ctx ends, and else a *CorruptError, *RangeError,
// *UnavailableError or the broker's refusal; but for ctx's an error is final and repeated.
func (r *PartitionReader) Next(ctx context.Context, recs *Records) error {
	recs.reset()
	recs.Position = r.position
	for r.err == nil {
		if r.walking {
			if r.walker.Next(recs) {
				r.position = recs.Position
				recs.HighWatermark, recs.StableOffset, recs.Topic = r.response.high, r.response.stable, r.response.topic
				return nil
			}
			r.walking = false
			if err := r.walkError(); err != nil {
				return r.fail(err)
			}
		}
		if r.o.End >= 0 && r.position >= r.o.End {
			return r.fail(io.EOF)
		}
		if empty, err := r.receive(ctx); err != nil {
			return err
		} else if empty {
			recs.reset()
			recs.Position, recs.HighWatermark, recs.StableOffset, recs.Topic = r.position, r.response.high, r.response.stable, r.response.topic
			return nil
		}
	}
	return r.err
}

func (r *PartitionReader) fail(err error) error {
	r.err = err
	return err
}

// walkError is why the walk of a response ended: nil at its end.
func (r *PartitionReader) walkError() error {
	err := r.walker.Err()
	if err == nil && r.position == r.response.from {
		err = &CorruptError{Offset: r.position, Reason: fmt.Sprintf("no whole batch in a response of %d bytes", len(r.response.batches))}
	}
	if corrupt := new(CorruptError); errors.As(err, &corrupt) {
		corrupt.Topic, corrupt.Partition = r.o.Topic, r.o.Partition
	}
	return err
}

// receive takes the next response and starts the walk of it, unless it is empty.
func (r *PartitionReader) receive(ctx context.Context) (empty bool, err error) {
	select {
	case resp, ok := <-r.fetcher.out:
		if !ok {
			return false, r.fail(errClosed)
		}
		if resp.err != nil {
			return false, r.fail(resp.err)
		}
		r.response = resp
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if len(r.response.batches) == 0 {
		return true, nil
	}
	r.walker.Start(r.response.batches, r.o.ReadCommitted, r.response.aborted, r.position, r.o.End)
	r.walking = true
	return false, nil
}

var errClosed = errors.New("kafka: reader is closed")

// Close stops reading ahead and closes the connection. Records read before stay valid.
func (r *PartitionReader) Close() error {
	r.closed.Do(func() {
		r.stop()
		for range r.fetcher.out { // until run has returned
		}
		r.fetcher.client.Close()
		r.walker.Close()
	})
	return nil
}
