// Package law tests promise number one: the same query over the same data gives the same result,
// bounded or unbounded, at any parallelism, batch size and memory limit, and across any crash.
//
//	seed ─► random tables, random query ─► run in many ways ─► all answers equal, as multisets
//
// The ways: 1, 2 and 7 tasks; the optimizer off; a budget that refuses everything beyond the first
// bytes; random batches and splits; the rows as a stream with random disorder, watermark delay and
// pauses, where bounded = streamed + the rows reported late; and the stream with a crash at a
// random moment, where a disk after a power cut is all that is left. Built with the tag "collide" all
// hashes are 0, so that every table, partition and exchange meets nothing but collisions.
//
// A failure prints the seed, the query, and the smallest query inside it and fewest rows that fail too; `go test ./internal/prove/law -law.seed N` runs that seed
// alone, -law.duration sets how long to look for others.
//
// What it does not do: no sums of floats, since those depend on the order of their terms; and it has
// no second engine to compare with: internal/prove/slt and internal/prove/tpch have known answers.
package law
