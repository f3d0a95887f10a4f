package exec

import (
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

func barrier(id dataflow.CheckpointID) dataflow.Event {
	return dataflow.Event{Kind: dataflow.KindBarrier, Ckpt: id}
}

// TestAlignHoldsBack: rows behind a barrier wait until every channel has delivered it, and rows in
// front of it do not.
func TestAlignHoldsBack(t *testing.T) {
	in := newInbox(2)
	a := newAligner(in, []int{0, 0}, 1)
	row := func() dataflow.Event {
		return dataflow.Event{Kind: dataflow.KindBatch, Batch: vec.NewBatch(nil)}
	}
	send := func(ch int, e dataflow.Event) {
		if err := in.put(ch, e, &clock{}); err != nil {
			t.Fatal(err)
		}
	}
	send(0, barrier(1))
	send(0, row())
	send(1, row())
	send(1, barrier(1))
	var order []string
	for {
		ch, e, _, ok, err := in.get(false)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		if e.Kind == dataflow.KindBatch {
			order = append(order, []string{"row 0", "row 1"}[ch])
		} else if a.take(ch, e) {
			order = append(order, "aligned")
		}
	}
	if len(order) != 3 || order[0] != "row 1" || order[1] != "aligned" || order[2] != "row 0" {
		t.Errorf("order %q", order)
	}
}

// TestAlignEndedChannel: an ended channel counts as aligned, whether it ends before or after the
// others deliver the barrier.
func TestAlignEndedChannel(t *testing.T) {
	a := newAligner(newInbox(2), []int{0, 1}, 2)
	if in, done, complete := a.end(1); in != 1 || !done || complete {
		t.Errorf("end without barrier: %d %t %t", in, done, complete)
	}
	if !a.take(0, barrier(1)) {
		t.Error("the barrier of the only live channel does not complete")
	}
	a = newAligner(newInbox(3), []int{0, 0, 1}, 2)
	if a.take(0, barrier(1)) || a.take(2, barrier(1)) {
		t.Error("complete without channel 1")
	}
	if in, done, complete := a.end(1); in != 0 || done || !complete {
		t.Errorf("end of the channel that was waited for: %d %t %t", in, done, complete)
	}
}

func TestAlignWatermarks(t *testing.T) {
	a := newAligner(newInbox(2), []int{0, 0}, 1)
	check := func(what string, wm dataflow.Time, ok bool, want dataflow.Time, wantOK bool) {
		t.Helper()
		if ok != wantOK || ok && wm != want {
			t.Errorf("%s: %d %t, want %d %t", what, wm, ok, want, wantOK)
		}
	}
	wm, ok := a.watermark(0, 10)
	check("one of two", wm, ok, 0, false)
	wm, ok = a.watermark(1, 5)
	check("minimum", wm, ok, 5, true)
	wm, ok = a.watermark(1, 3)
	check("one that falls", wm, ok, 0, false)
	wm, ok = a.setIdle(1)
	check("idle", wm, ok, 10, true)
	wm, ok = a.watermark(1, 7)
	check("awake and behind", wm, ok, 0, false)
	wm, ok = a.setIdle(0)
	check("the other idle", wm, ok, 0, false)
	if a.allIdle() {
		t.Error("all idle")
	}
	a.setIdle(1)
	if !a.allIdle() {
		t.Error("not all idle")
	}
	a.end(0)
	a.end(1)
	wm, ok = a.merge()
	check("all ended", wm, ok, dataflow.MaxTime, true)
}
