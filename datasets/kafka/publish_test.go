package kafka

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
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

// TestPositionKnowsItsTopic goes on from a position of a topic that was deleted and created anew in between, with
// as many records.
func TestPositionKnowsItsTopic(t *testing.T) {
	c, a := newTopic(t, 1)
	ctx := testContext(t)
	fill := func() { t.Helper(); write(t, c, 0, 10) }
	fill()
	table, err := OpenTable(ctx, TableOptions{Config: c, Topic: "t", Fields: []Field{}})
	check(t, err)
	scan := plan.NewScan(table, "")
	src, err := table.Source(scan)
	check(t, err)
	splits, err := src.Splits(ctx)
	check(t, err)
	from := func(pos []byte, n int) ([]byte, error) {
		woken := make(chan struct{}, 1)
		r, err := src.Open(ctx, splits[0], pos, func() {
			select {
			case woken <- struct{}{}:
			default:
			}
		})
		check(t, err)
		defer r.Close()
		for n > 0 {
			b, err := r.Next()
			if errors.Is(err, dataflow.ErrNoRows) {
				<-woken
				continue
			}
			if err != nil {
				return nil, err
			}
			n -= b.N
		}
		return r.Position(), nil
	}
	pos, err := from(nil, 10)
	check(t, err)
	var at struct {
		Offset int64
		Topic  string
	}
	check(t, json.Unmarshal(pos, &at))
	if cluster, topic, ok := strings.Cut(at.Topic, "/"); at.Offset != 10 || !ok || cluster == "" || len(topic) != 32 {
		t.Errorf("position %s", pos)
	}
	write(t, c, 10, 12)
	if again, err := from(pos, 2); err != nil || !strings.Contains(string(again), `"offset":12`) {
		t.Errorf("the same topic: %s, %v", again, err)
	}
	check(t, a.DeleteTopic(ctx, "t"))
	createTopic(t, a, "t", 1)
	fill()
	write(t, c, 10, 12)
	if _, err := from(pos, 2); !errors.Is(err, ErrRecreated) {
		t.Errorf("a topic made anew: %v", err)
	}
	if got, err := from([]byte(`{"offset":10}`), 2); err != nil || len(got) == 0 {
		t.Errorf("a position of before topics were kept: %v", err)
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{{"", "x/01", false}, {"x/01", "", false}, {"x/01", "x/01", false}, {"x/01", "x/02", true}, {"x/01", "y/02", false}} {
		if another(c.a, c.b) != c.want {
			t.Errorf("%s and %s: not %v", c.a, c.b, c.want)
		}
	}
}
