// Package files is what tables over files have in common: names to read, and sinks that write.
//
//	"data/*.parquet" ──► Expand ──► the files of a table
//
//	rows ──► Target.NewSink ── Format.NewWriter ──► hidden file ── Prepare: sync ── Commit: rename ──► visible file
//
// A target is a single file (COPY … TO 'x.parquet') or a directory that gets new files with every
// checkpoint. Both become visible by a rename in Commit, so a reader sees committed rows only, and
// an error or a crash leaves no part of a file behind that any reader takes for data:
//
//   - Names that start with "." or "_" are not data. Expand skips them, as do Spark, DuckDB's globs
//     and Hive.
//   - In a directory, rows since the last barrier are in .part-JOB-RUN-TASK.tmp. Prepare syncs the
//     file and its directory and names it .part-JOB-RUN-CKPT-TASK.tmp; Commit renames that to
//     part-JOB-CKPT-TASK.EXT and syncs the directory. A name that is there already is not committed
//     again.
//   - RUN is new with every start of a job. What earlier runs left unfinished goes when the job
//     starts; what they prepared goes at the first commit of the new run, for by then the restored
//     checkpoint's commits have been redone. Files of other jobs are never touched.
//
// What it does not do: it knows no format. Parquet, CSV and JSON bring a Format.
package files
