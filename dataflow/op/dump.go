package op

import "github.com/riffle-io/riffle/dataflow"

// Dump emits every group that the output has, as inserts. It is called once, after Restore.
func (u *updatingAgg) Dump(out dataflow.Output) error { return u.emit.all(u.g, out) }
