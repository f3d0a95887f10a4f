// Package promote turns an explored query into a streaming job that means the same.
//
//	query ─► sources: topic, or file and its topic ─► declarations with a measured watermark ─┐
//	      └► edits of the text, each with its reason ─────────────────────────────────────────┴► script
//	script ─► lint ─► shadow run over the records that are there = batch answer ─► jobs/NAME.sql
//
// The text of the query is edited and not printed anew: what a person wrote stays as it was, comments
// included, and what changes is numbered.
//
// Invariants:
//   - A promotion that is not refused has been bound and optimized as the job that it will be.
//   - Every number that it shows was measured on the explored data, and says on which.
//   - Nothing is started and nothing is written here.
//
// What it does not do: it opens no tables and runs no queries. A Session does that.
package promote
