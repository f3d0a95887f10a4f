package expr

import (
	"github.com/riffle-io/riffle/dataflow/vec"
)

// coalesceNode evaluates an argument only for the rows in which all before it were NULL, so
// "coalesce(a, 1/b)" is safe where a is there.
type coalesceNode struct {
	kids  []node
	t     vec.Type
	taken []int32 // scratch: argument of each row
	rest  []int32
	out   *vec.Vec
}

func compileCoalesce(e *Call, base *Context) (node, error) {
	kids, err := compileAll(e.Args, base)
	return &coalesceNode{kids: kids, t: e.T, out: vec.New(e.T, 0)}, err
}

func (c *coalesceNode) eval(b *vec.Batch, sel []int32) (*vec.Vec, error) {
	first, err := c.kids[0].eval(b, sel)
	if err != nil || !first.MayHaveNulls() || len(c.kids) == 1 {
		return first, err
	}
	if cap(c.taken) < b.N {
		c.taken = make([]int32, max(b.N, vec.MaxRows))
	}
	taken := c.taken[:b.N]
	c.rest = appendAll(c.rest[:0], b.N, sel)
	args, rest := []*vec.Vec{first}, c.rest
	for k := range c.kids {
		if k > 0 {
			v, err := c.kids[k].eval(b, rest)
			if err != nil {
				return nil, err
			}
			args = append(args, v)
		}
		m := 0
		for _, i := range rest {
			taken[i] = int32(k)
			if args[k].IsNull(int(i)) {
				taken[i] = -1
				rest[m] = i
				m++
			}
		}
		if rest = rest[:m]; m == 0 {
			break
		}
	}
	c.out.Type = c.t
	c.out.Resize(b.N)
	err = pick(args, b.N, sel, c.out, func(i int) int { return int(taken[i]) })
	return c.out, err
}
