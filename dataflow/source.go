package dataflow

import (
	"context"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// Split is a unit of work of a source: a row group, a byte range, a Kafka partition.
type Split struct {
	ID      string // unique within the source and stable between runs: "lineitem.parquet#3"
	MinTime Time   // no row of the split has a smaller event time; MinTime when not known
	Rows    int64  // estimate; -1 when not known
	// Shared lists the values of the column by which a scan is clustered that other splits may have
	// too. All its other values are in this split alone.
	Shared []vec.Value
	Data   any // the source's own
}

// Source is a table as the engine reads it: a set of splits. It is used from many goroutines.
type Source interface {
	// Schema is the columns that readers produce, in order.
	Schema() *vec.Schema
	// Splits lists the work. Bounded sources list all of it, in the order in which to read it.
	Splits(ctx context.Context) ([]Split, error)
	// Unbounded is true when splits do not end by themselves.
	Unbounded() bool
	// Open starts to read a split at pos, which a Reader's Position returned; nil is its start.
	// wake may be called from any goroutine when a reader that returned ErrNoRows has rows.
	Open(ctx context.Context, s Split, pos []byte, wake func()) (Reader, error)
}

// OrderedSource is an unbounded Source whose splits end and are listed in order of event time: tasks
// take them one after the other, and a split in the queue holds the watermark at its MinTime.
type OrderedSource interface{ Ordered() bool }

// Reader reads one split. It is used from one goroutine.
type Reader interface {
	// Next returns the next rows, in a batch that is good until the next call. It returns io.EOF
	// after the last row, and ErrNoRows when there are none now but may be later.
	Next() (*vec.Batch, error)
	// Position is where to go on after the rows returned so far. It may be called between calls
	// of Next, and its result is kept.
	Position() []byte
	// Close stops reading.
	Close() error
}

// BadRow is a record that could not be decoded, for the side output "bad".
type BadRow struct {
	Topic     string
	Partition int32
	Offset    int64
	Reason    string
	Raw       []byte
}

// BadRowReader is a Reader that can go on after records it cannot decode. Without a call of
// OnBad, the first of them is an error of Next.
type BadRowReader interface {
	OnBad(fn func(BadRow) error)
}

// SideSchema is the columns of the side output "bad".
func SideSchema() *vec.Schema {
	return vec.NewSchema(
		vec.Field{Name: "topic", Type: vec.TString}, vec.Field{Name: "partition", Type: vec.TInt32},
		vec.Field{Name: "offset", Type: vec.TInt64}, vec.Field{Name: "reason", Type: vec.TString},
		vec.Field{Name: "raw", Type: vec.TBytes})
}
