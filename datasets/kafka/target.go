package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	rjson "github.com/riffle-io/riffle/datasets/json"
)

// TargetOptions describes a topic that rows are written to.
type TargetOptions struct {
	Config
	Topic  string
	Schema *vec.Schema
	// Key is the columns of the message key, as positions in Schema. With Upsert a changelog is
	// written as the newest row of each key, and a deletion as a tombstone.
	Key    []int
	Upsert bool
	// Transactional writes in transactions that commit with the job's checkpoints.
	Transactional bool
}

// Target is a topic to write to.
type Target struct {
	o         TargetOptions
	mu        sync.Mutex
	txn       *TxnProducer
	made      bool                  // the topic is there
	committed dataflow.CheckpointID // by the transactions of earlier runs
}

// NewTarget makes a target; it connects when it is used.
func NewTarget(o TargetOptions) *Target { return &Target{o: o} }

func (t *Target) Name() string        { return "kafka:" + t.o.Topic }
func (t *Target) Schema() *vec.Schema { return t.o.Schema }

// Accepts refuses an upsert topic without a key.
func (t *Target) Accepts(_ plan.Mode, _ []int) error {
	if t.o.Upsert && len(t.o.Key) == 0 {
		return fmt.Errorf("topic %s is an upsert table without a key: declare PRIMARY KEY (…) NOT ENFORCED", t.o.Topic)
	}
	return nil
}

// OneTask is true for transactions: one producer has one transaction at a time.
func (t *Target) OneTask() bool { return t.o.Transactional }

func txnID(job string) string { return "riffle-" + job }

// open takes over the job's transactional id, once.
func (t *Target) open(ctx context.Context, job string) (*TxnProducer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.txn == nil {
		if err := t.makeTopicLocked(ctx); err != nil {
			return nil, err
		}
		p, err := OpenTxnProducer(ctx, t.o.Config, txnID(job))
		if err != nil {
			return nil, fmt.Errorf("topic %s: %w", t.o.Topic, err)
		}
		t.txn = p
	}
	return t.txn, nil
}

// makeTopicLocked creates the topic when it is missing: a commit names one of its partitions.
func (t *Target) makeTopicLocked(ctx context.Context) error {
	if t.made {
		return nil
	}
	admin, err := OpenAdmin(t.o.Config)
	if err != nil {
		return err
	}
	defer admin.Close()
	if _, err = admin.Describe(ctx, t.o.Topic); errors.Is(err, ErrUnknownTopic) {
		err = admin.CreateTopic(ctx, t.o.Topic, 0, 0, nil)
		if errors.Is(err, kerr.TopicAlreadyExists) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("topic %s: %w", t.o.Topic, err)
	}
	t.made = true
	return nil
}

// LastCommitted asks the brokers which checkpoint's transaction was committed last. It fences
// every earlier run of the job first, so that the answer stays true.
func (t *Target) LastCommitted(ctx context.Context, job string) (dataflow.CheckpointID, bool, error) {
	if !t.o.Transactional {
		return 0, false, errors.New("kafka: the sink is not transactional")
	}
	if _, err := t.open(ctx, job); err != nil {
		return 0, false, err
	}
	admin, err := OpenAdmin(t.o.Config)
	if err != nil {
		return 0, false, err
	}
	defer admin.Close()
	id, ok, err := admin.LastCommitted(ctx, txnID(job))
	t.committed = dataflow.CheckpointID(id)
	return dataflow.CheckpointID(id), ok, err
}

// NewSink writes one JSON object a row.
func (t *Target) NewSink(spec plan.SinkSpec) (dataflow.Operator, error) {
	s := &sink{t: t, ops: spec.Mode == plan.Retract && !t.o.Upsert}
	fields := t.o.Schema.Fields
	if t.o.Schema == nil || len(fields) == 0 {
		fields = spec.Schema.Fields
	}
	s.enc = rjson.NewEncoder(&vec.Schema{Fields: fields})
	if len(t.o.Key) > 0 {
		s.key = rjson.NewEncoder((&vec.Schema{Fields: fields}).Project(t.o.Key))
	}
	if t.o.Transactional {
		return &txnSink{sink: s}, nil
	}
	return s, nil
}

// sink writes without transactions: rows are visible as they come, and a restarted job may write
// some of them again.
type sink struct {
	dataflow.Base
	t    *Target
	tc   *dataflow.TaskContext
	enc  *rjson.Encoder
	key  *rjson.Encoder
	ops  bool
	p    *Producer
	keys vec.Batch
	n    int // messages since the last flush
}

// flushEvery bounds the messages whose bytes the producer still refers to.
const flushEvery = 50_000

func (s *sink) Open(tc *dataflow.TaskContext) error {
	s.tc = tc
	s.t.mu.Lock()
	err := s.t.makeTopicLocked(tc.Ctx)
	s.t.mu.Unlock()
	if err != nil {
		return err
	}
	p, err := OpenProducer(s.t.o.Config)
	if err != nil {
		return err
	}
	s.p = p
	return nil
}

