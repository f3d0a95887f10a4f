package spill

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/dataflow/vec/arrowvec"
	"github.com/riffle-io/riffle/internal/vfs"
)

// ErrCorrupt marks a run whose bytes are not what was written.
var ErrCorrupt = errors.New("spill: run is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frameBytes is the payload of a full frame: large enough for the disk, small enough to hold one
// for each input of a merge.
const frameBytes = 256 << 10

// frameHead is the length and the checksum before each payload.
const frameHead = 8

// Run is rows on disk, in the order in which they were written. It is immutable, and may be open
// several times.
type Run struct {
	dir    *procDir
	path   string
	schema *vec.Schema
	rows   int64
	bytes  int64
	closed atomic.Bool
}

// Rows is the number of rows.
func (r *Run) Rows() int64 { return r.rows }

// Bytes is the size on disk.
func (r *Run) Bytes() int64 { return r.bytes }

// Close deletes the file. Readers must be closed before.
func (r *Run) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	return errors.Join(r.dir.fs.Remove(r.path), r.dir.release())
}

// RunWriter writes a run. Its methods are called from one goroutine; Finish or Abort ends it.
type RunWriter struct {
	run    *Run
	file   vfs.File
	arrow  *arrow.Schema
	out    *ipc.Writer
	frame  []byte
	failed error
}

// NewRunWriter starts a run of rows of types in dir, a directory of the local disk. The empty dir
// gives ErrNoDir.
func NewRunWriter(dir string, types []vec.Type) (*RunWriter, error) {
	return NewRunWriterFS(vfs.OS{}, dir, types)
}

// NewRunWriterFS is NewRunWriter in a file system.
func NewRunWriterFS(fs vfs.FS, dir string, types []vec.Type) (*RunWriter, error) {
	d, path, err := acquire(fs, dir)
	if err != nil {
		return nil, err
	}
	f, err := fs.Create(path)
	if err != nil {
		return nil, errors.Join(noSpace(path, err), d.release())
	}
	s := &vec.Schema{}
	for i, t := range types {
		s.Fields = append(s.Fields, vec.Field{Name: fmt.Sprint("c", i), Type: t})
	}
	w := &RunWriter{run: &Run{dir: d, path: path, schema: s}, file: f, arrow: arrowvec.Schema(s)}
	w.frame = make([]byte, frameHead, frameHead+frameBytes)
	w.out = ipc.NewWriter((*frameWriter)(w), ipc.WithSchema(w.arrow))
	return w, nil
}

// noSpace makes a full disk a clear error.
func noSpace(path string, err error) error {
	if vfs.IsNoSpace(err) {
		return fmt.Errorf("disk is full while spilling to %s; free space there or set another spill directory: %w", path, err)
	}
	return fmt.Errorf("spill to %s: %w", path, err)
}

// frameWriter cuts the Arrow stream into frames with checksums.
type frameWriter RunWriter

func (f *frameWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		k := min(len(p), cap(f.frame)-len(f.frame))
		f.frame = append(f.frame, p[:k]...)
		p = p[k:]
		if len(f.frame) == cap(f.frame) {
			if err := f.flush(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

func (f *frameWriter) flush() error {
	if len(f.frame) == frameHead {
		return nil
	}
	binary.LittleEndian.PutUint32(f.frame, uint32(len(f.frame)-frameHead))
	binary.LittleEndian.PutUint32(f.frame[4:], crc32.Checksum(f.frame[frameHead:], castagnoli))
	n, err := f.file.Write(f.frame)
	f.run.bytes += int64(n)
	f.frame = f.frame[:frameHead]
	return err
}

// Write appends the live rows of b, which has the run's types. Changes (Ops) are not kept.
func (w *RunWriter) Write(b *vec.Batch) error {
	if w.failed != nil {
		return w.failed
	}
	if b.Live() == 0 {
		return nil
	}
	rec := arrowvec.FromBatch(b, w.arrow)
	defer rec.Release()
	if err := w.out.Write(rec); err != nil {
		w.failed = noSpace(w.run.path, err)
		return w.failed
	}
	w.run.rows += int64(b.Live())
	return nil
}

// Finish completes the run. After an error the file is gone.
func (w *RunWriter) Finish() (*Run, error) {
	err := w.out.Close()
	if err == nil {
		err = (*frameWriter)(w).flush()
	}
	if err == nil {
		err = w.failed
	}
	if cerr := w.file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, errors.Join(noSpace(w.run.path, err), w.run.Close())
	}
	return w.run, nil
}

// Abort drops the run.
func (w *RunWriter) Abort() error { return errors.Join(w.file.Close(), w.run.Close()) }

// RunReader reads a run from its start.
type RunReader struct {
	run  *Run
	in   *ipc.Reader
	src  *frameReader
	last arrow.RecordBatch
}

// frameReader checks frames and joins them to the Arrow stream.
type frameReader struct {
	f    vfs.File
	path string
	at   int64
	size int64
	buf  []byte
	rest []byte
}

func (r *frameReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.at == r.size {
			return 0, io.EOF
		}
		if err := r.frame(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *frameReader) frame() error {
	var head [frameHead]byte
	if _, err := r.f.ReadAt(head[:], r.at); err != nil {
		return r.damaged("header", err)
	}
	n := int64(binary.LittleEndian.Uint32(head[:]))
	if n == 0 || n > frameBytes || r.at+frameHead+n > r.size {
		return r.damaged("length", nil)
	}
	r.buf = r.buf[:n]
	if k, err := r.f.ReadAt(r.buf, r.at+frameHead); err != nil && int64(k) != n {
		return r.damaged("payload", err)
	}
	if crc32.Checksum(r.buf, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return r.damaged("checksum", nil)
	}
	r.rest, r.at = r.buf, r.at+frameHead+n
	return nil
}

func (r *frameReader) damaged(what string, err error) error {
	return errors.Join(fmt.Errorf("%w: %s of the block at byte %d of %s", ErrCorrupt, what, r.at, r.path), err)
}

// Open starts to read the run.
func (r *Run) Open() (*RunReader, error) {
	f, err := r.dir.fs.Open(r.path)
	if err != nil {
		return nil, fmt.Errorf("read spilled run: %w", err)
	}
	src := &frameReader{f: f, path: r.path, buf: make([]byte, frameBytes)}
	if src.size, err = f.Size(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	in, err := ipc.NewReader(src)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read spilled run %s: %w", r.path, err), f.Close())
	}
	return &RunReader{run: r, in: in, src: src}, nil
}

// Next returns the next rows, in a batch that is good until the next call; io.EOF after the last.
func (r *RunReader) Next() (*vec.Batch, error) {
	if r.last != nil {
		r.last.Release()
		r.last = nil
	}
	if !r.in.Next() {
		if err := r.in.Err(); err != nil && err != io.EOF {
			return nil, fmt.Errorf("read spilled run %s: %w", r.run.path, err)
		}
		if r.src.at != r.src.size || len(r.src.rest) > 0 {
			return nil, r.src.damaged("end", nil)
		}
		return nil, io.EOF
	}
	rec := r.in.RecordBatch()
	rec.Retain()
	r.last = rec
	return arrowvec.ToBatch(rec, r.run.schema)
}

// Close ends the reading; the run stays.
func (r *RunReader) Close() error {
	if r.last != nil {
		r.last.Release()
		r.last = nil
	}
	r.in.Release()
	return r.src.f.Close()
}
