package repl

import (
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
)

// TestWhoHolds: the partition that is furthest back, and none where there is no event time.
func TestWhoHolds(t *testing.T) {
	const none = dataflow.MinTime
	for _, c := range []struct {
		marks []dataflow.Time
		holds int // -1: none
	}{
		{[]dataflow.Time{none, none}, -1},
		{[]dataflow.Time{5, none, 7}, 1},
		{[]dataflow.Time{5, 3, 7}, 1},
		{[]dataflow.Time{5}, -1}, // nobody waits for the only one
	} {
		var splits []exec.SplitMetrics
		for i, wm := range c.marks {
			splits = append(splits, exec.SplitMetrics{ID: "t/" + string(rune('0'+i)), Watermark: wm})
		}
		for i, p := range partitions(splits) {
			if p.Holds != (i == c.holds) {
				t.Errorf("%v: partition %d holds: %v", c.marks, i, p.Holds)
			}
		}
	}
}
