// Package vec holds rows in memory: batches of columns, in the Arrow memory layout.
//
//	Batch ── Cols[0] *Vec ── flat:        values[0..n), validity bits
//	      ├─ Cols[1] *Vec ── constant:    one value that stands for all n rows
//	      ├─ Cols[2] *Vec ── dictionary:  codes[0..n) into a shared immutable *Vec
//	      ├─ Sel          live rows, increasing; nil means all of them
//	      └─ Ops          changelog (+I -U +U -D) per row; nil means all inserts
//
// Every SQL type is stored as one of seven physical kinds (see Phys), so that kernels are written
// once a physical kind and not once a type. Values are in the Arrow layout except BOOLEAN, which
// takes a byte a value in memory and is packed to bits at the edges (docs/decisions/001).
//
// Invariants:
//   - A vector of a batch has at least Batch.N rows, whatever Sel says; values of rows that are
//     not live, and values under a null, are undefined but readable.
//   - A Dict vector that a batch refers to is immutable and may be shared between goroutines.
//   - Everything else in a batch belongs to whoever owns the batch. An operator borrows: it may
//     read until its Process returns, and copies what it wants to keep.
//
// What it does not do: it knows no expressions, no files and no memory budget.
// Source of the layout: Apache Arrow Columnar Format 1.4.
package vec
