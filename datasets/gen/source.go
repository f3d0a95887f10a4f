package gen

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// splitPositions is how many positions a split has: large enough that a task seldom asks for the
// next one, small enough that the last splits of a table keep all tasks busy.
const splitPositions = 256 << 10

// ErrPosition means that a position to go on from is not one of the split.
var ErrPosition = errors.New("gen: position outside its split")

// Source reads a generated table.
type Source struct {
	name string
	g    Generator
	cols []int
}

var _ dataflow.Source = (*Source)(nil)

// NewSource reads columns cols (indices into the schema of g; they may be none) of g. Its splits are
// called after name.
func NewSource(name string, g Generator, cols []int) *Source { return &Source{name, g, cols} }

// Schema is the columns that are read, in order.
func (s *Source) Schema() *vec.Schema { return s.g.Schema().Project(s.cols) }

// Unbounded is false: a generated table ends.
func (s *Source) Unbounded() bool { return false }

// span is the positions of a split.
type span struct{ from, to int64 }

// Splits cuts the table into ranges in the order of their event times.
func (s *Source) Splits(context.Context) ([]dataflow.Split, error) {
	var out []dataflow.Split
	total := s.g.Positions()
	for from := int64(0); from < total; from += splitPositions {
		to := min(from+splitPositions, total)
		at, ok := s.g.MinEventTime(from, to)
		if !ok {
			at = dataflow.MinTime
		}
		out = append(out, dataflow.Split{
			ID: fmt.Sprintf("%s#%d", s.name, from/splitPositions), MinTime: at,
			Rows: int64(float64(to-from) / float64(total) * float64(s.g.Rows())), Data: span{from, to},
		})
	}
	return out, nil
}

// Open reads a split of Splits from pos on, eight bytes that Position returned.
func (s *Source) Open(_ context.Context, split dataflow.Split, pos []byte, _ func()) (dataflow.Reader, error) {
	r := &reader{span: split.Data.(span), fill: s.g.Fill(s.cols)}
	if pos == nil {
		return r, nil
	}
	if len(pos) != 8 {
		return nil, fmt.Errorf("%w: %s has positions of 8 bytes, not %d", ErrPosition, split.ID, len(pos))
	}
	at := int64(binary.BigEndian.Uint64(pos))
	if at < r.from || at > r.to {
		return nil, fmt.Errorf("%w: %d is not in %s, [%d, %d]", ErrPosition, at, split.ID, r.from, r.to)
	}
	r.from = at
	return r, nil
}

// reader reads what is left of a split.
type reader struct {
	span
	fill func(from, to int64) (*vec.Batch, int64)
}

// Next makes the next batch.
func (r *reader) Next() (*vec.Batch, error) {
	if r.from >= r.to {
		return nil, io.EOF
	}
	var b *vec.Batch
	b, r.from = r.fill(r.from, r.to)
	return b, nil
}

// Position is the next position to make.
func (r *reader) Position() []byte { return binary.BigEndian.AppendUint64(nil, uint64(r.from)) }

// Close does nothing: a reader holds only memory.
func (r *reader) Close() error { return nil }
