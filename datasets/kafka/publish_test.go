package kafka

import (
	"fmt"
	"testing"

	"github.com/riffle-io/riffle/dataflow/plan"
)

// TestPublish commits the positions of several checkpoints over one connection, which ends with the source.
func TestPublish(t *testing.T) {
	c, a := newTopic(t, 2)
	ctx := testContext(t)
	table, err := OpenTable(ctx, TableOptions{Config: c, Topic: "t", Group: "watched", Fields: []Field{}})
	check(t, err)
	src, err := table.Source(plan.NewScan(table, ""))
	check(t, err)
	s := src.(*source)
	var first *Admin
	for n := range 3 {
		at := fmt.Appendf(nil, `{"offset":%d}`, n)
		check(t, s.Publish(ctx, map[string][]byte{"t/0": at, "t/1": []byte(`{"offset":7}`)}))
		if n == 0 {
			first = s.admin
		}
		if s.admin == nil || s.admin != first {
			t.Errorf("commit %d opened another connection", n)
		}
	}
	offsets, err := a.GroupOffsets(ctx, "watched")
	check(t, err)
	if offsets[TopicPartition{"t", 0}] != 2 || offsets[TopicPartition{"t", 1}] != 7 {
		t.Errorf("offsets %v", offsets)
	}
	check(t, s.Close())
	if s.admin != nil {
		t.Error("the connection stays")
	}
}
