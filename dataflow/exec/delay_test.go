package exec

import (
	"errors"
	"fmt"
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

// slowTask is a task of a slowOp with some channels.
func slowTask(channels int) (*task, *eventLog) {
	log := &eventLog{}
	pool := newBatchPool([]vec.Type{vec.TInt64})
	tk := &task{stage: &stage{name: "stage", pools: slices.Repeat([]*batchPool{pool}, channels)}, in: newInbox(channels)}
	tk.align = newAligner(tk.in, make([]int, channels), 1)
	tk.chain = newChain(tk, []*link{{op: &slowOp{passed: dataflow.MinTime}, name: "slow", stats: newCounters()}}, log)
	return tk, log
}

// TestIdleComesAfterWhatWasHeld: a receiver that was told of a silent input must not hear a watermark
// of it afterwards, which would have it wait for more.
func TestIdleComesAfterWhatWasHeld(t *testing.T) {
	tk, log := slowTask(1)
	b := tk.stage.pools[0].get()
	b.AppendRow(vec.IntValue(1))
	for _, e := range []dataflow.Event{{Kind: dataflow.KindBatch, Batch: b}, {Kind: dataflow.KindWatermark, Time: 7}, {Kind: dataflow.KindIdle}} {
		if err := tk.handle(0, e); err != nil {
			t.Fatal(err)
		}
	}
	if err := tk.chain.flush(); err != nil { // as the timer of settle does, or a barrier
		t.Fatal(err)
	}
	want := []dataflow.Event{{Kind: dataflow.KindWatermark, Time: 7}, {Kind: dataflow.KindIdle}}
	if !slices.Equal(log.got, want) {
		t.Errorf("got %+v, want %+v", log.got, want)
	}
}

// TestIdlePassesThrough: receivers hear that a task's inputs are all silent, also when the last that was
// not ends, and that one of them is silent no longer, also when its watermark has not risen.
func TestIdlePassesThrough(t *testing.T) {
	tk, log := slowTask(3)
	for _, s := range []struct {
		ch   int
		e    dataflow.Event
		want string
	}{
		{0, dataflow.Event{Kind: dataflow.KindWatermark, Time: 7}, ""},
		{1, dataflow.Event{Kind: dataflow.KindWatermark, Time: 8}, ""},
		{2, dataflow.Event{Kind: dataflow.KindIdle}, "wm 7 "},
		{1, dataflow.Event{Kind: dataflow.KindIdle}, ""},
		{0, dataflow.Event{Kind: dataflow.KindEnd}, "idle "},
		{1, dataflow.Event{Kind: dataflow.KindWatermark, Time: 7}, "wm 8 wm 8 "},
		{1, dataflow.Event{Kind: dataflow.KindIdle}, "idle "},
		{1, dataflow.Event{Kind: dataflow.KindWatermark, Time: 8}, "wm 8 "},
	} {
		log.got = nil
		if err := tk.handle(s.ch, s.e); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, e := range log.got {
			if e.Kind == dataflow.KindIdle {
				got += "idle "
			} else {
				got += fmt.Sprintf("wm %d ", e.Time)
			}
		}
		if got != s.want {
			t.Errorf("%+v of channel %d passes on %q, want %q", s.e, s.ch, got, s.want)
		}
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
