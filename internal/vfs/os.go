package vfs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// OS is the real file system. Files get mode 0644 and directories 0755, both before umask.
type OS struct{}

var _ FS = OS{}

func (OS) Create(name string) (File, error) {
	return openOS(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND)
}

func (OS) Open(name string) (File, error) { return openOS(name, os.O_RDONLY) }

func (OS) OpenAppend(name string) (File, error) {
	return openOS(name, os.O_RDWR|os.O_CREATE|os.O_APPEND)
}

func (OS) Rename(oldName, newName string) error { return os.Rename(oldName, newName) }

func (OS) Remove(name string) error { return os.Remove(name) }

func (OS) RemoveAll(name string) error { return os.RemoveAll(name) }

func (OS) MkdirAll(dir string) error { return os.MkdirAll(dir, 0o755) }

func (OS) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (OS) Stat(name string) (Info, error) {
	fi, err := os.Stat(name)
	if err != nil {
		return Info{}, err
	}
	info := Info{Name: fi.Name(), IsDir: fi.IsDir()}
	if !info.IsDir {
		info.Size = fi.Size()
	}
	return info, nil
}

func (OS) SyncDir(dir string) error { return syncDir(dir) }

// Lock holds an advisory lock on the file LOCK in dir, which also carries the process id.
func (OS) Lock(dir string) (io.Closer, error) {
	name := filepath.Join(dir, LockName)
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	if err := lockFile(f); err != nil {
		defer f.Close()
		if errors.Is(err, errLocked) {
			return nil, &LockedError{Dir: dir, PID: readPID(f)}
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	if err := writePID(f); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, err), f.Close())
	}
	return &osLock{f: f}, nil
}

// errLocked is what lockFile returns when somebody else holds the lock.
var errLocked = errors.New("vfs: locked")

// osLock keeps the file open; the system drops the lock with the last descriptor. The file itself
// stays: removing it would let two processes lock two different files of that name.
type osLock struct{ f *os.File }

func (l *osLock) Close() error {
	err := l.f.Truncate(0)
	return errors.Join(err, l.f.Close())
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func readPID(f *os.File) int {
	var buf [32]byte
	n, err := f.ReadAt(buf[:], 0)
	if err != nil && err != io.EOF {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(buf[:n])))
	if err != nil {
		return 0 // the holder is between taking the lock and writing its id
	}
	return pid
}

// osFile hides the methods of os.File that the contract has not.
type osFile struct{ f *os.File }

func openOS(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, flag, 0o644)
	if err != nil {
		return nil, err
	}
	return osFile{f: f}, nil
}

func (o osFile) Write(p []byte) (int, error)             { return o.f.Write(p) }
func (o osFile) ReadAt(p []byte, off int64) (int, error) { return o.f.ReadAt(p, off) }
func (o osFile) Close() error                            { return o.f.Close() }
func (o osFile) Name() string                            { return o.f.Name() }
func (o osFile) Sync() error                             { return o.f.Sync() }

func (o osFile) Size() (int64, error) {
	fi, err := o.f.Stat()
	if err != nil {
		return 0, err
	}
	return fi.Size(), nil
}

// Link gives a file a second name.
func (OS) Link(oldName, newName string) error { return os.Link(oldName, newName) }
