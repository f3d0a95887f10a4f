package state

import (
	"encoding/json"
	"errors"
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

// version is that of the manifests written here; those of version 1 have no layers.
const version = 2

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
	// Layer says how the file is to be read: 0 by itself; else as one of the layers of its operator,
	// task and table, of which 1 has all rows and each higher one what changed after that.
	Layer int `json:"layer,omitempty"`
}

// Writer writes one checkpoint. Operator writers may be used from several goroutines.
type Writer struct {
	s    *Store
	id   dataflow.CheckpointID
	dir  string
	prev *Checkpoint // the newest, when this process wrote it

	mu   sync.Mutex
	list []TableFile
	size Size
}

// Size is what a checkpoint takes.
type Size struct {
	Written int64 // bytes of the files that it wrote itself
	Bytes   int64 // of all its files
	Rows    int64 // of state
}

// Incremental tells whether most of the checkpoint was taken over from the one before.
func (s Size) Incremental() bool { return s.Bytes > 2*s.Written }

// Begin starts checkpoint id.
func (s *Store) Begin(id dataflow.CheckpointID) (*Writer, error) {
	w := &Writer{s: s, id: id, dir: s.path(id)}
	if _, err := s.JobID(); err != nil { // see checkPointer
		return nil, err
	}
	s.mu.Lock()
	w.prev = s.last
	delete(s.stays, filepath.Base(w.dir)) // it is needed again
	s.mu.Unlock()
	if err := s.fs.RemoveAll(w.dir); err != nil {
		return nil, err
	}
	return w, s.fs.MkdirAll(w.dir)
}

// Abort removes what was written.
func (w *Writer) Abort() error { return w.s.fs.RemoveAll(w.dir) }

// Size is what the checkpoint takes so far.
func (w *Writer) Size() Size {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size
}

// add notes a complete file, which the checkpoint wrote itself or took over.
func (w *Writer) add(f TableFile, own bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, f)
	w.size.Bytes += f.Bytes
	if own {
		w.size.Written += f.Bytes
	}
	if f.Layer == 0 {
		w.size.Rows += f.Rows
	}
}

// Commit makes the checkpoint durable and the latest one. Its tables are taken from the writer.
func (w *Writer) Commit(m Manifest) error {
	m.Version, m.ID, m.Tables = version, w.id, w.list
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
	if err := w.s.publish(w.id, crc32.Checksum(data, castagnoli)); err != nil {
		return err
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	w.s.last = &Checkpoint{Manifest: m, fs: w.s.fs, format: w.s.format, dir: w.dir}
	return nil
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
	return o.create(TableFile{Table: name, File: fmt.Sprintf("%s-%d-%s", o.id, o.task, name)}, schema)
}

// layer starts a file of a layer. The files of the layers above the first have the checkpoint in
// their names, since the next checkpoints keep them beside their own.
func (o *operatorWriter) layer(name string, schema *vec.Schema, layer int) (dataflow.TableWriter, error) {
	f := TableFile{Table: name, File: fmt.Sprintf("%s-%d-%s", o.id, o.task, name), Layer: layer}
	if layer > 1 {
		f.File = fmt.Sprintf("%s-%d-%d-%s", o.id, o.task, o.w.id, name)
	}
	return o.create(f, schema)
}

func (o *operatorWriter) create(meta TableFile, schema *vec.Schema) (dataflow.TableWriter, error) {
	meta.Operator, meta.Task = o.id, o.task
	meta.File += o.w.s.format.Ext()
	f, err := o.w.s.fs.Create(filepath.Join(o.w.dir, meta.File))
	if err != nil {
		return nil, err
	}
	t := &tableWriter{o: o, f: f, meta: meta}
	for _, c := range schema.Fields {
		t.meta.Columns = append(t.meta.Columns, c.Name+" "+c.Type.String())
	}
	if t.rows, err = o.w.s.format.NewWriter(byteCounter{t}, schema); err != nil {
		f.Close()
		return nil, err
	}
	return t, nil
}

// maxLayers bounds the number of files that a restore has to open.
const maxLayers = 64

// extend decides whether the instance's next files are a layer upon those of the checkpoint before,
// and which; 1 is a new first layer. They are when that checkpoint is since, and all layers above
// the first together stay small against it (Store.ShareLayers). The layers are then taken over.
// changed and rows are the number of rows that changed since, and that there are.
func (o *operatorWriter) extend(since dataflow.CheckpointID, changed, rows int64) (layer int, err error) {
	o.w.addRows(rows)
	p := o.w.prev
	if p == nil || p.ID != since {
		return 1, nil
	}
	var mine []TableFile
	var base, baseRows, above int64
	for _, f := range p.Tables {
		switch {
		case f.Operator != o.id || f.Task != o.task || f.Layer == 0:
			continue
		case f.Layer == 1:
			base, baseRows = base+f.Bytes, baseRows+f.Rows
		default:
			above += f.Bytes
		}
		layer = max(layer, f.Layer)
		mine = append(mine, f)
	}
	next := changed * base / max(1, baseRows)
	if layer == 0 || layer == maxLayers || float64(above+next) >= o.w.s.share*float64(base) {
		return 1, nil
	}
	for _, f := range mine {
		if err := p.place(f, o.w.dir); err != nil {
			return 0, fmt.Errorf("take over %s of checkpoint %d: %w", f.File, p.ID, err)
		}
		o.w.add(f, false)
	}
	return layer + 1, nil
}

func (w *Writer) addRows(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.size.Rows += n
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
	t.o.w.add(t.meta, true)
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

// ErrVersion means that a checkpoint was written by a later riffle.
var ErrVersion = errors.New("the checkpoint was written by a later version of riffle")

func parseManifest(data []byte, fsys vfs.FS, dir string, format Format) (*Checkpoint, error) {
	c := &Checkpoint{fs: fsys, format: format, dir: dir}
	if err := json.Unmarshal(data, &c.Manifest); err != nil {
		return nil, damaged(filepath.Join(dir, manifestName), err)
	}
	if c.Version > version {
		return nil, fmt.Errorf("%w: %s has version %d, this one reads %d", ErrVersion, dir, c.Version, version)
	}
	return c, nil
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
	var files []TableFile
	for _, t := range o.c.Tables {
		if t.Operator == o.id && t.Table == name {
			files = append(files, t)
		}
	}
	for _, layers := range layered(files) {
		if err := o.c.each(layers, fn); err != nil {
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
