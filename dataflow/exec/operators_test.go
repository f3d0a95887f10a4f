package exec

import (
	"slices"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// TestBudgetNames: what asks for more memory than there is has a name in the error that a person
// knows from the query.
func TestBudgetNames(t *testing.T) {
	f := &fakeTable{rows: 3, splits: 1}
	col := func(name string) expr.Expr { return &expr.Col{Idx: 0, Name: name, T: vec.TInt64} }
	var names []string
	j := &Job{opts: Options{Budget: func(name string) dataflow.Budget {
		names = append(names, name)
		return &noLimit{}
	}}}
	keys := []plan.EquiKey{{L: col("user"), R: col("id")}, {L: col("day"), R: col("date")}}
	for _, n := range []*plan.Join{
		{L: f.scan(), R: f.scan(), Kind: plan.Inner, Keys: keys[:1]},
		{L: f.scan(), R: f.scan(), Kind: plan.Left, Keys: keys},
		{L: f.scan(), R: f.scan(), Kind: plan.Inner},
	} {
		if _, err := j.joinTable(n); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := j.aggregate(&plan.Aggregate{In: f.scan(), Keys: []expr.Expr{col("user"), col("day")}, Names: []string{"user", "day"}, Clustered: true}); err != nil {
		t.Fatal(err)
	}
	want := []string{"join on user = id", "join on user = id AND day = date", "join without equal keys", "aggregation by user, day"}
	if !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
}
