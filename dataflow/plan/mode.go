package plan

// Mode is what the rows of an output mean.
type Mode uint8

const (
	Append  Mode = iota // every row is final
	Retract             // a changelog: rows may be taken back or replaced
)

func (m Mode) String() string {
	if m == Append {
		return "append"
	}
	return "changelog"
}

// ModeOf derives the output mode of a plan, and the columns that are its key when it is a
// changelog (nil: none known).
func ModeOf(n Node) (Mode, []int) {
	switch n := n.(type) {
	case *Aggregate:
		if n.Updating {
			return Retract, upTo(len(n.Keys))
		}
		return Append, nil
	case *Project:
		m, key := ModeOf(n.In)
		return m, projectKey(n, key)
	case *Join:
		ml, _ := ModeOf(n.L)
		mr, _ := ModeOf(n.R)
		return max(ml, mr), nil
	case *Filter, *Exchange, *Limit, *Sort, *Window, *Single:
		return ModeOf(n.Inputs()[0])
	}
	m := Append
	for _, in := range n.Inputs() {
		mi, _ := ModeOf(in)
		m = max(m, mi)
	}
	return m, nil
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// Unbounded tells whether a plan reads an input that does not end.
func Unbounded(n Node) bool {
	if s, ok := n.(*Scan); ok {
		return s.Table.Unbounded()
	}
	for _, in := range n.Inputs() {
		if Unbounded(in) {
			return true
		}
	}
	return false
}
