// Package state is the keyed state of operators: one table type under aggregations, windows and
// stream joins, and the checkpoints that its snapshots go into.
//
//	key columns ── encode, hash ──► index: (hash tag, row) ──► row: header | key words | value words
//	                                open addressing, 8 B a slot    in pages of 64 KiB
//
// A Table maps keys (columns of any types, NULL being a value) to rows. Rows lie row by row in
// pages of 8,192 words and are named by a Ref, the address of their first word, which stays the
// same until the row is deleted. Values are words too: kernels of package op update them in place
// through Pages. Neither pages nor index hold Go pointers, so the collector does not walk them.
//
// Rows and not columns: a group-by over many groups is bound by cache misses, and a row costs one
// where columns cost one for the key and one for each state.
//
// The index grows in steps: slots move with the next batches, so that no batch waits for all of them.
//
// Checkpoints are incremental. A Snapshot freezes the tables of an operator instance by copying
// their lists of pages, and its History has each table note from then on, one bit a row, what is
// written. The next Snapshot of the History is a layer: the rows with a bit, and those that are gone.
//
//	checkpoint 11: groups (layer 1)
//	checkpoint 12: groups (layer 1, a hard link), 12-groups (layer 2)
//	checkpoint 13: groups, 12-groups (hard links), 13-groups (layer 3)
//
// A row is named by its table and its place in it. Whoever reads goes from the newest layer to the
// oldest and takes each place once. Layer 1 is written again when those above it would take more than
// half of its bytes, or when the checkpoint before is not the one that the changes are since.
//
// Invariants:
//   - The directory of a checkpoint has all of its files; none is named from outside.
//   - Files of a savepoint lie in no layers.
//   - A page that a snapshot shares is never written: Touch copies it first.
//   - Hashes are those of vec.Batch.Hash, so a row's key group is known wherever its key is.
//   - Bytes asked of a Budget are given back by Clear and Close.
//
// What it does not do: it knows no aggregate and no window (package op), and it decides nothing
// about spilling; it only returns the budget's refusal before it has changed anything. Strings
// that one batch adds, the pages that a write copies while a snapshot is drained, and the bits of
// changed rows (1 KiB for a page of 64 KiB, or less) are asked for only afterwards or not at all.
package state
