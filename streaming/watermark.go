package streaming

import (
	"errors"
	"fmt"
	"time"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// ErrEventTime means that a column cannot be event time.
var ErrEventTime = errors.New("not an event time column")

// BoundedOutOfOrderness is the watermark of rows that are at most delay behind the latest one: the
// strategy of WATERMARK FOR col AS col - INTERVAL.
func BoundedOutOfOrderness(s *vec.Schema, col string, delay time.Duration) (*plan.Watermark, error) {
	i := s.Index(col)
	if i < 0 {
		return nil, fmt.Errorf("%w: there is no column %q", ErrEventTime, col)
	}
	f := s.Fields[i]
	if f.Type.Kind != vec.Timestamp && f.Type.Kind != vec.TimestampTZ {
		return nil, fmt.Errorf("%w: column %s is %s", ErrEventTime, col, f.Type)
	}
	var e expr.Expr = &expr.Col{Idx: i, Name: f.Name, T: f.Type}
	if delay != 0 {
		var err error
		if e, err = expr.NewCall("-", e, &expr.Lit{Val: vec.IvValue(vec.Interval{Micros: delay.Microseconds()}), T: vec.TInterval}); err != nil {
			return nil, err
		}
	}
	return &plan.Watermark{Col: i, Expr: e}, nil
}

// Ascending is the watermark of rows that come in order of event time.
func Ascending(s *vec.Schema, col string) (*plan.Watermark, error) {
	return BoundedOutOfOrderness(s, col, 0)
}

// WithIdleness is w, but a split that has been silent for d of processing time no longer holds it
// back.
func WithIdleness(w *plan.Watermark, d time.Duration) *plan.Watermark {
	c := *w
	c.Idle = d.Microseconds()
	return &c
}
