package repl

import (
	"errors"
	"fmt"
	"sync"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

// Column describes a column of a result.
type Column struct {
	Name, Type        string
	Numeric, Temporal bool
}

// Cell is one value as text, whole: render.Clean makes it fit for one line of a terminal.
type Cell struct {
	Text string
	Null bool
}

// ErrGone means that a result was dropped while something still read it.
var ErrGone = errors.New("the result is gone: only the last 16 are kept")

// Sizes of a result's parts. A chunk is the unit that goes to disk and comes back: small enough
// that a page of a spilled chunk is on the screen within a frame or two, large enough that a result
// of 10 GB is a few thousand files.
const (
	chunkBytes  = 4 << 20
	chunkRows   = 128 << 10
	resultBytes = 16 << 20 // of a result in memory; beyond it, all but the first and the last chunk spill
	cacheChunks = 2        // spilled chunks that are kept decoded
)

// Result is the rows of a query, in columns. Rows are appended while the query runs and never
// change; any of them can be read at any time, from any goroutine.
//
//	engine ─ append ─► open batch ─► open chunk ─► chunk, chunk, … ─ beyond resultBytes ─► spill runs
//
// Invariants: sealed chunks are immutable; a chunk is in memory or on disk, except while it is
// written; the first chunk stays in memory, since it is what people look at.
type Result struct {
	name   string // "_1"; "" for the answer of a SHOW or DESCRIBE
	text   string // of the statements that made it; "" when not known
	schema *vec.Schema
	dir    string             // for spilled chunks
	budget *spill.Reservation // used under mu
	limit  int64

	fill    func() error // makes the rows when they are first asked for; nil: they are appended
	once    sync.Once
	fillErr error

	mu       sync.Mutex
	chunks   []*chunk // sealed
	open     *chunk
	rows     int64
	memory   int64 // of chunks in memory
	disk     int64
	complete bool
	readers  int
	gone     bool
	cache    []*cachedChunk // most recently used last
}

// chunk is a run of rows. Its batches have vec.MaxRows rows at most.
type chunk struct {
	first   int64 // number of its first row
	rows    int
	bytes   int64
	batches []*vec.Batch // nil once spilled
	dicts   map[*vec.Vec]bool
	run     *spill.Run
}

type cachedChunk struct {
	c       *chunk
	batches []*vec.Batch
}

func newResult(name string, schema *vec.Schema, pool *spill.Pool, dir string) *Result {
	limit := int64(resultBytes)
	if l := pool.Limit(); l > 0 {
		limit = min(limit, max(l/keepResults, chunkBytes))
	}
	return &Result{name: name, schema: schema, dir: dir, budget: pool.Reserve("result " + name), limit: limit}
}

// Name is the table that the result can be read as; "" when it cannot.
func (r *Result) Name() string { return r.name }

// Text is the statements that made the rows; "" when not known.
func (r *Result) Text() string { return r.text }

// Columns lists the columns.
func (r *Result) Columns() []Column { return columnsOf(r.schema) }

func columnsOf(s *vec.Schema) []Column {
	out := make([]Column, s.Len())
	for i, f := range s.Fields {
		out[i] = Column{Name: f.Name, Type: f.Type.String(), Numeric: f.Type.IsNumeric(), Temporal: f.Type.IsTemporal()}
	}
	return out
}

// ensure makes the rows of a result that is filled when it is first asked for.
func (r *Result) ensure() error {
	if r.fill != nil {
		r.once.Do(func() { r.fillErr = r.fill() })
	}
	return r.fillErr
}

// Rows is the number of rows so far.
func (r *Result) Rows() int64 {
	if r.ensure() != nil { // reading them says why
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rows
}

// Complete tells whether the query has ended well, so that no row will follow.
func (r *Result) Complete() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.complete
}

// Bytes is what the rows take in memory and on disk.
func (r *Result) Bytes() (memory, disk int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.memory, r.disk
}

// append copies the live rows of b. It is called from one goroutine.
func (r *Result) append(b *vec.Batch) error {
	if b.Live() == 0 {
		return nil
	}
	victims := r.take(b)
	for _, c := range victims {
		if err := r.spillChunk(c); err != nil {
			return err
		}
	}
	return nil
}

// take adds rows to the open chunk, and returns the chunks that must go to disk.
func (r *Result) take(b *vec.Batch) []*chunk {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		return nil
	}
	if r.open == nil {
		r.open = &chunk{first: r.rows, dicts: map[*vec.Vec]bool{}}
	}
	c := r.open
	last := len(c.batches) - 1
	if last < 0 || c.batches[last].N+b.Live() > vec.MaxRows {
		c.batches = append(c.batches, vec.NewBatch(r.schema.Types()))
		last++
	}
	before := c.batches[last].Bytes()
	c.batches[last].Append(&vec.Batch{Cols: b.Cols, N: b.N, Sel: b.Sel}, nil)
	grown := c.batches[last].Bytes() - before + c.newDicts(c.batches[last])
	c.bytes += grown
	c.rows += b.Live()
	r.rows += int64(b.Live())
	r.memory += grown
	over := r.budget.Grow(grown) != nil // the rest of the process needs its memory: spill early
	if c.bytes >= chunkBytes || c.rows >= chunkRows {
		r.chunks, r.open = append(r.chunks, c), nil
	}
	if !over && r.memory <= r.limit {
		return nil
	}
	return r.victims()
}

