// Package batch runs bounded plans.
//
//	logical plan ─► optimizer ─► exec, with the bounded policy ─► Job
//
// The policy: the input ends; splits are taken from a shared queue; operators may block and spill; there
// are no watermarks before the end, so no row is late; there is one checkpoint, at the end, with which
// sinks commit. The place of the DataSet API, whose operations build the same logical plans as SQL.
//
// What it does not do: it opens no tables. Plans come with theirs.
package batch

import (
	"context"
	"fmt"

	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/optimizer"
)

// Start runs a physical plan that reads nothing unbounded. Options that belong to streams
// (Checkpoint) are left out; a Store is used for the end alone.
func Start(ctx context.Context, phys plan.Node, o exec.Options) (*exec.Job, error) {
	if plan.Unbounded(phys) {
		return nil, fmt.Errorf("%w as a batch: it reads an input that does not end", optimizer.ErrPlan)
	}
	if o.Store == nil {
		o.Checkpoint = 0
	}
	return exec.Start(ctx, phys, o)
}
