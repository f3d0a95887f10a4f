package vfs

import (
	"errors"
	"io"
	"io/fs"
	"sync"
)

// OpKind names an operation that Fault counts.
type OpKind string

// The operations of FS and File that can fail. Close, Size and Name are never made to fail.
const (
	OpCreate     OpKind = "create"
	OpOpen       OpKind = "open"
	OpOpenAppend OpKind = "append"
	OpRename     OpKind = "rename"
	OpLink       OpKind = "link"
	OpRemove     OpKind = "remove"
	OpRemoveAll  OpKind = "removeall"
	OpMkdirAll   OpKind = "mkdir"
	OpList       OpKind = "list"
	OpStat       OpKind = "stat"
	OpSyncDir    OpKind = "syncdir"
	OpLock       OpKind = "lock"
	OpWrite      OpKind = "write"
	OpRead       OpKind = "read"
	OpSync       OpKind = "sync"
)

// Op is one operation on its way to the wrapped file system.
type Op struct {
	N    int // 1 for the first operation since NewFault
	Kind OpKind
	Path string // for a rename the old name
}

// Fault wraps a file system and makes operations fail. Use NewFault.
//
// The usual test runs a workload once to learn Count, and then once for each n below it with
// FailAt(n, err). The hook of SetInject is the general form; it also serves to look at a Crash at
// every sync point.
type Fault struct {
	base FS

	mu     sync.Mutex
	count  int
	inject func(Op) error
	space  int64 // bytes that Write may still take; < 0 is without limit
}

var _ FS = (*Fault)(nil)

// NewFault returns a wrapper of base in which nothing fails yet.
func NewFault(base FS) *Fault { return &Fault{base: base, space: -1} }

// Count is the number of operations so far, failed ones included.
func (f *Fault) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// SetInject sets what is asked before each operation. An error is returned to the caller in
// place of the operation's result, and the operation is not done, except that a write keeps the
// first half of its bytes (a short write). nil stops it. The hook may use the wrapped file system,
// not the Fault.
func (f *Fault) SetInject(inject func(Op) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inject = inject
}

// FailAt makes operation n, counted from NewFault, fail with err, and only that one.
func (f *Fault) FailAt(n int, err error) {
	f.SetInject(func(op Op) error {
		if op.N == n {
			return err
		}
		return nil
	})
}

// LimitSpace lets Write take n more bytes. The write that goes beyond is short, and it and all
// later ones fail with ErrNoSpace. Removing files frees nothing. n < 0 takes the limit away.
func (f *Fault) LimitSpace(n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.space = n
}

// before counts an operation and returns the error it must fail with.
func (f *Fault) before(kind OpKind, path string) error {
	f.mu.Lock()
	f.count++
	op, inject := Op{N: f.count, Kind: kind, Path: path}, f.inject
	f.mu.Unlock()
	if inject == nil {
		return nil
	}
	if err := inject(op); err != nil {
		return &fs.PathError{Op: string(kind), Path: path, Err: err}
	}
	return nil
}

// take returns how many of n bytes fit on the disk, and counts them.
func (f *Fault) take(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.space < 0 {
		return n
	}
	fits := min(int64(n), f.space)
	f.space -= fits
	return int(fits)
}

func (f *Fault) open(kind OpKind, name string, open func(string) (File, error)) (File, error) {
	if err := f.before(kind, name); err != nil {
		return nil, err
	}
	file, err := open(name)
	if err != nil {
		return nil, err
	}
	return &faultFile{File: file, fault: f}, nil
}

func (f *Fault) Create(name string) (File, error) { return f.open(OpCreate, name, f.base.Create) }

func (f *Fault) Open(name string) (File, error) { return f.open(OpOpen, name, f.base.Open) }

func (f *Fault) OpenAppend(name string) (File, error) {
	return f.open(OpOpenAppend, name, f.base.OpenAppend)
}

func (f *Fault) Rename(oldName, newName string) error {
	if err := f.before(OpRename, oldName); err != nil {
		return err
	}
	return f.base.Rename(oldName, newName)
}

// Link fails with errors.ErrUnsupported where the wrapped file system has no links.
func (f *Fault) Link(oldName, newName string) error {
	if err := f.before(OpLink, newName); err != nil {
		return err
	}
	if l, ok := f.base.(Linker); ok {
		return l.Link(oldName, newName)
	}
	return errors.ErrUnsupported
}

func (f *Fault) Remove(name string) error {
	if err := f.before(OpRemove, name); err != nil {
		return err
	}
	return f.base.Remove(name)
}

func (f *Fault) RemoveAll(name string) error {
	if err := f.before(OpRemoveAll, name); err != nil {
		return err
	}
	return f.base.RemoveAll(name)
}

func (f *Fault) MkdirAll(dir string) error {
	if err := f.before(OpMkdirAll, dir); err != nil {
		return err
	}
	return f.base.MkdirAll(dir)
}

func (f *Fault) List(dir string) ([]string, error) {
	if err := f.before(OpList, dir); err != nil {
		return nil, err
	}
	return f.base.List(dir)
}

func (f *Fault) Stat(name string) (Info, error) {
	if err := f.before(OpStat, name); err != nil {
		return Info{}, err
	}
	return f.base.Stat(name)
}

func (f *Fault) SyncDir(dir string) error {
	if err := f.before(OpSyncDir, dir); err != nil {
		return err
	}
	return f.base.SyncDir(dir)
}

func (f *Fault) Lock(dir string) (io.Closer, error) {
	if err := f.before(OpLock, dir); err != nil {
		return nil, err
	}
	return f.base.Lock(dir)
}

// faultFile passes Close, Size and Name through.
type faultFile struct {
	File
	fault *Fault
}

func (f *faultFile) Write(p []byte) (int, error) {
	if err := f.fault.before(OpWrite, f.Name()); err != nil {
		n, writeErr := f.File.Write(p[:len(p)/2])
		if writeErr != nil {
			return n, writeErr
		}
		return n, err
	}
	fits := f.fault.take(len(p))
	n, err := f.File.Write(p[:fits])
	if err == nil && fits < len(p) {
		err = &fs.PathError{Op: string(OpWrite), Path: f.Name(), Err: ErrNoSpace}
	}
	return n, err
}

func (f *faultFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fault.before(OpRead, f.Name()); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *faultFile) Sync() error {
	if err := f.fault.before(OpSync, f.Name()); err != nil {
		return err
	}
	return f.File.Sync()
}
