package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/internal/vfs"
)

// checksumName holds the manifest's checksum in a savepoint, which has no pointer that could.
const checksumName = "manifest.crc32c"

// ErrNotSavepoint means that a directory is none, or is not complete.
var ErrNotSavepoint = errors.New("not a savepoint")

// Export makes a savepoint of a complete and committed checkpoint in dir, which must not exist: the
// same files, but those that lie in layers as one with all rows. What the sinks had prepared is left
// out, since it is committed. The checksum is written last, so that a directory without one is not
// a savepoint.
func (s *Store) Export(id dataflow.CheckpointID, dir string) error {
	c, err := s.Open(id)
	if err != nil {
		return err
	}
	if _, err := s.fs.Stat(dir); err == nil {
		return fmt.Errorf("savepoint %s: %w", dir, fs.ErrExist)
	}
	if err := vfs.MkdirAllSync(s.fs, dir); err != nil {
		return err
	}
	if err := c.export(dir); err != nil {
		_ = s.fs.RemoveAll(dir) // the first error counts
		return fmt.Errorf("savepoint %s: %w", dir, err)
	}
	return nil
}

func (c *Checkpoint) export(dir string) error {
	m := c.Manifest
	m.Sinks = nil
	var err error
	if m.Tables, err = c.flattenAll(dir); err != nil {
		return err
	}
	data, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	sum := strconv.FormatUint(uint64(crc32.Checksum(data, castagnoli)), 16) + "\n"
	for _, f := range []struct{ name, data string }{{manifestName, string(data)}, {checksumName, sum}} {
		if err := vfs.WriteFileAtomic(c.fs, filepath.Join(dir, f.name), []byte(f.data)); err != nil {
			return err
		}
	}
	return nil
}

// flattenAll gives dir the rows of all tables.
func (c *Checkpoint) flattenAll(dir string) ([]TableFile, error) {
	tables := layered(c.Tables)
	out, errs := make([]TableFile, len(tables)), make([]error, len(tables))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i, layers := range tables {
		slots <- struct{}{}
		wg.Go(func() {
			out[i], errs[i] = c.flatten(layers, dir)
			<-slots
		})
	}
	wg.Wait()
	return out, errors.Join(errs...)
}

// flatten gives dir the rows of one table of one operator instance as a file by itself.
func (c *Checkpoint) flatten(layers []TableFile, dir string) (TableFile, error) {
	t := layers[0]
	if t.Layer == 0 {
		return t, c.place(t, dir)
	}
	schema := &vec.Schema{}
	for _, col := range t.Columns[min(len(layerFields), len(t.Columns)):] {
		name, typ, _ := strings.Cut(col, " ")
		parsed, err := vec.ParseType(typ)
		if err != nil {
			return t, damaged(filepath.Join(c.dir, manifestName), err)
		}
		schema.Fields = append(schema.Fields, vec.Field{Name: name, Type: parsed})
	}
	w := &Writer{s: &Store{fs: c.fs, format: c.format}, dir: dir}
	out, err := w.Operator(t.Operator, t.Task).Table(t.Table, schema)
	if err != nil {
		return t, err
	}
	if err := errors.Join(c.merge(layers, out.Write), out.Close()); err != nil {
		return t, err
	}
	return w.list[0], nil
}

// place gives dir a file of the checkpoint: a second name, since files of checkpoints never change, or a
// copy that is checked against the checksum.
func (c *Checkpoint) place(t TableFile, dir string) error {
	from, to := filepath.Join(c.dir, t.File), filepath.Join(dir, t.File)
	if l, ok := c.fs.(vfs.Linker); ok && l.Link(from, to) == nil {
		return nil
	}
	src, err := c.fs.Open(from)
	if err != nil {
		return damaged(from, err)
	}
	defer src.Close()
	dst, err := c.fs.Create(to)
	if err != nil {
		return err
	}
	crc := crc32.New(castagnoli)
	n, err := io.Copy(io.MultiWriter(dst, crc), io.NewSectionReader(src, 0, t.Bytes+1))
	if err == nil && (n != t.Bytes || crc.Sum32() != t.CRC) {
		err = damaged(from, errChecksum)
	}
	if err == nil {
		err = dst.Sync()
	}
	return errors.Join(err, dst.Close())
}

// OpenSavepoint reads the manifest of a savepoint. Its files are checked when they are read.
func OpenSavepoint(fsys vfs.FS, dir string, format Format) (*Checkpoint, error) {
	sum, err := vfs.ReadFile(fsys, filepath.Join(dir, checksumName))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNotSavepoint, dir, err)
	}
	want, err := strconv.ParseUint(strings.TrimSpace(string(sum)), 16, 32)
	if err != nil {
		return nil, fmt.Errorf("%w: %s in %s: %w", ErrDamaged, checksumName, dir, err)
	}
	path := filepath.Join(dir, manifestName)
	data, err := vfs.ReadFile(fsys, path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNotSavepoint, dir, err)
	}
	if crc32.Checksum(data, castagnoli) != uint32(want) {
		return nil, damaged(path, errChecksum)
	}
	return parseManifest(data, fsys, dir, format)
}

// Verify reads every file of a checkpoint and compares its checksum.
func (c *Checkpoint) Verify() error {
	for _, t := range c.Tables {
		if err := c.check(t); err != nil {
			return err
		}
	}
	return nil
}

// ErrNotEmpty tells that a state directory has checkpoints already.
var ErrNotEmpty = errors.New("the state directory holds checkpoints already")

// Import makes a savepoint the first checkpoint of an empty store. The job keeps an identity of
// its own, so that its transactions are not those of the job that the savepoint was taken from.
func (s *Store) Import(c *Checkpoint) error {
	have, err := s.Checkpoints()
	if err != nil {
		return err
	}
	if len(have) > 0 {
		return fmt.Errorf("%s: %w", s.dir, ErrNotEmpty)
	}
	if _, err := s.JobID(); err != nil {
		return err
	}
	w, err := s.Begin(c.ID)
	if err != nil {
		return err
	}
	for _, t := range c.Tables {
		if err := c.place(t, w.dir); err != nil {
			return errors.Join(fmt.Errorf("import of %s: %w", c.dir, err), w.Abort())
		}
	}
	w.list = c.Tables
	m := c.Manifest
	m.Finished = false
	return w.Commit(m)
}
