package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/riffle-io/riffle/internal/vfs"
)

// pointer is one small value that is replaced atomically and durably.
type pointer interface {
	load() ([]byte, error) // nil when it was never saved
	save(data []byte) error
	close() error
}

// openPointer is bbolt on a real disk. Simulated file systems, whose sync points the crash tests
// walk through, cannot host a memory-mapped file, and get a file that is replaced by rename.
func openPointer(fsys vfs.FS, dir string) (pointer, error) {
	if _, real := fsys.(vfs.OS); !real {
		return &filePointer{fsys, filepath.Join(dir, "pointer.json")}, nil
	}
	return openBolt(filepath.Join(dir, "pointer.db"))
}

var pointerBucket, pointerKey = []byte("pointer"), []byte("latest")

type boltPointer struct{ db *bbolt.DB }

// openBolt opens the file for this process. bbolt panics over a file that something else wrote to, with
// the file open and locked.
func openBolt(path string) (_ pointer, err error) {
	var file *os.File
	opts := &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType, OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}}
	defer guard(path, &err)()
	done := false
	defer func() {
		if !done && file != nil {
			unlock(file)
			file.Close()
		}
	}()
	db, err := bbolt.Open(path, 0o644, opts)
	done = true
	system := new(fs.PathError)
	code := syscall.Errno(0)
	switch {
	case err == nil:
		return &boltPointer{db}, nil
	case errors.Is(err, berrors.ErrTimeout), errors.As(err, &system), errors.As(err, &code):
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return nil, damaged(path, err) // bbolt's own
}

// guard makes ErrDamaged of a panic in the function that defers its result: of bbolt over a file that is
// not what it wrote, or of the memory that the file is mapped to when it was cut.
func guard(path string, err *error) func() {
	before := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(before)
		if r := recover(); r != nil {
			*err = damaged(path, fmt.Errorf("%v", r))
		}
	}
}

func (p *boltPointer) load() (data []byte, err error) {
	defer guard(p.db.Path(), &err)()
	err = p.db.View(func(tx *bbolt.Tx) error {
		if b := tx.Bucket(pointerBucket); b != nil {
			data = append(data, b.Get(pointerKey)...)
		}
		return nil
	})
	return data, err
}

func (p *boltPointer) save(data []byte) (err error) {
	defer guard(p.db.Path(), &err)()
	return p.db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(pointerBucket)
		if err != nil {
			return err
		}
		return b.Put(pointerKey, data)
	})
}

func (p *boltPointer) close() error { return p.db.Close() }

type filePointer struct {
	fs   vfs.FS
	path string
}

func (p *filePointer) load() ([]byte, error) {
	data, err := vfs.ReadFile(p.fs, p.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

func (p *filePointer) save(data []byte) error { return vfs.WriteFileAtomic(p.fs, p.path, data) }
func (p *filePointer) close() error           { return nil }