// newDicts counts the dictionaries that b shares with other batches, once a chunk.
func (c *chunk) newDicts(b *vec.Batch) (n int64) {
	for _, v := range b.Cols {
		if v.Form == vec.Dict && !c.dicts[v.Dict] {
			c.dicts[v.Dict] = true
			n += v.Dict.Bytes()
		}
	}
	return n
}

// victims are the oldest sealed chunks in memory, but for the first, that bring the result back
// under half its limit.
func (r *Result) victims() (out []*chunk) {
	left := r.memory
	for i, c := range r.chunks {
		if left <= r.limit/2 {
			break
		}
		if i > 0 && c.batches != nil {
			out = append(out, c)
			left -= c.bytes
		}
	}
	return out
}

// spillChunk writes a chunk, without the lock, and then lets go of its memory.
func (r *Result) spillChunk(c *chunk) error {
	w, err := spill.NewRunWriter(r.dir, r.schema.Types())
	if err != nil {
		return fmt.Errorf("result %s: %w", r.name, err)
	}
	for _, b := range c.batches {
		if err := w.Write(b); err != nil {
			return errors.Join(fmt.Errorf("result %s: %w", r.name, err), w.Abort())
		}
	}
	run, err := w.Finish()
	if err != nil {
		return fmt.Errorf("result %s: %w", r.name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone && r.readers == 0 {
		return run.Close()
	}
	c.run, c.batches, c.dicts = run, nil, nil
	r.memory -= c.bytes
	r.disk += run.Bytes()
	r.budget.Shrink(min(c.bytes, r.budget.Held()))
	return nil
}

// finish says that no row will follow.
func (r *Result) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.complete = true
}

// drop lets go of the rows once nobody reads them.
func (r *Result) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = true
	r.sweep()
}

func (r *Result) sweep() {
	if !r.gone || r.readers > 0 {
		return
	}
	for _, c := range r.chunks {
		if c.run != nil {
			c.run.Close() // the directory's sweep takes what stays
		}
	}
	r.chunks, r.open, r.cache, r.memory, r.disk = nil, nil, nil, 0, 0
	r.budget.Shrink(r.budget.Held())
}

// acquire keeps the rows while something reads them; release must follow.
func (r *Result) acquire() error {
	if err := r.ensure(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		return fmt.Errorf("%s: %w", r.name, ErrGone)
	}
	r.readers++
	return nil
}

func (r *Result) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.readers--
	r.sweep()
}
