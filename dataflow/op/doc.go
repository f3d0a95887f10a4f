// Package op is the operators: one file each, named for what it does.
//
//	filter project limit topn single          rows in, rows out, no memory or little
//	sort join                                 a shared structure that one stage builds and another reads
//	agg windowagg updagg streamjoin           keyed state; snapshots, spills
//
// Each implements dataflow.Operator and is tested by optest over batch sizes, selections, nulls
// and restored snapshots. An operator copies what it keeps: batches are borrowed.
//
// What it does not do: it knows no plans and no tasks. exec builds operators from plan nodes.
package op
