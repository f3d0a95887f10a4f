package repl

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/optimizer"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/sql"
)

// operatorCost is what the optimizer expects of an operator of a plan.
type operatorCost struct {
	Depth    int    `json:"depth"` // 0 is the root; an input is one deeper
	Operator string `json:"operator"`
	// Rows is how many it gives, at most those of a LIMIT; absent where they do not end.
	Rows *int64 `json:"rows,omitempty"`
	// Guess says that the size of a table below is not known, and taken to be what the optimizer
	// takes then.
	Guess bool `json:"guess,omitempty"`
	// TableBytes is the size of a scan's whole table, before compression; absent where the
	// table does not tell.
	TableBytes *int64 `json:"table_bytes,omitempty"`
	State      string `json:"state,omitempty"` // of an unbounded input: what bounds it, bytes a key
}

// planCost is what EXPLAIN (COST, FORMAT json) shows, on one line.
type planCost struct {
	V         int            `json:"v"`
	Mode      string         `json:"mode"`
	Key       []string       `json:"key,omitempty"` // columns, of an upsert
	Operators []operatorCost `json:"operators"`     // depth first, from the root
}

// on tells whether EXPLAIN has an option, other than as false or off.
func on(e *sql.Explain, option string) bool {
	v, ok := e.Options[option]
	return ok && v != "false" && v != "off"
}

// explainCost shows a physical plan with the optimizer's estimates. It reads no rows.
func (st *statement) explainCost(e *sql.Explain, phys plan.Node) error {
	if e.Analyze {
		return misuse("EXPLAIN (COST) runs nothing: leave ANALYZE out, or COST")
	}
	switch f := e.Options["format"]; f {
	case "", "text":
	case "json":
		mode, key := planMode(phys)
		line, err := json.Marshal(planCost{V: 1, Mode: mode, Key: key, Operators: costs(phys, 0, nil)})
		if err != nil {
			return fmt.Errorf("the plan as JSON: %w", err)
		}
		return st.rows([]string{"plan"}, [][]string{{string(line)}})
	default:
		return misuse("EXPLAIN (FORMAT %s): there are text and json", f)
	}
	guessed := false
	text := plan.Explain(phys, func(n plan.Node) string {
		c := costOf(n)
		guessed = guessed || c.Guess
		return c.String()
	}) + modeLine(phys)
	if guessed {
		text += "\nguessed: the size of a table is not known"
	}
	return st.planLines(text)
}

// costs appends the costs of a plan's operators, depth first.
func costs(n plan.Node, depth int, out []operatorCost) []operatorCost {
	c := costOf(n)
	c.Depth = depth
	out = append(out, c)
	for _, in := range n.Inputs() {
		out = costs(in, depth+1, out)
	}
	return out
}

func costOf(n plan.Node) operatorCost {
	c := operatorCost{Operator: n.Describe(), State: strings.TrimPrefix(plan.StateNote(n), "state: ")}
	known, ends := sizeKnown(n)
	est := optimizer.Estimate(n)
	if s, ok := n.(*plan.Scan); ok {
		if s.Limit >= 0 {
			est.Rows, ends = min(est.Rows, float64(s.Limit)), true
		}
		if est.Bytes >= 0 {
			bytes := int64(est.Bytes)
			c.TableBytes = &bytes
		}
	}
	if ends {
		rows := int64(est.Rows + 0.5)
		c.Rows, c.Guess = &rows, !known
	}
	return c
}

// sizeKnown tells whether the sizes of all tables below n are, and whether n's rows come to an end.
func sizeKnown(n plan.Node) (known, ends bool) {
	known, ends = true, true
	for _, in := range n.Inputs() {
		k, e := sizeKnown(in)
		known, ends = known && k, ends && e
	}
	switch n := n.(type) {
	case *plan.Scan:
		ends = !n.Table.Unbounded()
		known = !ends || n.Table.Stats().Rows >= 0
	case *plan.Limit:
		ends = ends || n.N >= 0
	case *plan.Sort:
		ends = ends || n.Limit >= 0
	case *plan.Aggregate:
		known = known || len(n.Keys) == 0
	}
	return known, ends
}

// String is the cost as it stands behind an operator of the plan.
func (c operatorCost) String() string {
	var parts []string
	switch {
	case c.Rows == nil:
		parts = append(parts, "rows without end")
	case c.Guess:
		parts = append(parts, "guessed "+counted(*c.Rows))
	default:
		parts = append(parts, "about "+counted(*c.Rows))
	}
	if c.TableBytes != nil {
		parts = append(parts, "table of "+render.Bytes(*c.TableBytes))
	}
	if c.State != "" {
		parts = append(parts, "state: "+c.State)
	}
	return "(" + strings.Join(parts, "; ") + ")"
}

func counted(rows int64) string {
	if rows == 1 {
		return "1 row"
	}
	return render.Count(rows) + " rows"
}
