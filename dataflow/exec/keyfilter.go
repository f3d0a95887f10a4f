package exec

import (
	"fmt"
	"slices"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/op"
	"github.com/riffle-io/riffle/dataflow/plan"
)

// keysOf is one key of a join's build side, as a runtime filter.
type keysOf struct {
	table *op.JoinTable
	key   int
	built *shared
}

// giveKeys notes the build side of a join under the numbers by which scans ask for its keys. The
// scans are on its probe side, so they are built later and cannot be waited for in turn.
func (b *builder) giveKeys(n *plan.Join, t *op.JoinTable, built *shared) {
	for key, number := range n.Filters {
		if number > 0 {
			if b.keys == nil {
				b.keys = map[int]keysOf{}
			}
			b.keys[number] = keysOf{t, key, built}
		}
	}
}

// filterKeys hands a scan's runtime filters to its source, and lists what must be built before the
// source is read. A source that takes none gives all rows, which the join then drops.
func (b *builder) filterKeys(n *plan.Scan, src dataflow.Source) ([]*shared, error) {
	f, ok := src.(dataflow.KeyFiltered)
	if !ok || len(n.KeyCols) == 0 {
		return nil, nil
	}
	var cols []int
	var filters []dataflow.KeyFilter
	s := &stage{}
	for _, k := range n.KeyCols {
		from, ok := b.keys[k.Filter]
		if !ok {
			return nil, fmt.Errorf("exec: no join has the keys #%d of %s", k.Filter, n.Describe())
		}
		cols, filters = append(cols, k.Col), append(filters, from.table.KeyFilter(from.key))
		s.wait(from.built)
	}
	f.FilterKeys(cols, filters)
	return s.waitFor, nil
}

// wait makes the stage's tasks wait for what another stage builds.
func (s *stage) wait(sh *shared) {
	if !slices.Contains(s.waitFor, sh) {
		s.waitFor = append(s.waitFor, sh)
	}
}
