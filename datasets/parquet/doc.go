// Package parquet reads and writes Apache Parquet files as tables.
//
//	Open ──► Table ── Source(scan) ──► splits (row groups that statistics do not rule out)
//	                                     └─► reader: page index ─► filter columns ─► other columns ─► batches
//	batches ──► Writer ──► pages ─► column chunks ─► row group ─► footer
//
// Table.Decide opens row groups as a reader does and tells what would be read of them and why not
// the rest; Table.Compact writes the rows of a table as one file with full row groups.
//
// The reader decodes pages itself, from column chunks that are read with few large calls:
//
//   - A dictionary page becomes one immutable *vec.Vec a row group, and its data pages become codes
//     into it. Strings are never expanded while a chunk is dictionary-encoded.
//   - A conjunct over one column is computed once for each dictionary entry, then looked up by code.
//     When no entry passes, the row group is done; when all do, the conjunct is.
//   - A runtime filter, the keys of a join's build side, is asked for the bounds of row groups and pages
//     before they are read, then for the entries of a dictionary, or for each value; in a row group
//     where nearly all rows pass it is not asked again.
//   - Filter columns are decoded first. A page of another column without a row that passed is never
//     decompressed.
//   - Uncompressed pages, decompression buffers and vectors are reused from row group to row group.
//     Plain 4 and 8 byte values of a page without nulls are not copied at all: vectors point into
//     the page.
//
// Invariants:
//   - Rows that fail a pushed-down filter never come: a reader applies all of them.
//   - What a file says is not believed: sizes, counts, codes and offsets are checked before use, and
//     damage is an *Error that names file, row group, column and page. Testing it with errors.Is
//     against ErrCorrupt works.
//   - A column that a file does not have is NULL there; files must agree on the types of the rest.
//
// Not read: nested columns (they are left out of the schema, see Table.Omitted), encrypted files,
// and the codecs LZO and framed LZ4. Machines are taken to be little-endian.
//
// Sources: the Apache Parquet format, version 2.11 (parquet.thrift, Encodings.md, Compression.md,
// BloomFilter.md, PageIndex.md).
package parquet
