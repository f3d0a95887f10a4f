package exec

import (
	"testing"

	"github.com/riffle-io/riffle/dataflow/plan"
)

// TestStopDuringBuild asks a job to stop while the table of its join is read, when no checkpoint can start.
// It stops as soon as the table is complete, with no tick to wait for.
func TestStopDuringBuild(t *testing.T) {
	noLeaks(t)
	building, asked := make(chan struct{}), make(chan struct{})
	table := &fakeTable{rows: 3, splits: 1, next: func(n int) error {
		if n == 2 {
			close(building)
			<-asked
		}
		return nil
	}}
	stream := &fakeTable{rows: 1 << 40, splits: 1, stream: true}
	key := stream.scan().Watermark.Expr
	join := &plan.Join{L: stream.scan(), R: plan.NewScan(table, ""), Kind: plan.Inner, Keys: []plan.EquiKey{{L: key, R: key}}}
	job, err := Start(t.Context(), physical(t, join), Options{Parallelism: 1, Result: nowhere})
	if err != nil {
		t.Fatal(err)
	}
	go func() { <-building; job.Stop(); close(asked) }()
	if err := job.Wait(); err != nil {
		t.Fatal(err)
	}
}
