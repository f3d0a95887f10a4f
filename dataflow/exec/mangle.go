package exec

import (
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/internal/invariants"
)

// mangle overwrites recycled memory in test builds, so that an operator that kept a borrowed batch
// fails loudly.
func mangle(b *vec.Batch) {
	if !invariants.Enabled {
		return
	}
	for _, c := range b.Cols {
		for i := range c.I64 {
			c.I64[i] = -0x5a5a5a5a5a5a5a5a
		}
		for i := range c.I32 {
			c.I32[i] = -0x5a5a5a5a
		}
		for i := range c.Data {
			c.Data[i] = 0x5a
		}
	}
}
