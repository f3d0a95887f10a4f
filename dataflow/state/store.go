package state

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/internal/vfs"
)

// Retained is how many checkpoints stay: two are needed to undo one that a Kafka transaction did
// not confirm, the third is for people.
const Retained = 3

// ErrDamaged marks a checkpoint whose files are not what was written.
var ErrDamaged = errors.New("checkpoint is damaged")

// Format reads and writes the tables of a snapshot. The parquet package has one.
type Format interface {
	// Ext is the file name's ending, with the dot.
	Ext() string
	NewWriter(w io.Writer, schema *vec.Schema) (dataflow.TableWriter, error)
	// Read calls fn with the batches of a file, lent for the time of the call.
	Read(r io.ReaderAt, size int64, fn func(*vec.Batch) error) error
}

// Store keeps the checkpoints of one job in a directory:
//
//	DIR/LOCK                         one process at a time
//	DIR/pointer.db                   "latest complete", in bbolt
//	DIR/checkpoint-12/manifest.json  plan, positions, files with checksums
//	DIR/checkpoint-12/OP-TASK-TABLE.parquet     all rows of one table of one operator instance
//	DIR/checkpoint-12/OP-TASK-12-TABLE.parquet  a layer: those that changed since checkpoint 11
//
// Layers that a checkpoint takes over from the one before are hard links, or copies where the file
// system has no links, so that each directory is whole and can be removed by itself.
//
// A checkpoint counts once its files, its manifest, the directory and then the pointer are synced,
// in that order. Whatever the pointer does not name is swept when the store is opened.
type Store struct {
	fs     vfs.FS
	dir    string
	format Format
	lock   io.Closer
	ptr    pointer
	// Warn is told when an old checkpoint cannot be removed, once for each; nil: nobody is. It does no
	// harm to the job, and is tried again with each checkpoint.
	Warn func(error)

	mu    sync.Mutex
	last  *Checkpoint     // the newest, when this process wrote it
	share float64         // see ShareLayers
	stays map[string]bool // names of directories to remove; true: Warn was told
}

// rewriteAt is the share of a first layer that those above it may take in all.
const rewriteAt = 0.5

// ShareLayers changes how much the layers above the first one of an operator's state may take in
// all, as a share of the first, until all rows are written again: half of it unless told. 0 makes
// every checkpoint full, and much makes layers of small states too, which tests want.
func (s *Store) ShareLayers(share float64) { s.share = share }

