package state

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

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
	path := filepath.Join(dir, "pointer.db")
	db, err := bbolt.Open(path, 0o644, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return &boltPointer{db}, nil
}

var pointerBucket, pointerKey = []byte("pointer"), []byte("latest")

type boltPointer struct{ db *bbolt.DB }

func (p *boltPointer) load() (data []byte, err error) {
	err = p.db.View(func(tx *bbolt.Tx) error {
		if b := tx.Bucket(pointerBucket); b != nil {
			data = append(data, b.Get(pointerKey)...)
		}
		return nil
	})
	return data, err
}

func (p *boltPointer) save(data []byte) error {
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
