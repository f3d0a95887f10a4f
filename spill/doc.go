// Package spill limits the memory of operators, and moves what exceeds it to disk and back.
//
//	operator ── Grow ──► Reservation ──► Pool (one a process)
//	         ◄─ ErrOverBudget: write runs, Shrink, ask again
//
//	rows ──► NewRunWriter, Write …, Finish ──► Run ──► Open ──► Next … (io.EOF)
//
// A hash partition on disk is a run too: an operator keeps one writer a partition, and merges sorted
// runs itself (package op).
//
// Invariants:
//   - A reservation that holds nothing is always granted what it asks, so progress is certain.
//   - A run is immutable after Finish; its file is deleted by Close. Sweep deletes what dead
//     processes left, which their lock tells.
//   - Every frame of a run has a checksum; a mismatch is ErrCorrupt with the file's name and place.
//
// A run is one Arrow IPC stream, cut into frames of at most 256 KiB: length, CRC-32C, payload. It
// is not compressed: writing at 1.5 GB/s beats lz4 (0.27 GB/s) on any disk that is not full.
// Dictionary columns are expanded. Nothing is synced: a run does not outlive its process.
//
// What it does not do: it picks nobody to spill. An operator spills its own state when it is
// refused, and asks again.
package spill
