package streaming

import (
	"errors"
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func TestStrategies(t *testing.T) {
	s := vec.NewSchema(vec.Field{Name: "n", Type: vec.TInt64}, vec.Field{Name: "ts", Type: vec.TTimestamp})
	w, err := BoundedOutOfOrderness(s, "ts", 90*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Expr.String(); got != "(ts - INTERVAL '00:01:30')" || w.Col != 1 {
		t.Errorf("watermark is %s of column %d", got, w.Col)
	}
	if idle := WithIdleness(w, time.Second); idle.Idle != 1_000_000 || w.Idle != 0 {
		t.Errorf("idleness %d, and %d in the original", idle.Idle, w.Idle)
	}
	if w, err = Ascending(s, "ts"); err != nil || w.Expr.String() != "ts" {
		t.Errorf("ascending: %v, %v", w, err)
	}
	for _, col := range []string{"n", "nope"} {
		if _, err := Ascending(s, col); !errors.Is(err, ErrEventTime) {
			t.Errorf("%s: %v", col, err)
		}
	}
}
