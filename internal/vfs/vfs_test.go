package vfs_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/riffle-io/riffle/internal/vfs"
)

// everyFS runs a test on each implementation, with a directory to work in.
func everyFS(t *testing.T, test func(t *testing.T, fsys vfs.FS, dir string)) {
	t.Run("os", func(t *testing.T) { test(t, vfs.OS{}, t.TempDir()) })
	t.Run("mem", func(t *testing.T) { test(t, vfs.NewMem(), "/") })
	t.Run("crash", func(t *testing.T) { test(t, vfs.NewCrash(), "/") })
	t.Run("fault", func(t *testing.T) { test(t, vfs.NewFault(vfs.NewMem()), "/") })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, fsys vfs.FS, name, text string) {
	t.Helper()
	f, err := fsys.Create(name)
	must(t, err)
	_, err = f.Write([]byte(text))
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
}

func read(t *testing.T, fsys vfs.FS, name string) string {
	t.Helper()
	data, err := vfs.ReadFile(fsys, name)
	must(t, err)
	return string(data)
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func TestFiles(t *testing.T) {
	everyFS(t, func(t *testing.T, fsys vfs.FS, dir string) {
		a, b := filepath.Join(dir, "x", "a"), filepath.Join(dir, "x", "b")
		_, err := fsys.Create(a)
		wantErr(t, "create without directory", err, fs.ErrNotExist)
		must(t, fsys.MkdirAll(filepath.Dir(a)))
		write(t, fsys, a, "one")
		f, err := fsys.OpenAppend(a)
		must(t, err)
		_, err = f.Write([]byte("two"))
		must(t, err)
		size, err := f.Size()
		must(t, err)
		if size != 6 || f.Name() != a {
			t.Errorf("size %d name %s", size, f.Name())
		}
		must(t, f.Close())
		write(t, fsys, b, "old")
		must(t, fsys.Rename(a, b))
		if got := read(t, fsys, b); got != "onetwo" {
			t.Errorf("after rename: %q", got)
		}
		_, err = fsys.Open(a)
		wantErr(t, "open of renamed", err, fs.ErrNotExist)
		_, err = fsys.Stat(a)
		wantErr(t, "stat of renamed", err, fs.ErrNotExist)
		info, err := fsys.Stat(b)
		must(t, err)
		if info != (vfs.Info{Name: "b", Size: 6}) {
			t.Errorf("stat: %+v", info)
		}
		must(t, fsys.SyncDir(filepath.Dir(b)))
		wantErr(t, "sync of missing", fsys.SyncDir(filepath.Join(dir, "no")), fs.ErrNotExist)
	})
}

func TestLinks(t *testing.T) {
	everyFS(t, func(t *testing.T, fsys vfs.FS, dir string) {
		l := fsys.(vfs.Linker)
		a, b := filepath.Join(dir, "a"), filepath.Join(dir, "sub", "b")
		must(t, fsys.MkdirAll(filepath.Dir(b)))
		write(t, fsys, a, "one")
		must(t, l.Link(a, b))
		must(t, fsys.Remove(a))
		if got := read(t, fsys, b); got != "one" {
			t.Errorf("by its second name: %q", got)
		}
		wantErr(t, "link of removed", l.Link(a, b+"2"), fs.ErrNotExist)
		write(t, fsys, a, "two")
		wantErr(t, "link over a file", l.Link(a, b), fs.ErrExist)
	})
}

// TestCrashKeepsLinks: a second name is durable with its directory, and the bytes are by Sync.
func TestCrashKeepsLinks(t *testing.T) {
	lost := 0
	for seed := range uint64(20) {
		c := vfs.NewCrash()
		must(t, c.MkdirAll("d"))
		must(t, c.SyncDir(""))
		f, err := c.Create("a")
		must(t, err)
		_, err = f.Write([]byte("bytes"))
		must(t, errors.Join(err, f.Sync(), f.Close(), c.SyncDir("")))
		must(t, c.Link("a", "d/b"))
		if _, err := c.CrashClone(seed).Stat("d/b"); err != nil {
			lost++
		}
		must(t, errors.Join(c.SyncDir("d"), c.Remove("a")))
		if got := read(t, c.CrashClone(seed), "d/b"); got != "bytes" {
			t.Errorf("seed %d: %q", seed, got)
		}
	}
	if lost == 0 || lost == 20 {
		t.Errorf("without SyncDir the name was lost in %d of 20 power cuts", lost)
	}
}

func TestReadAt(t *testing.T) {
	everyFS(t, func(t *testing.T, fsys vfs.FS, dir string) {
		name := filepath.Join(dir, "f")
		write(t, fsys, name, "0123456789")
		f, err := fsys.Open(name)
		must(t, err)
		defer f.Close()
		buf := make([]byte, 4)
		n, err := f.ReadAt(buf, 3)
		if n != 4 || err != nil || string(buf) != "3456" {
			t.Errorf("middle: %d %v %q", n, err, buf)
		}
		n, err = f.ReadAt(buf, 8)
		if n != 2 || err != io.EOF {
			t.Errorf("across the end: %d %v", n, err)
		}
		if _, err = f.Write([]byte("x")); err == nil {
			t.Error("write to a file opened for reading")
		}
	})
}

func TestDirectories(t *testing.T) {
	everyFS(t, func(t *testing.T, fsys vfs.FS, dir string) {
		must(t, vfs.MkdirAllSync(fsys, filepath.Join(dir, "d", "e")))
		write(t, fsys, filepath.Join(dir, "d", "z"), "")
		write(t, fsys, filepath.Join(dir, "d", "a"), "")
		names, err := fsys.List(filepath.Join(dir, "d"))
		must(t, err)
		if !slices.Equal(names, []string{"a", "e", "z"}) {
			t.Errorf("list: %v", names)
		}
		if err := fsys.Remove(filepath.Join(dir, "d")); err == nil {
			t.Error("removed a directory that is not empty")
		}
		must(t, fsys.RemoveAll(filepath.Join(dir, "d")))
		must(t, fsys.RemoveAll(filepath.Join(dir, "d")))
		_, err = fsys.List(filepath.Join(dir, "d"))
		wantErr(t, "list of removed", err, fs.ErrNotExist)
		wantErr(t, "remove of removed", fsys.Remove(filepath.Join(dir, "d")), fs.ErrNotExist)
	})
}

func TestLock(t *testing.T) {
	everyFS(t, func(t *testing.T, fsys vfs.FS, dir string) {
		lock, err := fsys.Lock(dir)
		must(t, err)
		_, err = fsys.Lock(dir)
		var locked *vfs.LockedError
		if !errors.As(err, &locked) || locked.PID != os.Getpid() || locked.Dir != dir {
			t.Fatalf("second lock: %v", err)
		}
		must(t, lock.Close())
		lock, err = fsys.Lock(dir)
		must(t, err)
		must(t, lock.Close())
		_, err = fsys.Lock(filepath.Join(dir, "missing"))
		wantErr(t, "lock of missing", err, fs.ErrNotExist)
	})
}

func TestWriteFileAtomic(t *testing.T) {
	everyFS(t, func(t *testing.T, fsys vfs.FS, dir string) {
		name := filepath.Join(dir, "manifest.json")
		for _, text := range []string{"one", "", "three"} {
			must(t, vfs.WriteFileAtomic(fsys, name, []byte(text)))
			if got := read(t, fsys, name); got != text {
				t.Errorf("read %q, want %q", got, text)
			}
		}
		names, err := fsys.List(dir)
		must(t, err)
		if !slices.Equal(names, []string{"manifest.json"}) {
			t.Errorf("left behind: %v", names)
		}
	})
}

// A power cut at any operation of WriteFileAtomic leaves the old or the new content, and the new
// one once it returned.
func TestWriteFileAtomicCrash(t *testing.T) {
	oldText, newText := bytes.Repeat([]byte("old "), 3000), bytes.Repeat([]byte("new "), 5000)
	for seed := uint64(0); seed < 50; seed++ {
		disk := vfs.NewCrash()
		must(t, vfs.WriteFileAtomic(disk, "m", oldText))
		fault := vfs.NewFault(disk)
		sawOld := false
		fault.SetInject(func(op vfs.Op) error {
			got := []byte(read(t, disk.CrashClone(seed), "m"))
			sawOld = sawOld || bytes.Equal(got, oldText)
			if !bytes.Equal(got, oldText) && !bytes.Equal(got, newText) {
				t.Errorf("seed %d, before %s: %d bytes that are neither", seed, op.Kind, len(got))
			}
			return nil
		})
		must(t, vfs.WriteFileAtomic(fault, "m", newText))
		if got := read(t, disk.CrashClone(seed), "m"); got != string(newText) {
			t.Errorf("seed %d: not durable after the return", seed)
		}
		if !sawOld {
			t.Errorf("seed %d: the new content came too early", seed)
		}
	}
}

func TestWriteFileAtomicFault(t *testing.T) {
	boom := errors.New("boom")
	count := vfs.NewFault(vfs.NewMem())
	must(t, vfs.WriteFileAtomic(count, "m", []byte("new")))
	for n := 1; n <= count.Count(); n++ {
		mem := vfs.NewMem()
		write(t, mem, "m", "old")
		fault := vfs.NewFault(mem)
		fault.FailAt(n, boom)
		wantErr(t, "write", vfs.WriteFileAtomic(fault, "m", []byte("new")), boom)
		if got := read(t, mem, "m"); got != "old" && n < count.Count() {
			t.Errorf("operation %d failed, content %q", n, got)
		}
		if _, err := mem.Stat("m.tmp"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("operation %d failed, temporary file left: %v", n, err)
		}
	}
}

// What was not synced must get lost by some seed, and what was synced by none.
func TestCrashLosesUnsynced(t *testing.T) {
	disk := vfs.NewCrash()
	must(t, disk.MkdirAll("d"))
	must(t, disk.SyncDir("."))
	f, err := disk.Create("d/f")
	must(t, err)
	_, err = f.Write([]byte("synced"))
	must(t, err)
	must(t, f.Sync())
	var gone, kept int
	count := func() {
		gone, kept = 0, 0
		for seed := uint64(0); seed < 40; seed++ {
			if data, err := vfs.ReadFile(disk.CrashClone(seed), "d/f"); err != nil {
				gone++
			} else if len(data) >= 6 && string(data[:6]) == "synced" {
				kept++
			}
		}
	}
	if count(); gone == 0 || gone+kept != 40 {
		t.Errorf("name not synced: gone %d kept %d", gone, kept)
	}
	must(t, disk.SyncDir("d"))
	_, err = f.Write(bytes.Repeat([]byte("tail"), 4000))
	must(t, err)
	if count(); kept != 40 {
		t.Errorf("name synced: gone %d kept %d", gone, kept)
	}
	partial := 0
	for seed := uint64(0); seed < 40; seed++ {
		if len(read(t, disk.CrashClone(seed), "d/f")) < 16006 {
			partial++
		}
	}
	if partial == 0 {
		t.Error("no seed lost unsynced bytes")
	}
	must(t, disk.Remove("d/f"))
	if count(); gone == 0 || kept == 0 {
		t.Errorf("remove not synced: gone %d kept %d", gone, kept)
	}
	clone := disk.CrashClone(1)
	if a, b := read(t, disk.CrashClone(2), "d/f"), read(t, disk.CrashClone(2), "d/f"); a != b {
		t.Error("one seed gave two disks")
	}
	must(t, clone.MkdirAll("d/again"))
}

func TestFaultNoSpace(t *testing.T) {
	fault := vfs.NewFault(vfs.NewMem())
	fault.LimitSpace(10)
	f, err := fault.Create("f")
	must(t, err)
	_, err = f.Write([]byte("12345678"))
	must(t, err)
	n, err := f.Write([]byte("12345678"))
	if n != 2 || !vfs.IsNoSpace(err) {
		t.Errorf("short write: %d %v", n, err)
	}
	if err = vfs.WriteFileAtomic(fault, "g", []byte("x")); !vfs.IsNoSpace(err) {
		t.Errorf("atomic write: %v", err)
	}
	fault.LimitSpace(-1)
	must(t, vfs.WriteFileAtomic(fault, "g", []byte("x")))
}
