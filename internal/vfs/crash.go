package vfs

import "math/rand/v2"

// Crash is a file system in memory that remembers what was made durable. CrashClone gives the disk
// as a power cut at this moment could leave it. Use NewCrash.
//
// The cut is as unkind as the rules in the package comment allow: each unsynced change of a
// directory entry survives or not by itself, in any combination; of the unsynced bytes of a file a
// random part survives, with random blocks of it zero, as when the length reached the disk before
// the data; a file that was emptied and not yet synced has its old or its new bytes.
type Crash struct {
	*Mem
	pending []dirOp // entry changes since the SyncDir that would cover them, oldest first
}

var _ FS = (*Crash)(nil)

// blockSize is the unit in which unsynced bytes get lost: a page of the page cache.
const blockSize = 4096

// NewCrash returns an empty file system.
func NewCrash() *Crash {
	c := &Crash{Mem: NewMem()}
	c.journal = func(o dirOp) { c.pending = append(c.pending, o) }
	return c
}

// SyncDir makes the entries of dir durable. A pending rename that touches dir becomes durable
// whole, in the other directory too.
func (c *Crash) SyncDir(dir string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.syncDirLocked(dir)
	if err != nil {
		return err
	}
	rest := c.pending[:0]
	for _, o := range c.pending {
		if o.from == n || o.to == n {
			o.makeDurable()
		} else {
			rest = append(rest, o)
		}
	}
	c.pending = rest
	return nil
}

// makeDurable repeats the change on the durable entries. A rename whose source never became
// durable still gives the new name: the journal of a real file system holds both.
func (o dirOp) makeDurable() {
	if o.from != nil && o.from.durable[o.fromName] == o.child {
		delete(o.from.durable, o.fromName)
	}
	if o.to != nil {
		o.to.durable[o.toName] = o.child
	}
}

// CrashClone returns the disk after a power cut now, as a file system of its own with no open
// files and no locks. The same history and seed give the same disk. c stays usable and unchanged.
func (c *Crash) CrashClone(seed uint64) *Crash {
	c.mu.Lock()
	defer c.mu.Unlock()
	rnd := rand.New(rand.NewPCG(seed, 0))
	view := crashView{rnd: rnd, entries: map[*node]map[string]*node{}, done: map[*node]*node{}}
	for _, o := range c.pending {
		if rnd.IntN(2) == 0 {
			view.apply(o)
		}
	}
	clone := NewCrash()
	clone.root = view.copy(c.root)
	return clone
}

// crashView is the durable tree with some of the pending changes, on the way to a clone.
type crashView struct {
	rnd     *rand.Rand
	entries map[*node]map[string]*node // directories that differ from their durable entries
	done    map[*node]*node            // original to clone
}

func (v *crashView) dir(n *node) map[string]*node {
	if e, ok := v.entries[n]; ok {
		return e
	}
	e := make(map[string]*node, len(n.durable))
	for name, child := range n.durable {
		e[name] = child
	}
	v.entries[n] = e
	return e
}

func (v *crashView) apply(o dirOp) {
	if o.from != nil {
		if from := v.dir(o.from); from[o.fromName] == o.child {
			delete(from, o.fromName)
		}
	}
	if o.to != nil {
		v.dir(o.to)[o.toName] = o.child
	}
}

// copy clones a node with all below it; what it returns is durable. A directory that is reachable
// by two names, which a half-kept rename across directories could give, is cloned once.
func (v *crashView) copy(n *node) *node {
	if c, ok := v.done[n]; ok {
		return c
	}
	if !n.isDir() {
		c := &node{data: v.contents(n)}
		c.synced = c.data[:len(c.data):len(c.data)]
		v.done[n] = c
		return c
	}
	c := newDir()
	v.done[n] = c
	entries := v.dir(n)
	for _, name := range sortedNames(entries) {
		child := v.copy(entries[name])
		c.entries[name], c.durable[name] = child, child
	}
	return c
}

// contents picks what a power cut leaves of a file.
func (v *crashView) contents(n *node) []byte {
	base := n.synced
	if n.emptied {
		if v.rnd.IntN(2) == 0 {
			return append([]byte(nil), base...) // emptying it did not reach the disk
		}
		base = nil
	}
	rest := n.data[len(base):]
	kept := append([]byte(nil), rest[:v.rnd.IntN(len(rest)+1)]...)
	for at := 0; at < len(kept); at += blockSize {
		if v.rnd.IntN(4) == 0 {
			clear(kept[at:min(at+blockSize, len(kept))])
		}
	}
	return append(append([]byte(nil), base...), kept...)
}
