package vfs

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
)

// Mem is a file system in memory. The zero value is not usable; call NewMem.
type Mem struct {
	mu    sync.Mutex
	root  *node
	locks map[string]bool
	// journal is nil, or told of every change of a directory entry, with mu held.
	journal func(dirOp)
}

var _ FS = (*Mem)(nil)

// NewMem returns an empty file system that has only its root directory.
func NewMem() *Mem {
	return &Mem{root: newDir(), locks: map[string]bool{}}
}

// node is a file or a directory. A name is an entry in the parent's map, so a node that was
// removed lives on for those who have it open, as on Unix.
type node struct {
	entries map[string]*node // directory; nil for a file
	data    []byte           // file: all bytes written; only ever appended to or replaced by nil

	// What a power cut would leave, kept up by Crash.
	durable map[string]*node // directory: entries as of the last SyncDir
	synced  []byte           // file: bytes as of the last Sync
	emptied bool             // file: Create emptied it since the last Sync
}

func newDir() *node {
	return &node{entries: map[string]*node{}, durable: map[string]*node{}}
}

func (n *node) isDir() bool { return n.entries != nil }

// dirOp is one change of directory entries. from is nil for a new name, to for a removed one.
type dirOp struct {
	from     *node
	fromName string
	to       *node
	toName   string
	child    *node
}

// split cuts a name into the elements below the root.
func split(name string) []string {
	clean := filepath.ToSlash(filepath.Clean(name))
	clean = strings.Trim(clean, "/")
	if clean == "" || clean == "." {
		return nil
	}
	return strings.Split(clean, "/")
}

// findLocked returns the node of a name.
func (m *Mem) findLocked(op, name string) (*node, error) {
	n := m.root
	for _, elem := range split(name) {
		next, ok := n.entries[elem]
		if !ok {
			return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
		n = next
	}
	return n, nil
}

// parentLocked returns the directory that holds, or would hold, a name, and the base name.
func (m *Mem) parentLocked(op, name string) (*node, string, error) {
	elems := split(name)
	if len(elems) == 0 {
		return nil, "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	base := elems[len(elems)-1]
	dir, err := m.findLocked(op, strings.Join(elems[:len(elems)-1], "/"))
	if err != nil || !dir.isDir() {
		return nil, "", &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return dir, base, nil
}

func (m *Mem) applyLocked(o dirOp) {
	if o.from != nil {
		delete(o.from.entries, o.fromName)
	}
	if o.to != nil {
		o.to.entries[o.toName] = o.child
	}
	if m.journal != nil {
		m.journal(o)
	}
}

func (m *Mem) Create(name string) (File, error) { return m.openWrite("create", name, true) }

func (m *Mem) OpenAppend(name string) (File, error) { return m.openWrite("open", name, false) }

func (m *Mem) openWrite(op, name string, empty bool) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.parentLocked(op, name)
	if err != nil {
		return nil, err
	}
	n := dir.entries[base]
	switch {
	case n == nil:
		n = &node{}
		m.applyLocked(dirOp{to: dir, toName: base, child: n})
	case n.isDir():
		return nil, &fs.PathError{Op: op, Path: name, Err: errIsDir}
	case empty:
		n.data, n.emptied = nil, true
	}
	return &memFile{m: m, n: n, name: name, write: true}, nil
}

func (m *Mem) Open(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.findLocked("open", name)
	if err != nil {
		return nil, err
	}
	if n.isDir() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errIsDir}
	}
	return &memFile{m: m, n: n, name: name}, nil
}

func (m *Mem) Rename(oldName, newName string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	from, fromName, err := m.parentLocked("rename", oldName)
	if err != nil {
		return err
	}
	child, ok := from.entries[fromName]
	if !ok {
		return &fs.PathError{Op: "rename", Path: oldName, Err: fs.ErrNotExist}
	}
	to, toName, err := m.parentLocked("rename", newName)
	if err != nil {
		return err
	}
	old := to.entries[toName]
	if old == child {
		return nil
	}
	if old != nil && (old.isDir() || child.isDir()) {
		return &fs.PathError{Op: "rename", Path: newName, Err: fs.ErrExist}
	}
	if child.isDir() && contains(child, to) {
		return &fs.PathError{Op: "rename", Path: newName, Err: fs.ErrInvalid}
	}
	m.applyLocked(dirOp{from: from, fromName: fromName, to: to, toName: toName, child: child})
	return nil
}

