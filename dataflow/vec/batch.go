package vec

// MaxRows is the largest number of rows in a batch that an operator makes. Sources may make
// smaller ones; 2,048 rows of a few columns stay in the L1 and L2 caches.
const MaxRows = 2048

// Op is a kind of change.
type Op = uint8

// The changes of a changelog. An update is a pair, UpdateBefore directly followed by UpdateAfter,
// or UpdateAfter alone where the key says what it replaces (upsert).
const (
	Insert       Op = iota // +I
	UpdateBefore           // -U
	UpdateAfter            // +U
	Delete                 // -D
)

// OpNames are the texts of the changes.
var OpNames = [4]string{"+I", "-U", "+U", "-D"}

// IsAdd is true for the changes that add a row and false for those that take one away.
func IsAdd(op Op) bool { return op == Insert || op == UpdateAfter }

// Batch is a set of rows: columns of N rows each, of which those in Sel are live.
type Batch struct {
	Cols []*Vec
	N    int
	Sel  []int32 // increasing indices into [0, N); nil: all rows are live
	Ops  []Op    // by row, not by live row; nil: all inserts
}

// NewBatch is an empty batch of flat columns.
func NewBatch(types []Type) *Batch {
	b := &Batch{Cols: make([]*Vec, len(types))}
	for i, t := range types {
		b.Cols[i] = New(t, 0)
	}
	return b
}

// Live is the number of live rows.
func (b *Batch) Live() int {
	if b.Sel != nil {
		return len(b.Sel)
	}
	return b.N
}

// Row is the k-th live row.
func (b *Batch) Row(k int) int {
	if b.Sel != nil {
		return int(b.Sel[k])
	}
	return k
}

// Op is the change of row i.
func (b *Batch) Op(i int) Op {
	if b.Ops == nil {
		return Insert
	}
	return b.Ops[i]
}

// WithSel is b with other live rows; columns are shared. The copy is good as long as b is.
func (b *Batch) WithSel(sel []int32) *Batch {
	return &Batch{Cols: b.Cols, N: b.N, Sel: sel, Ops: b.Ops}
}

// Reset empties b and keeps its memory.
func (b *Batch) Reset() {
	for _, c := range b.Cols {
		c.Reset()
	}
	b.N, b.Sel, b.Ops = 0, nil, b.Ops[:0]
	if len(b.Ops) == 0 {
		b.Ops = nil
	}
}

// Append copies live rows of src to the end of b: those whose indices are in sel, or all live
// ones when sel is nil. b must have no selection of its own.
func (b *Batch) Append(src *Batch, sel []int32) {
	if sel == nil {
		sel = src.Sel
	}
	n := src.N
	if sel != nil {
		n = len(sel)
	}
	for c, v := range b.Cols {
		v.Append(src.Cols[c], n, sel)
	}
	if src.Ops != nil || b.Ops != nil {
		for len(b.Ops) < b.N {
			b.Ops = append(b.Ops, Insert)
		}
		for k := 0; k < n; k++ {
			i := k
			if sel != nil {
				i = int(sel[k])
			}
			b.Ops = append(b.Ops, src.Op(i))
		}
	}
	b.N += n
}

// AppendRow adds one row of values.
func (b *Batch) AppendRow(vals ...Value) {
	for c, v := range b.Cols {
		v.AppendValue(vals[c])
	}
	if b.Ops != nil {
		b.Ops = append(b.Ops, Insert)
	}
	b.N++
}

// SetOps marks every row of b with op.
func (b *Batch) SetOps(op Op) {
	if op == Insert {
		b.Ops = nil
		return
	}
	b.Ops = resize(b.Ops, b.N)
	for i := range b.Ops {
		b.Ops[i] = op
	}
}

// Compact is a copy of the live rows, which the caller owns. Dictionaries are shared.
func (b *Batch) Compact() *Batch {
	types := make([]Type, len(b.Cols))
	for i, c := range b.Cols {
		types[i] = c.Type
	}
	out := NewBatch(types)
	out.Append(b, nil)
	return out
}

// Bytes is the memory of the columns, for budgets.
func (b *Batch) Bytes() int64 {
	var n int64
	for _, c := range b.Cols {
		n += c.Bytes()
	}
	return n + 4*int64(len(b.Sel)) + int64(len(b.Ops))
}

// Project is b with the columns cols only, shared.
func (b *Batch) Project(cols []int) *Batch {
	out := &Batch{Cols: make([]*Vec, len(cols)), N: b.N, Sel: b.Sel, Ops: b.Ops}
	for i, c := range cols {
		out.Cols[i] = b.Cols[c]
	}
	return out
}
