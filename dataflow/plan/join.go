package plan

import (
	"fmt"
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// JoinKind is the kind of a join.
type JoinKind uint8

const (
	Inner JoinKind = iota
	Left
	Right
	Full
	Semi // rows of the left that have a match
	Anti // rows of the left that have none
	Mark // rows of the left, with a BOOLEAN that says whether they have a match (IN in an expression)
)

var joinNames = [...]string{"inner", "left", "right", "full", "semi", "anti", "mark"}

func (k JoinKind) String() string { return joinNames[k] }

// EquiKey is one pair of equal keys: an expression over the left input and one over the right
// (with the right input's own column numbers).
type EquiKey struct{ L, R expr.Expr }

// JoinMethod is how a join is computed.
type JoinMethod uint8

const (
	JoinLogical JoinMethod = iota // not decided yet
	HashJoin                      // the right side is built into a shared table, the left probes
	LoopJoin                      // the right side is kept, each left row meets all of it
	StreamJoin                    // both sides are kept in state; the output is a changelog
)

// String is the name of the method.
func (m JoinMethod) String() string { return joinMethods[m] }

var joinMethods = [...]string{"Join", "HashJoin", "NestedLoopJoin", "StreamJoin"}

// Join joins two inputs. Residual is over the columns of both, left first.
type Join struct {
	L, R     Node
	Kind     JoinKind
	Keys     []EquiKey
	Residual expr.Expr // nil: none
	Method   JoinMethod
	// Expire names, of a stream join, a column of the left and one of the right that hold the end of
	// a window: rows go when the watermark has passed it. nil: rows are kept for ever.
	Expire *[2]int
	// NullAware makes an anti or mark join follow NOT IN: a null on the right makes "no match" null.
	NullAware bool
	// Filters gives, by key, the number under which scans use the right side's keys as a runtime
	// filter; 0 is none. It may be shorter than Keys.
	Filters []int
}

func (j *Join) Schema() *vec.Schema {
	s := &vec.Schema{Fields: append([]vec.Field{}, j.L.Schema().Fields...)}
	switch j.Kind {
	case Semi, Anti:
		return s
	case Mark:
		s.Fields = append(s.Fields, vec.Field{Name: "mark", Type: vec.TBool})
		return s
	}
	s.Fields = append(s.Fields, j.R.Schema().Fields...)
	return s
}
func (j *Join) Inputs() []Node { return []Node{j.L, j.R} }
func (j *Join) WithInputs(in ...Node) Node {
	c := *j
	c.L, c.R = in[0], in[1]
	return &c
}
func (j *Join) Describe() string {
	var on []string
	for _, k := range j.Keys {
		on = append(on, k.L.String()+" = "+k.R.String())
	}
	s := fmt.Sprintf("%s %s on=[%s]", joinMethods[j.Method], j.Kind, strings.Join(on, ", "))
	if j.Residual != nil {
		s += " residual=" + j.Residual.String()
	}
	for i, f := range j.Filters {
		if f > 0 {
			s += fmt.Sprintf(" #%d=[%s]", f, j.Keys[i].R)
		}
	}
	return s
}