func (s *sink) Process(_ int, b *vec.Batch, _ dataflow.Output) error {
	err := s.encode(b, func(m Message) error {
		s.n++
		return s.p.Produce(s.tc.Ctx, m)
	})
	if err == nil && s.n >= flushEvery {
		s.n = 0
		err = s.p.Flush(s.tc.Ctx)
	}
	return s.blame(err)
}

func (s *sink) blame(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("write to topic %s: %w", s.t.o.Topic, err)
}

// encode makes the messages of a batch's rows.
func (s *sink) encode(b *vec.Batch, emit func(Message) error) error {
	if s.key != nil {
		s.keys = *b.Project(s.t.o.Key)
	}
	arena := make([]byte, 0, 128*b.Live())
	for k, n := 0, b.Live(); k < n; k++ {
		i := b.Row(k)
		op := b.Op(i)
		if s.t.o.Upsert && op == vec.UpdateBefore {
			continue
		}
		m := Message{Topic: s.t.o.Topic, Partition: AnyPartition}
		at := len(arena)
		if s.key != nil {
			arena = s.key.Append(arena, &s.keys, i)
			m.Key = arena[at:len(arena):len(arena)]
		}
		if at = len(arena); !s.t.o.Upsert || op != vec.Delete {
			if s.ops {
				arena = fmt.Appendf(arena, `{"op":"%s"`, vec.OpNames[op])
				from := len(arena)
				arena = s.enc.Append(arena, b, i)
				arena[from] = ','
			} else {
				arena = s.enc.Append(arena, b, i)
			}
			m.Value = arena[at:len(arena):len(arena)]
		}
		if err := emit(m); err != nil {
			return err
		}
	}
	return nil
}

func (s *sink) EndInput(int, dataflow.Output) error { return s.blame(s.p.Flush(s.tc.Ctx)) }

// Prepare makes the rows before a barrier durable; there is nothing to commit.
func (s *sink) Prepare(dataflow.CheckpointID) ([]byte, error) {
	return nil, s.blame(s.p.Flush(s.tc.Ctx))
}

func (s *sink) Commit(dataflow.CheckpointID, []byte) error { return nil }

func (s *sink) Close() error {
	if s.p != nil {
		s.p.Close()
	}
	return nil
}

// txnSink writes in transactions. Between a barrier and the commit of its checkpoint the old
// transaction must not grow, so rows wait in memory.
type txnSink struct {
	*sink
	txn     *TxnProducer
	pending bool // prepared and not committed
	waiting []Message
	begun   bool
}

func (s *txnSink) Open(tc *dataflow.TaskContext) error {
	s.tc = tc
	p, err := s.t.open(tc.Ctx, tc.Job)
	s.txn = p
	return err
}

func (s *txnSink) Process(_ int, b *vec.Batch, _ dataflow.Output) error {
	return s.blame(s.encode(b, func(m Message) error {
		if s.pending {
			s.waiting = append(s.waiting, m)
			return nil
		}
		return s.produce(m)
	}))
}

func (s *txnSink) produce(m Message) error {
	if err := s.begin(); err != nil {
		return err
	}
	return s.txn.Produce(s.tc.Ctx, m)
}

func (s *txnSink) begin() error {
	if s.begun {
		return nil
	}
	s.begun = true
	return s.txn.Begin()
}

func (s *txnSink) EndInput(int, dataflow.Output) error { return nil }

// Prepare ends the transaction's rows. The records are durable at the brokers when Commit has
// flushed them, and a crash before that aborts them together with the checkpoint.
func (s *txnSink) Prepare(id dataflow.CheckpointID) ([]byte, error) {
	if s.pending {
		return nil, fmt.Errorf("kafka: checkpoint %d began before the one before it was committed", id)
	}
	if err := s.begin(); err != nil {
		return nil, s.blame(err)
	}
	s.pending = true
	return json.Marshal(map[string]any{"transactional_id": txnID(s.tc.Job), "checkpoint": id})
}

// Commit commits the transaction together with a group offset that names the checkpoint.
func (s *txnSink) Commit(id dataflow.CheckpointID, _ []byte) error {
	if id <= s.t.committed {
		return nil // a restart: the brokers have it
	}
	off := Offsets{TopicPartition{Topic: s.t.o.Topic, Partition: 0}: 0}
	if err := s.txn.Commit(s.tc.Ctx, txnID(s.tc.Job), int64(id), off); err != nil {
		return s.blame(err)
	}
	s.pending, s.begun = false, false
	for _, m := range s.waiting {
		if err := s.produce(m); err != nil {
			return s.blame(err)
		}
	}
	s.waiting = nil
	return nil
}

// Close leaves an open transaction for the next run to abort.
func (s *txnSink) Close() error {
	if s.txn == nil {
		return nil
	}
	if s.begun && !s.pending {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = s.txn.Abort(ctx) // the next run aborts what this could not
	}
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	s.txn.Close()
	s.t.txn = nil
	return nil
}
