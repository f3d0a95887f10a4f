// Package streaming runs unbounded plans.
//
//	logical plan ─► optimizer ─► exec, with the unbounded policy ─► Job ── until: time, watermark, Stop
//
// The policy: watermarks rise while rows come; checkpoints are taken at an interval without stopping
// input, and sinks commit with them; a job that is stopped leaves open windows in its last checkpoint
// and does not fire them. The place of the DataStream API, whose operations build the same logical
// plans as SQL.
//
// What it does not do: it opens no tables. Plans come with theirs.
package streaming

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
)

// Until says when to stop a stream that does not end by itself. The zero value is never.
type Until struct {
	For       time.Duration // of processing time; 0: no limit
	Watermark dataflow.Time // of the result; 0: no limit
}

// Start runs a physical plan and stops it as until says.
func Start(ctx context.Context, phys plan.Node, o exec.Options, until Until) (*exec.Job, error) {
	var job atomic.Pointer[exec.Job]
	if until.Watermark != 0 {
		next := o.OnWatermark
		o.OnWatermark = func(wm dataflow.Time) {
			if next != nil {
				next(wm)
			}
			if j := job.Load(); j != nil && wm >= until.Watermark && wm < dataflow.MaxTime {
				go j.Stop()
			}
		}
	}
	j, err := exec.Start(ctx, phys, o)
	if err != nil {
		return nil, err
	}
	job.Store(j)
	if until.For > 0 {
		t := time.AfterFunc(until.For, j.Stop)
		context.AfterFunc(ctx, func() { t.Stop() })
	}
	return j, nil
}
