package plan

import (
	"fmt"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// StateNote says, of a node over an unbounded input, what its state is bounded by, or that it grows;
// "" for nodes without state. Sizes are those of the values, without the table around them.
func StateNote(n Node) string {
	if !Unbounded(n) {
		return ""
	}
	switch n := n.(type) {
	case *Aggregate:
		switch {
		case n.Mode == AggPartial:
			return "state: none at a checkpoint, flushed before it"
		case n.Window != nil:
			return fmt.Sprintf("state: bounded by the open windows, about %d bytes a key and window", rowBytes(n.Schema()))
		}
		return fmt.Sprintf("state: grows with the keys, about %d bytes a key", rowBytes(n.Schema()))
	case *Join:
		switch n.Method {
		case StreamJoin:
			if n.Expire != nil {
				return fmt.Sprintf("state: bounded by the open windows, about %d and %d bytes a row", rowBytes(n.L.Schema()), rowBytes(n.R.Schema()))
			}
			return fmt.Sprintf("state: grows with the rows of both sides, about %d and %d bytes a row", rowBytes(n.L.Schema()), rowBytes(n.R.Schema()))
		case HashJoin, LoopJoin:
			return "state: the right side, read again after a restart"
		}
	}
	return ""
}

// rowBytes estimates the memory of one row; texts are taken to have 16 bytes.
func rowBytes(s *vec.Schema) int {
	n := 0
	for _, f := range s.Fields {
		switch f.Type.Phys() {
		case vec.PhysBool:
			n++
		case vec.PhysI32:
			n += 4
		case vec.PhysI64, vec.PhysF64:
			n += 8
		default:
			n += 16
		}
	}
	return n
}
