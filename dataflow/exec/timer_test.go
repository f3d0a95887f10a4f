package exec

import (
	"context"
	"errors"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// silentSource never has rows and never ends.
type silentSource struct{ fakeSource }

func (silentSource) Open(context.Context, dataflow.Split, []byte, func()) (dataflow.Reader, error) {
	return silentReader{}, nil
}

type silentReader struct{ closedReader }

func (silentReader) Next() (*vec.Batch, error) { return nil, dataflow.ErrNoRows }

type silentTable struct{ *fakeTable }

func (s silentTable) Source(*plan.Scan) (dataflow.Source, error) {
	return silentSource{fakeSource(s)}, nil
}

var errThird = errors.New("third call")

// timedSink fails at the third call of its timer.
type timedSink struct {
	dataflow.Base
	calls int
}

func (*timedSink) Process(int, *vec.Batch, dataflow.Output) error { return nil }
func (*timedSink) Interval() int64                                { return 1000 }
func (s *timedSink) OnTimer(dataflow.Time, dataflow.Output) error {
	if s.calls++; s.calls == 3 {
		return errThird
	}
	return nil
}

type timedTarget struct{ fakeTarget }

func (timedTarget) NewSink(plan.SinkSpec) (dataflow.Operator, error) { return &timedSink{}, nil }

// TestTimers checks that an operator's timer is called in its task while the task waits for rows,
// and that its error is the job's.
func TestTimers(t *testing.T) {
	scan := plan.NewScan(silentTable{&fakeTable{stream: true, splits: 1}}, "")
	_, err := Run(context.Background(), &plan.Sink{In: scan, Target: &timedTarget{}}, Options{Parallelism: 1})
	var te *dataflow.TaskError
	if !errors.Is(err, errThird) || !errors.As(err, &te) || te.Operator != "Sink" {
		t.Fatalf("got %v", err)
	}
}
