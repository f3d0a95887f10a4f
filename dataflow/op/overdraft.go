package op

import (
	"errors"
	"fmt"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/spill"
)

// overdraft is the budget of operators whose state has to stay in memory: open windows, updating
// aggregations, stream joins. What the budget refuses they take all the same, and EXPLAIN ANALYZE
// says how much that was.
type overdraft struct {
	b      dataflow.Budget
	strict bool // pass refusals on
	over   int64
	peak   int64
}

// Grow never returns spill.ErrOverBudget unless it is strict.
func (o *overdraft) Grow(n int64) error {
	err := o.b.Grow(n)
	if !o.strict && errors.Is(err, spill.ErrOverBudget) {
		o.over += n
		o.peak = max(o.peak, o.over)
		return nil
	}
	return err
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
