package expr

import (
	"errors"
	"fmt"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// ErrNull means that a value is NULL where a column must have one.
var ErrNull = errors.New("NULL in a column that is NOT NULL")

func init() {
	register(&Func{Name: "not_null", Category: "Logic", Args: "a, column", NotStrict: true, Fallible: true, Check: checkNotNull,
		Resolve: func(a []vec.Type) ([]vec.Type, vec.Type, bool) {
			if len(a) != 2 || !a[1].IsText() {
				return nil, vec.Type{}, false
			}
			return []vec.Type{a[0], vec.TString}, a[0], true
		},
		Doc:     "The value a; an error that names the column where it is NULL. INSERT does this for columns that are NOT NULL.",
		Example: "not_null(1, 'x') -> 1"})
}

func checkNotNull(args []Expr) error {
	if _, ok := textArg(args, 1); !ok {
		return &BadArgument{Why: "the column of not_null is text"}
	}
	return nil
}

// notNullNode passes its input on.
type notNullNode struct {
	in     node
	column string
}

func compileNotNull(e *Call, base *Context) (node, error) {
	in, err := compile(e.Args[0], base)
	column, _ := textArg(e.Args, 1)
	return &notNullNode{in: in, column: column}, err
}

func (c *notNullNode) eval(b *vec.Batch, sel []int32) (*vec.Vec, error) {
	v, err := c.in.eval(b, sel)
	if err != nil || !v.MayHaveNulls() {
		return v, err
	}
	null := false
	each(b.N, sel, func(i int) { null = null || v.IsNull(i) })
	if null {
		return nil, fmt.Errorf("%w: column %s", ErrNull, c.column)
	}
	return v, nil
}
