// Package vfs is the only door between riffle and the disk.
//
// Everything that must survive a crash, or must be tested against one, goes through an [FS]:
//
//	OS     the real file system
//	Mem    a file system in memory, for fast tests
//	Crash  Mem that also knows what was synced; CrashClone is the disk after a power cut
//	Fault  wraps any of them and lets the n-th operation fail, or the disk run full
//
// Model. Files are written once, by appending; they are read at random. There is no update in
// place, so a file is always a prefix of what its writer meant, and "synced" is one length.
//
// Durability, which OS has and Crash imitates:
//   - The bytes of a file are durable after File.Sync.
//   - A directory entry (a created, renamed or removed name, also of a directory) is durable after
//     SyncDir of the directory that holds it. A rename is atomic: old name or new, never neither.
//   - So to publish a file: write, Sync, Rename, SyncDir. [WriteFileAtomic] does exactly that.
//
// Names are operating system paths for OS. Mem and Crash clean them, treat "/" and the system's
// separator alike, and take relative names as relative to their root. Errors are *fs.PathError (or
// *os.LinkError for OS renames), so errors.Is(err, fs.ErrNotExist) works on every implementation.
//
// Not offered: permissions, links, memory mapping, locks on single files.
package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// FS is a file system. All methods may be called from several goroutines at a time.
type FS interface {
	// Create makes an empty file for appending; an existing file of that name is emptied.
	Create(name string) (File, error)
	// Open opens an existing file for reading.
	Open(name string) (File, error)
	// OpenAppend opens a file for appending and makes it if it is missing.
	OpenAppend(name string) (File, error)
	// Rename gives a file or directory a new name. A file that has the new name is replaced.
	Rename(oldName, newName string) error
	// Remove deletes a file or an empty directory.
	Remove(name string) error
	// RemoveAll deletes a file or a directory with all it holds; a missing name is no error.
	RemoveAll(name string) error
	// MkdirAll makes a directory and its missing parents.
	MkdirAll(dir string) error
	// List returns the base names in a directory in increasing order.
	List(dir string) ([]string, error)
	// Stat describes a name; the error is fs.ErrNotExist when there is none.
	Stat(name string) (Info, error)
	// SyncDir makes the entries of a directory durable.
	SyncDir(dir string) error
	// Lock takes a directory for this process until the result is closed. When another holder,
	// in this or another process, has it, the error is a *LockedError. The operating system
	// frees the lock of a process that died.
	Lock(dir string) (io.Closer, error)
}

// File is an open file. Write and Sync need one opened by Create or OpenAppend, ReadAt works on
// any; Write appends. Only Write must not be called by two goroutines at a time.
type File interface {
	io.Writer
	io.ReaderAt
	io.Closer
	// Name is the name the file was opened with.
	Name() string
	// Size is the present length in bytes, unsynced bytes included.
	Size() (int64, error)
	// Sync makes all bytes written so far durable, not the name (see FS.SyncDir).
	Sync() error
}

// Linker is an FS that can give a file a second name, in a directory of the same file system. The name is
// as durable as any other (see FS.SyncDir); what is in the file is as durable as it was.
type Linker interface {
	Link(oldName, newName string) error
}

// Info describes a file or directory.
type Info struct {
	Name  string // base name
	Size  int64  // bytes; 0 for a directory
	IsDir bool
}

// LockName is the file in a locked directory that names the holder.
const LockName = "LOCK"

// LockedError says that a directory is in use.
type LockedError struct {
	Dir string
	PID int // process that holds it; 0 when not known
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("directory %s is in use by another process", e.Dir)
	}
	return fmt.Sprintf("directory %s is in use by process %d", e.Dir, e.PID)
}

// ErrNoSpace is what errors of a full disk wrap; test with [IsNoSpace], which knows the real
// systems' codes too.
var ErrNoSpace = errors.New("no space left on device")

// IsNoSpace reports whether err means that the disk is full.
func IsNoSpace(err error) bool {
	return errors.Is(err, ErrNoSpace) || osNoSpace(err)
}

// ReadFile returns the content of a file.
func ReadFile(fsys FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	if n, err := f.ReadAt(data, 0); err != nil && !(err == io.EOF && int64(n) == size) {
		return nil, err
	}
	return data, nil
}

// tmpSuffix marks the file that WriteFileAtomic has not yet published. After a crash one may be
// left behind; the next WriteFileAtomic of the same name overwrites it.
const tmpSuffix = ".tmp"

// WriteFileAtomic replaces the content of name in one step: after a crash at any moment a reader
// sees the old content or the new, and after a nil return it is the new one. The directory must
// exist. On error the temporary file is removed and the old content stays, except that an error
// of the last step, SyncDir, leaves open which of the two a power cut would keep.
func WriteFileAtomic(fsys FS, name string, data []byte) error {
	tmp := name + tmpSuffix
	if err := writeSynced(fsys, tmp, data); err != nil {
		// The first error counts; the file is only litter.
		_ = fsys.Remove(tmp)
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := fsys.Rename(tmp, name); err != nil {
		_ = fsys.Remove(tmp)
		return fmt.Errorf("publish %s: %w", name, err)
	}
	if err := fsys.SyncDir(filepath.Dir(name)); err != nil {
		return fmt.Errorf("sync directory of %s: %w", name, err)
	}
	return nil
}

func writeSynced(fsys FS, name string, data []byte) error {
	f, err := fsys.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// MkdirAllSync makes dir and its missing parents, and makes the new entries durable.
func MkdirAllSync(fsys FS, dir string) error {
	missing := []string{}
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := fsys.Stat(d); err == nil {
			break
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		missing = append(missing, d)
		if filepath.Dir(d) == d {
			break
		}
	}
	if err := fsys.MkdirAll(dir); err != nil {
		return err
	}
	for _, d := range missing {
		if err := fsys.SyncDir(filepath.Dir(d)); err != nil {
			return err
		}
	}
	return nil
}