// Link gives a file a second name.
func (m *Mem) Link(oldName, newName string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.findLocked("link", oldName)
	if err != nil {
		return err
	}
	dir, base, err := m.parentLocked("link", newName)
	if err != nil {
		return err
	}
	if n.isDir() {
		return &fs.PathError{Op: "link", Path: oldName, Err: errIsDir}
	}
	if dir.entries[base] != nil {
		return &fs.PathError{Op: "link", Path: newName, Err: fs.ErrExist}
	}
	m.applyLocked(dirOp{to: dir, toName: base, child: n})
	return nil
}

// contains reports whether n is dir or lies below it.
func contains(dir, n *node) bool {
	if dir == n {
		return true
	}
	for _, child := range dir.entries {
		if child.isDir() && contains(child, n) {
			return true
		}
	}
	return false
}

func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.parentLocked("remove", name)
	if err != nil {
		return err
	}
	n, ok := dir.entries[base]
	if !ok {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	if len(n.entries) > 0 {
		return &fs.PathError{Op: "remove", Path: name, Err: errNotEmpty}
	}
	m.applyLocked(dirOp{from: dir, fromName: base, child: n})
	return nil
}

func (m *Mem) RemoveAll(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.parentLocked("remove", name)
	if err != nil {
		return nil // no parent, so no such name
	}
	if n, ok := dir.entries[base]; ok {
		m.removeTreeLocked(dir, base, n)
	}
	return nil
}

// removeTreeLocked removes the leaves first, name by name, as the real call does.
func (m *Mem) removeTreeLocked(dir *node, base string, n *node) {
	for _, name := range sortedNames(n.entries) {
		m.removeTreeLocked(n, name, n.entries[name])
	}
	m.applyLocked(dirOp{from: dir, fromName: base, child: n})
}

func (m *Mem) MkdirAll(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.root
	for _, elem := range split(dir) {
		next, ok := n.entries[elem]
		if !ok {
			next = newDir()
			m.applyLocked(dirOp{to: n, toName: elem, child: next})
		}
		if !next.isDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: errNotDir}
		}
		n = next
	}
	return nil
}

func (m *Mem) List(dir string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.findLocked("list", dir)
	if err != nil {
		return nil, err
	}
	if !n.isDir() {
		return nil, &fs.PathError{Op: "list", Path: dir, Err: errNotDir}
	}
	return sortedNames(n.entries), nil
}

func sortedNames(entries map[string]*node) []string {
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (m *Mem) Stat(name string) (Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.findLocked("stat", name)
	if err != nil {
		return Info{}, err
	}
	return Info{Name: filepath.Base(name), Size: int64(len(n.data)), IsDir: n.isDir()}, nil
}

// SyncDir only checks that the directory exists: memory has nothing to lose.
func (m *Mem) SyncDir(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.syncDirLocked(dir)
	return err
}

func (m *Mem) syncDirLocked(dir string) (*node, error) {
	n, err := m.findLocked("sync", dir)
	if err == nil && !n.isDir() {
		err = &fs.PathError{Op: "sync", Path: dir, Err: errNotDir}
	}
	return n, err
}

// Lock excludes other holders in this process; there can be no others.
func (m *Mem) Lock(dir string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.syncDirLocked(dir); err != nil {
		return nil, err
	}
	key := strings.Join(split(dir), "/")
	if m.locks[key] {
		return nil, &LockedError{Dir: dir, PID: os.Getpid()}
	}
	m.locks[key] = true
	return &memLock{m: m, key: key}, nil
}

type memLock struct {
	m   *Mem
	key string
}

func (l *memLock) Close() error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	delete(l.m.locks, l.key)
	return nil
}
