package exec

import (
	"github.com/riffle-io/riffle/dataflow"
)

// aligner merges the control events of a task's input channels: watermarks by minimum, barriers by
// waiting for all, ends by counting. It is the only place that knows how.
//
// A channel is in one of three states: live; held, when it delivered the barrier that others still
// owe; ended, which counts as aligned and holds no watermark.
type aligner struct {
	in      *inbox
	wms     []dataflow.Time // by channel; MaxTime when ended
	idle    []bool
	ended   []bool
	held    []bool
	live    int
	wm      dataflow.Time // the minimum that was passed on
	barrier dataflow.Event
	pending int   // channels that delivered the barrier
	inputs  []int // channel -> input of the first operator
	openIn  []int // live channels an input
}

func newAligner(in *inbox, inputs []int, numInputs int) *aligner {
	n := len(inputs)
	a := &aligner{in: in, wms: make([]dataflow.Time, n), idle: make([]bool, n), ended: make([]bool, n),
		held: make([]bool, n), live: n, wm: dataflow.MinTime, inputs: inputs, openIn: make([]int, numInputs)}
	for i := range a.wms {
		a.wms[i] = dataflow.MinTime
		a.openIn[inputs[i]]++
	}
	return a
}

// watermark notes a channel's promise; ok tells that the merged watermark rose.
func (a *aligner) watermark(ch int, wm dataflow.Time) (dataflow.Time, bool) {
	a.idle[ch] = false
	a.wms[ch] = max(a.wms[ch], wm)
	return a.merge()
}

func (a *aligner) setIdle(ch int) (dataflow.Time, bool) {
	a.idle[ch] = true
	return a.merge()
}

// merge computes the minimum over channels that are neither idle nor ended. When all are idle the
// watermark stands still; when all have ended it is MaxTime.
func (a *aligner) merge() (dataflow.Time, bool) {
	low, any := dataflow.MaxTime, a.live == 0
	for ch, wm := range a.wms {
		if !a.ended[ch] && !a.idle[ch] {
			low, any = min(low, wm), true
		}
	}
	if !any || low <= a.wm {
		return a.wm, false
	}
	a.wm = low
	return low, true
}

// allIdle is true when there are live channels and each is idle.
func (a *aligner) allIdle() bool {
	for ch := range a.idle {
		if !a.ended[ch] && !a.idle[ch] {
			return false
		}
	}
	return a.live > 0
}

// take notes a barrier. complete tells that every channel has delivered it or has ended; the
// barrier then passes on and the held channels go free.
func (a *aligner) take(ch int, e dataflow.Event) (complete bool) {
	a.barrier = e
	a.held[ch] = true
	a.pending++
	a.in.hold(ch)
	return a.aligned()
}

func (a *aligner) aligned() bool {
	if a.pending == 0 || a.pending < a.live {
		return false
	}
	a.pending = 0
	clear(a.held)
	a.in.release()
	return true
}

// end notes the end of a channel: which input it fed, whether that input is complete with it, and
// whether a barrier that others wait for is now aligned.
func (a *aligner) end(ch int) (input int, inputDone, complete bool) {
	a.ended[ch] = true
	a.wms[ch] = dataflow.MaxTime
	if a.held[ch] { // cannot be: a held channel delivers nothing
		a.held[ch] = false
		a.pending--
	}
	a.live--
	input = a.inputs[ch]
	a.openIn[input]--
	return input, a.openIn[input] == 0, a.aligned()
}
