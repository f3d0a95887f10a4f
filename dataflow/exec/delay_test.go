package exec

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// slowOp holds watermarks back until it is flushed.
type slowOp struct {
	dataflow.Base
	holds  bool
	passed dataflow.Time
}

func (s *slowOp) Process(int, *vec.Batch, dataflow.Output) error { s.holds = true; return nil }
func (s *slowOp) Flush(dataflow.Output) error                    { s.holds = false; return nil }

func (s *slowOp) Due() (at time.Time) {
	if s.holds {
		at = time.Now()
	}
	return at
}

func (s *slowOp) Advance(wm dataflow.Time, _ dataflow.Output) (dataflow.Time, error) {
	if !s.holds {
		s.passed = wm
	}
	return s.passed, nil
}

// eventLog is a tail that notes control events.
type eventLog struct{ got []dataflow.Event }

func (*eventLog) Emit(*vec.Batch) error { return nil }
func (*eventLog) flush() error          { return nil }
func (l *eventLog) broadcast(e dataflow.Event) error {
	l.got = append(l.got, e)
	return nil
}

// TestIdleComesAfterWhatWasHeld: a receiver that was told of a silent input must not hear a watermark
// of it afterwards, which would have it wait for more.
func TestIdleComesAfterWhatWasHeld(t *testing.T) {
	log := &eventLog{}
	tk := &task{stage: &stage{name: "stage", pools: []*batchPool{newBatchPool([]vec.Type{vec.TInt64})}}, in: newInbox(1)}
	tk.align = newAligner(tk.in, []int{0}, 1)
	tk.chain = newChain(tk, []*link{{op: &slowOp{passed: dataflow.MinTime}, name: "slow", stats: newCounters()}}, log)
	b := tk.stage.pools[0].get()
	b.AppendRow(vec.IntValue(1))
	for _, e := range []dataflow.Event{{Kind: dataflow.KindBatch, Batch: b}, {Kind: dataflow.KindWatermark, Time: 7}, {Kind: dataflow.KindIdle}} {
		if err := tk.handle(0, e); err != nil {
			t.Fatal(err)
		}
	}
	if err := tk.settle(); err != nil {
		t.Fatal(err)
	}
	if err := tk.chain.flush(); err != nil { // as the timer of settle does, or a barrier
		t.Fatal(err)
	}
	want := []dataflow.Event{{Kind: dataflow.KindWatermark, Time: 7}, {Kind: dataflow.KindIdle}}
	if !slices.Equal(log.got, want) {
		t.Errorf("got %+v, want %+v", log.got, want)
	}
}

// brokenSink has a snapshot, and cannot prepare.
type brokenSink struct {
	dataflow.Base
	released bool
}

var errBroken = errors.New("broken")

func (b *brokenSink) Snapshot(dataflow.CheckpointID) (dataflow.Snapshot, error) { return b, nil }
func (*brokenSink) Restore(dataflow.SnapshotReader) error                       { return nil }
func (*brokenSink) Write(dataflow.SnapshotWriter) error                         { return nil }
func (b *brokenSink) Release()                                                  { b.released = true }
func (*brokenSink) Process(int, *vec.Batch, dataflow.Output) error              { return nil }
func (*brokenSink) Prepare(dataflow.CheckpointID) ([]byte, error)               { return nil, errBroken }
func (*brokenSink) Commit(dataflow.CheckpointID, []byte) error                  { return nil }

// TestFailedBarrierLetsGo: a snapshot may hold files, which stay until somebody releases it.
func TestFailedBarrierLetsGo(t *testing.T) {
	sink := &brokenSink{}
	tk := &task{job: &Job{opts: Options{Store: &state.Store{}}}, stage: &stage{name: "stage"}}
	tk.chain = newChain(tk, []*link{{op: sink, name: "sink", stats: newCounters()}}, &eventLog{})
	tk.job.coord = newCoordinator(tk.job)
	if err := tk.job.coord.snapshot(tk, 1); !errors.Is(err, errBroken) || !sink.released {
		t.Errorf("released %v, %v", sink.released, err)
	}
}
