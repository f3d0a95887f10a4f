// Package tpch makes the tables of the TPC-H benchmark, equal to what its standard generator
// (dbgen) writes, at any scale factor from 0.001 to 10,000, column by column.
//
//	range of positions ─► work: line counts, shared scratch ─► one fill per column read ─► batch
//	                                                              │
//	                       a random stream per column, skipped ahead to the first position
//
// Each column draws from a stream of its own, and each row (each order, for lineitem) takes a
// fixed number of draws from it. A stream can skip ahead in O(log n), so any range of a table is
// made without what lies before it, and a column that nobody reads costs nothing. Comments are
// cut from a text pool of 300 MB, which is built when the first comment is read and then kept.
//
// A position is a row, except in lineitem, where it is an order: how many lines an order has is
// random, so only orders can be found without counting.
//
// Invariants:
//   - The rows of a position depend on the scale factor and the position alone.
//   - Dictionary vectors of a column always share one dictionary.
//
// What it does not do: scale factors above 10,000, where dbgen's ranges leave 32 bits and its
// output depends on how the work was cut; refresh functions; queries.
//
// Sources: TPC Benchmark H, revision 3.0.1, §4.2 (columns, grammar, distributions); seeds, draws
// a row and rounding are facts of dbgen 3.0. Equality was checked with tpchgen-cli 4.0.0.
package tpch
