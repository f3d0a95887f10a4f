package exec

import (
	"fmt"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// watermarkRows is how many rows of a split share one watermark. Watermarks are taken at fixed row
// numbers and not at batch ends, so that which rows are late does not depend on how the rows were
// fetched, and a job that crashed and came back decides as before.
const watermarkRows = 2048

// catchUp is how long a split must have been silent before its watermark covers the rows since
// the last fixed row number.
const catchUp = 200 * time.Millisecond

// feed passes rows on in pieces that end at fixed row numbers, and takes the watermark there.
func (st *sourceTask) feed(o *openSplit, b *vec.Batch) error {
	o.lastRow, o.caughtUp, o.idle = time.Now(), false, false
	if st.idle {
		if err := st.advance(); err != nil {
			return err
		}
	}
	if b.Sel != nil {
		return fmt.Errorf("exec: source with event time returned a selection")
	}
	v, err := st.wmEval.Eval(b)
	if err != nil {
		return err
	}
	for from := 0; from < b.N; {
		to := min(b.N, from+int(watermarkRows-o.st.Rows%watermarkRows))
		piece := b
		if to-from < b.N {
			piece = b.WithSel(span(from, to))
		}
		o.st.Pending = max(o.st.Pending, maxTime(v, from, to))
		if err := st.t.chain.process(0, piece); err != nil {
			return err
		}
		o.st.Rows += int64(to - from)
		if o.st.Rows%watermarkRows == 0 && o.st.Pending > o.st.Watermark {
			o.st.Watermark = o.st.Pending
			if err := st.advance(); err != nil {
				return err
			}
		}
		from = to
	}
	return nil
}

func span(from, to int) []int32 {
	sel := make([]int32, 0, to-from)
	for i := from; i < to; i++ {
		sel = append(sel, int32(i))
	}
	return sel
}

func maxTime(v *vec.Vec, from, to int) dataflow.Time {
	top := dataflow.MinTime
	if v.Form == vec.Flat && v.Valid == nil {
		for _, x := range v.I64[from:to] {
			top = max(top, x)
		}
		return top
	}
	for i := from; i < to; i++ {
		if !v.IsNull(i) {
			top = max(top, v.Base().I64[v.Index(i)])
		}
	}
	return top
}

// advance emits the minimum of the splits' watermarks when it rose, and tells when all are idle.
func (st *sourceTask) advance() error {
	if st.s.watermark == nil {
		return nil
	}
	low, live := dataflow.MaxTime, false
	if st.s.queue {
		low = st.s.unreadTime()
	}
	for _, o := range st.open {
		if !o.idle && !o.st.Finished {
			low, live = min(low, o.st.Watermark), true
		}
	}
	if !live {
		if len(st.open) > 0 && !st.idle {
			st.idle = true
			return st.t.chain.idle()
		}
		return nil
	}
	if low <= st.wm && !st.idle {
		return nil
	}
	resume := st.idle
	st.idle, st.wm = false, max(st.wm, low)
	if err := st.t.chain.advance(st.wm); err != nil || !resume {
		return err
	}
	return st.t.chain.repeat()
}

// silence lets the watermarks of silent splits catch up with their rows and marks splits idle; it
// returns when to look again, 0 for not at all.
func (st *sourceTask) silence(now time.Time) (time.Duration, error) {
	if st.s.watermark == nil {
		return 0, nil
	}
	var wait time.Duration
	sooner := func(d time.Duration) {
		if wait == 0 || d < wait {
			wait = max(d, time.Millisecond)
		}
	}
	changed := false
	for _, o := range st.open {
		quiet := now.Sub(o.lastRow)
		if !o.caughtUp && quiet >= catchUp {
			o.caughtUp, changed = true, true
			o.st.Watermark = max(o.st.Watermark, o.st.Pending)
			o.note(0)
		} else if !o.caughtUp {
			sooner(catchUp - quiet)
		}
		if idle := time.Duration(st.s.idleAfter.Load()) * time.Microsecond; idle > 0 && !o.idle {
			if quiet >= idle {
				o.idle, changed = true, true
				o.note(0)
			} else {
				sooner(idle - quiet)
			}
		}
	}
	if !changed {
		return wait, nil
	}
	return wait, st.advance()
}

// unreadTime is the smallest event time that a split in the queue may hold.
func (s *sourceStage) unreadTime() dataflow.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	low := dataflow.MaxTime
	for _, sp := range s.splits[min(s.next, len(s.splits)):] {
		if !s.saved[sp.ID].Finished {
			low = min(low, sp.MinTime)
			break // the rest is later
		}
	}
	return low
}
