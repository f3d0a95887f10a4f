package op

import (
	"errors"
	"fmt"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/spill"
)

// overdraft is a budget that can be overdrawn, within bounds: by a batch that has to be taken in
// full (a budget that is not strict), or by state that has to stay in memory: updating
// aggregations and stream joins. EXPLAIN ANALYZE says how much that was.
type overdraft struct {
	b      dataflow.Budget
	strict bool // pass refusals on, beyond slack
	slack  int64
	state  string // not empty: what is in memory, and how there would be less; beyond stateSlack that is an error
	over   int64
	peak   int64
}

// stateSlack is what state that has to stay in memory may take beyond the budget.
const stateSlack = 4 << 20

// ErrState tells that the state of an operator does not fit in memory.
var ErrState = errors.New("the state does not fit in memory")

// Grow never returns spill.ErrOverBudget unless it is strict. It returns ErrState when state has used
// up its slack.
func (o *overdraft) Grow(n int64) error {
	err := o.b.Grow(n)
	if !errors.Is(err, spill.ErrOverBudget) || o.strict && o.over+n > o.slack {
		return err
	}
	if o.state != "" && o.over+n > stateSlack {
		return fmt.Errorf("%w and cannot go to disk: %s, or give the process more memory (--memory): %w", ErrState, o.state, err)
	}
	o.over += n
	o.peak = max(o.peak, o.over)
	return nil
}

// Shrink gives back what was taken beyond the budget first.
func (o *overdraft) Shrink(n int64) {
	k := min(n, o.over)
	o.over -= k
	if n > k {
		o.b.Shrink(n - k)
	}
}

func (o *overdraft) explain() string {
	if o.peak == 0 {
		return ""
	}
	return fmt.Sprintf("state took %d bytes more than the budget gives", o.peak)
}
