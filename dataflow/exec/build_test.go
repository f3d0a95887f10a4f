package exec

import (
	"testing"

	"github.com/riffle-io/riffle/dataflow"
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

// TestStopPausedBeforeBuild pauses a job before the table of its join is read, and has it stop: it reads the
// table, since no checkpoint could start without, and nothing of the stream.
func TestStopPausedBeforeBuild(t *testing.T) {
	noLeaks(t)
	table := &fakeTable{rows: 30, splits: 2}
	stream := &fakeTable{rows: 1 << 40, splits: 1, stream: true}
	key := stream.scan().Watermark.Expr
	join := &plan.Join{L: stream.scan(), R: plan.NewScan(table, ""), Kind: plan.Inner, Keys: []plan.EquiKey{{L: key, R: key}}}
	job, err := Start(t.Context(), physical(t, join), Options{Parallelism: 2, Result: nowhere})
	if err != nil {
		t.Fatal(err)
	}
	job.Pause()
	job.Stop()
	if err := job.Wait(); err != nil {
		t.Fatal(err)
	}
	if table.count() != 30 || stream.count() > 0 {
		t.Errorf("read %d rows of the table and %d of the stream", table.count(), stream.count())
	}
}

// closedTable counts how often its source was closed.
type closedTable struct {
	*fakeTable
	closed int
}

func (c *closedTable) Source(*plan.Scan) (dataflow.Source, error) {
	return &closedSource{fakeSource{c.fakeTable}, c}, nil
}

type closedSource struct {
	fakeSource
	t *closedTable
}

func (c *closedSource) Close() error { c.t.closed++; return nil }

// TestSourceIsClosed runs a job over a source that keeps something for all of its readers.
func TestSourceIsClosed(t *testing.T) {
	table := &closedTable{fakeTable: &fakeTable{rows: 10, splits: 2}}
	if _, err := Run(t.Context(), physical(t, plan.NewScan(table, "")), Options{Parallelism: 2, Result: nowhere}); err != nil {
		t.Fatal(err)
	}
	if table.closed != 1 {
		t.Errorf("closed %d times", table.closed)
	}
}
