package state

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/internal/vfs"
)

const manifestName = "manifest.json"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Manifest describes a checkpoint; it is stored as JSON beside the tables.
type Manifest struct {
	Version     int                   `json:"version"`
	ID          dataflow.CheckpointID `json:"id"`
	Job         string                `json:"job"`
	Created     time.Time             `json:"created"`
	Finished    bool                  `json:"finished"` // the job's input has ended
	Parallelism int                   `json:"parallelism"`
	Plan        string                `json:"plan"`
	Sources     []SourceState         `json:"sources"`
	Sinks       []SinkState           `json:"sinks"`
	Tables      []TableFile           `json:"tables"`
	// Counters are totals since the job's first start, such as rows of side outputs.
	Counters map[string]int64 `json:"counters,omitempty"`
}

// SourceState is the positions of one source, as exec wrote them.
type SourceState struct {
	ID     string          `json:"id"`
	Table  string          `json:"table"` // its name
	Splits json.RawMessage `json:"splits"`
}

// SinkState is what one sink instance prepared.
type SinkState struct {
	ID       string `json:"id"`
	Prepared []byte `json:"prepared"`
}

// TableFile is one file of rows.
type TableFile struct {
	Operator string   `json:"operator"`
	Task     int      `json:"task"`
	Table    string   `json:"table"`
	File     string   `json:"file"`
	Rows     int64    `json:"rows"`
	Bytes    int64    `json:"bytes"`
	CRC      uint32   `json:"crc32c"`
	Columns  []string `json:"columns"`
}

// Writer writes one checkpoint. Operator writers may be used from several goroutines.
type Writer struct {
	s    *Store
	id   dataflow.CheckpointID
	dir  string
	mu   sync.Mutex
	list []TableFile
}

// Begin starts checkpoint id.
func (s *Store) Begin(id dataflow.CheckpointID) (*Writer, error) {
	w := &Writer{s: s, id: id, dir: s.path(id)}
	if err := s.fs.RemoveAll(w.dir); err != nil {
		return nil, err
	}
	return w, s.fs.MkdirAll(w.dir)
}

// Abort removes what was written.
func (w *Writer) Abort() error { return w.s.fs.RemoveAll(w.dir) }

// Size is what the tables hold so far.
func (w *Writer) Size() (bytes, rows int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.list {
		bytes += f.Bytes
		rows += f.Rows
	}
	return bytes, rows
}

// Commit makes the checkpoint durable and the latest one. Its tables are taken from the writer.
func (w *Writer) Commit(m Manifest) error {
	m.Version, m.ID, m.Tables = 1, w.id, w.list
	data, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	f, err := w.s.fs.Create(filepath.Join(w.dir, manifestName))
	if err != nil {
		return err
	}
	if err := writeSynced(f, data); err != nil {
		return err
	}
	if err := w.s.fs.SyncDir(w.dir); err != nil {
		return err
	}
	if err := w.s.fs.SyncDir(w.s.dir); err != nil {
		return err
	}
	return w.s.publish(w.id, crc32.Checksum(data, castagnoli))
}

func writeSynced(f vfs.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// Operator is where one operator instance writes its tables.
func (w *Writer) Operator(id string, task int) dataflow.SnapshotWriter {
	return &operatorWriter{w: w, id: id, task: task}
}

type operatorWriter struct {
	w    *Writer
	id   string
	task int
}

func (o *operatorWriter) Table(name string, schema *vec.Schema) (dataflow.TableWriter, error) {
	file := fmt.Sprintf("%s-%d-%s%s", o.id, o.task, name, o.w.s.format.Ext())
	f, err := o.w.s.fs.Create(filepath.Join(o.w.dir, file))
	if err != nil {
		return nil, err
	}
	t := &tableWriter{o: o, f: f, meta: TableFile{Operator: o.id, Task: o.task, Table: name, File: file}}
	for _, c := range schema.Fields {
		t.meta.Columns = append(t.meta.Columns, c.Name+" "+c.Type.String())
	}
	if t.rows, err = o.w.s.format.NewWriter(byteCounter{t}, schema); err != nil {
		f.Close()
		return nil, err
	}
	return t, nil
}

// tableWriter counts and checksums the bytes of one file.
type tableWriter struct {
	o    *operatorWriter
	f    vfs.File
	rows dataflow.TableWriter
	meta TableFile
}

func (t *tableWriter) Write(b *vec.Batch) error {
	t.meta.Rows += int64(b.Live())
	return t.rows.Write(b)
}

func (t *tableWriter) Close() error {
	err := t.rows.Close()
	if err == nil {
		err = t.f.Sync()
	}
	if e := t.f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", t.meta.File, err)
	}
	t.o.w.mu.Lock()
	defer t.o.w.mu.Unlock()
	t.o.w.list = append(t.o.w.list, t.meta)
	return nil
}

// byteCounter is the file as the format sees it.
type byteCounter struct{ t *tableWriter }

func (c byteCounter) Write(p []byte) (int, error) {
	n, err := c.t.f.Write(p)
	c.t.meta.Bytes += int64(n)
	c.t.meta.CRC = crc32.Update(c.t.meta.CRC, castagnoli, p[:n])
	return n, err
}

// Checkpoint is a complete checkpoint to restore from.
type Checkpoint struct {
	Manifest
	fs     vfs.FS
	format Format
	dir    string
}

// Dir is where the checkpoint's files are.
func (c *Checkpoint) Dir() string { return c.dir }

// Operator reads the tables that the instances of an operator wrote.
func (c *Checkpoint) Operator(id string) dataflow.SnapshotReader { return &operatorReader{c, id} }

type operatorReader struct {
	c  *Checkpoint
	id string
}

// Each reads the files of a table, after it has compared their checksums.
func (o *operatorReader) Each(name string, fn func(*vec.Batch) error) error {
	for _, t := range o.c.Tables {
		if t.Operator != o.id || t.Table != name {
			continue
		}
		if err := o.c.read(t, fn); err != nil {
			return err
		}
	}
	return nil
}

func (c *Checkpoint) read(t TableFile, fn func(*vec.Batch) error) error {
	if err := c.check(t); err != nil {
		return err
	}
	path := filepath.Join(c.dir, t.File)
	f, err := c.fs.Open(path)
	if err != nil {
		return damaged(path, err)
	}
	defer f.Close()
	return c.format.Read(f, t.Bytes, fn)
}

// check compares a file with its checksum.
func (c *Checkpoint) check(t TableFile) error {
	path := filepath.Join(c.dir, t.File)
	f, err := c.fs.Open(path)
	if err != nil {
		return damaged(path, err)
	}
	defer f.Close()
	crc := crc32.New(castagnoli)
	n, err := io.Copy(crc, io.NewSectionReader(f, 0, t.Bytes+1))
	if err != nil {
		return damaged(path, err)
	}
	if n != t.Bytes || crc.Sum32() != t.CRC {
		return damaged(path, errChecksum)
	}
	return nil
}