// NewJobID is a random identity for a job.
func NewJobID() string {
	b := make([]byte, 8)
	rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// OpenStore takes dir for this process, makes it when it is missing, and sweeps what a crash left.
// A second process gets a *vfs.LockedError, wrapped.
func OpenStore(fsys vfs.FS, dir string, format Format) (*Store, error) {
	if err := vfs.MkdirAllSync(fsys, dir); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	lock, err := fsys.Lock(dir)
	if err != nil {
		return nil, fmt.Errorf("state directory %s: %w", dir, err)
	}
	s := &Store{fs: fsys, dir: dir, format: format, lock: lock, share: rewriteAt, stays: map[string]bool{}}
	if s.ptr, err = openPointer(fsys, dir); err != nil {
		lock.Close()
		return nil, fmt.Errorf("state directory %s: %w", dir, err)
	}
	if err := s.sweep(); err != nil {
		s.Close()
		return nil, fmt.Errorf("state directory %s: %w", dir, err)
	}
	return s, nil
}

// Close lets go of the directory.
func (s *Store) Close() error {
	err := s.ptr.close()
	if e := s.lock.Close(); err == nil {
		err = e
	}
	return err
}

// Dir is the store's directory.
func (s *Store) Dir() string { return s.dir }

// latest is the content of the pointer.
type latest struct {
	Job  string                  `json:"job"`
	IDs  []dataflow.CheckpointID `json:"ids"`  // newest first
	CRCs []uint32                `json:"crcs"` // of the manifests
}

func (s *Store) load() (latest, error) {
	var l latest
	data, err := s.ptr.load()
	if err != nil || data == nil {
		return l, err
	}
	if err := json.Unmarshal(data, &l); err != nil || len(l.IDs) != len(l.CRCs) {
		return l, fmt.Errorf("%w: the pointer in %s cannot be read", ErrDamaged, s.dir)
	}
	return l, nil
}

func (s *Store) save(l latest) error {
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return s.ptr.save(data)
}

// JobID is the identity that the store's job keeps across restarts.
func (s *Store) JobID() (string, error) {
	l, err := s.load()
	if err != nil || l.Job != "" {
		return l.Job, err
	}
	l.Job = NewJobID()
	return l.Job, s.save(l)
}

func (s *Store) path(id dataflow.CheckpointID) string {
	return filepath.Join(s.dir, fmt.Sprintf("checkpoint-%d", id))
}

// sweep removes checkpoints that the pointer does not name. One that cannot be removed stays for later:
// who cannot write there either meets the error again.
func (s *Store) sweep() error {
	l, err := s.load()
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, id := range l.IDs {
		keep[filepath.Base(s.path(id))] = true
	}
	names, err := s.fs.List(s.dir)
	if err != nil {
		return err
	}
	if err := s.checkPointer(l, names); err != nil {
		return err
	}
	for _, n := range names {
		if strings.HasPrefix(n, "checkpoint-") && !keep[n] {
			s.stays[n] = false
		}
	}
	s.removeLocked()
	return nil
}

// checkPointer refuses a pointer that was never saved beside complete checkpoints, since Begin saves it
// before the first: the file was removed or emptied. To go on would remove them, and write all output again.
func (s *Store) checkPointer(l latest, names []string) error {
	if l.Job != "" || len(l.IDs) > 0 {
		return nil
	}
	for _, n := range names {
		if !strings.HasPrefix(n, "checkpoint-") {
			continue
		}
		if _, err := s.fs.Stat(filepath.Join(s.dir, n, manifestName)); err == nil {
			return damaged(filepath.Join(s.dir, "pointer.db"), fmt.Errorf("it is gone or empty, but %s is there", n))
		}
	}
	return nil
}

// removeLocked removes what is no longer needed, and keeps in mind what it could not remove.
func (s *Store) removeLocked() {
	for n, told := range s.stays {
		err := s.fs.RemoveAll(filepath.Join(s.dir, n))
		if err == nil {
			delete(s.stays, n)
			continue
		}
		if s.Warn != nil && !told {
			s.stays[n] = true
			s.Warn(fmt.Errorf("remove an old checkpoint: %w", err))
		}
	}
}

// Checkpoints lists the complete checkpoints, newest first.
func (s *Store) Checkpoints() ([]dataflow.CheckpointID, error) {
	l, err := s.load()
	return l.IDs, err
}

// Open reads the manifest of a complete checkpoint.
func (s *Store) Open(id dataflow.CheckpointID) (*Checkpoint, error) {
	l, err := s.load()
	if err != nil {
		return nil, err
	}
	for i, have := range l.IDs {
		if have != id {
			continue
		}
		path := filepath.Join(s.path(id), manifestName)
		data, err := vfs.ReadFile(s.fs, path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, damaged(path, err)
		}
		if err != nil {
			return nil, fmt.Errorf("checkpoint %d: %w", id, err)
		}
		if crc32.Checksum(data, castagnoli) != l.CRCs[i] {
			return nil, damaged(path, errChecksum)
		}
		return parseManifest(data, s.fs, s.path(id), s.format)
	}
	return nil, fmt.Errorf("checkpoint %d: %w", id, fs.ErrNotExist)
}

// errChecksum says that bytes are not those that were written.
var errChecksum = errors.New("its checksum is wrong")

func damaged(path string, why error) error {
	return fmt.Errorf("%w: %s: %w; put the file back from a copy, or start the job anew with an empty state directory and an empty output", ErrDamaged, path, why)
}

// Discard forgets the newest checkpoint, which its sinks did not confirm.
func (s *Store) Discard(id dataflow.CheckpointID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.load()
	if err != nil {
		return err
	}
	if len(l.IDs) == 0 || l.IDs[0] != id {
		return fmt.Errorf("state: checkpoint %d is not the newest", id)
	}
	s.last = nil
	l.IDs, l.CRCs = l.IDs[1:], l.CRCs[1:]
	if err := s.save(l); err != nil {
		return err
	}
	s.stays[filepath.Base(s.path(id))] = false
	s.removeLocked()
	return nil
}

// publish makes a checkpoint the latest one and removes old ones.
func (s *Store) publish(id dataflow.CheckpointID, crc uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.load()
	if err != nil {
		return err
	}
	l.IDs = append([]dataflow.CheckpointID{id}, l.IDs...)
	l.CRCs = append([]uint32{crc}, l.CRCs...)
	var old []dataflow.CheckpointID
	if len(l.IDs) > Retained {
		old = l.IDs[Retained:]
		l.IDs, l.CRCs = l.IDs[:Retained], l.CRCs[:Retained]
	}
	if err := s.save(l); err != nil {
		return err
	}
	for _, o := range old {
		s.stays[filepath.Base(s.path(o))] = false
	}
	s.removeLocked()
	return nil
}
