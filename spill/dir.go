package spill

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/riffle-io/riffle/internal/vfs"
)

// ErrNoDir says that there is no directory to spill to.
var ErrNoDir = errors.New("spill: memory limit reached and no directory to spill to")

// procPrefix starts the name of the directory that holds one process's files.
const procPrefix = "riffle-spill-"

// procDir is this process's part of a spill directory. It is locked while it is in use, which tells
// Sweep that the process lives, and removed with its last file.
type procDir struct {
	fs   vfs.FS
	path string
	lock io.Closer
	refs int
	next int
}

var dirs = struct {
	sync.Mutex
	open map[string]*procDir
	made int
}{open: map[string]*procDir{}}

// acquire takes a new file name in this process's part of dir.
func acquire(fs vfs.FS, dir string) (*procDir, string, error) {
	if dir == "" {
		return nil, "", ErrNoDir
	}
	dirs.Lock()
	defer dirs.Unlock()
	key := fmt.Sprintf("%p %s", fs, dir)
	d := dirs.open[key]
	if d == nil {
		dirs.made++
		d = &procDir{fs: fs, path: filepath.Join(dir, fmt.Sprintf("%s%d-%d", procPrefix, os.Getpid(), dirs.made))}
		if err := fs.MkdirAll(d.path); err != nil {
			return nil, "", fmt.Errorf("make spill directory: %w", err)
		}
		lock, err := fs.Lock(d.path)
		if err != nil {
			return nil, "", fmt.Errorf("lock spill directory: %w", err)
		}
		d.lock = lock
		dirs.open[key] = d
	}
	d.refs++
	d.next++
	return d, filepath.Join(d.path, fmt.Sprintf("%06d.run", d.next)), nil
}

// release gives a file name back; the file must be gone.
func (d *procDir) release() error {
	dirs.Lock()
	defer dirs.Unlock()
	d.refs--
	if d.refs > 0 {
		return nil
	}
	for k, o := range dirs.open {
		if o == d {
			delete(dirs.open, k)
		}
	}
	err := d.lock.Close()
	return errors.Join(err, d.fs.RemoveAll(d.path))
}

// Sweep deletes what processes that are gone left in dir. Call it once at start; a directory that
// does not exist is no error.
func Sweep(dir string) error { return SweepFS(vfs.OS{}, dir) }

// SweepFS is Sweep in a file system.
func SweepFS(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err != nil {
		return nil
	}
	names, err := fs.List(dir)
	if err != nil {
		return fmt.Errorf("sweep %s: %w", dir, err)
	}
	for _, n := range names {
		if !strings.HasPrefix(n, procPrefix) {
			continue
		}
		path := filepath.Join(dir, n)
		lock, err := fs.Lock(path)
		var held *vfs.LockedError
		if errors.As(err, &held) {
			continue
		}
		if err == nil {
			err = lock.Close()
		}
		if err := errors.Join(err, fs.RemoveAll(path)); err != nil {
			return fmt.Errorf("sweep %s: %w", path, err)
		}
	}
	return nil
}
