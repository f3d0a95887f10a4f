package state_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
)

// TestOldCheckpointStays has a disk that does not remove: checkpoints go on, each old one is told of once,
// and all go when the disk removes again. One whose number is needed again is not removed later.
func TestOldCheckpointStays(t *testing.T) {
	broken := errors.New("it may not be removed")
	disk := vfs.NewCrash()
	fault := vfs.NewFault(disk)
	refuse := func(op vfs.Op) error {
		if op.Kind == vfs.OpRemoveAll && strings.HasSuffix(op.Path, "checkpoint-1") {
			return broken
		}
		return nil
	}
	st := open(t, fault)
	var told []error
	st.Warn = func(err error) { told = append(told, err) }
	c := newCounter(1)
	take := func(ids ...dataflow.CheckpointID) {
		t.Helper()
		for _, id := range ids {
			c.change(t, 20)
			if _, err := c.checkpoint(st, id, false); err != nil {
				t.Fatalf("checkpoint %d: %v", id, err)
			}
			c.check(t, st)
		}
	}
	take(1, 2, 3)
	fault.SetInject(refuse)
	take(4, 5, 6)
	if len(told) != 1 || !errors.Is(told[0], broken) {
		t.Errorf("told: %v", told)
	}
	if _, err := fault.Stat("state/checkpoint-1/manifest.json"); err != nil {
		t.Errorf("the test shows nothing: %v", err)
	}
	fault.SetInject(nil)
	take(7)
	checkpointsThere(t, fault, 5, 6, 7)

	// Another store meets what one that was killed left, and uses its number.
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if err := fault.MkdirAll("state/checkpoint-8/x"); err != nil {
		t.Fatal(err)
	}
	fault.SetInject(func(op vfs.Op) error {
		if op.Kind == vfs.OpRemoveAll {
			return broken
		}
		return nil
	})
	st = open(t, fault)
	defer st.Close()
	fault.SetInject(nil)
	take(8, 9)
	checkpointsThere(t, fault, 7, 8, 9)
}

// checkpointsThere fails unless the state directory has these checkpoints and no other ones.
func checkpointsThere(t *testing.T, disk vfs.FS, ids ...dataflow.CheckpointID) {
	t.Helper()
	names, err := disk.List("state")
	if err != nil {
		t.Fatal(err)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, "checkpoint-") })
	var want []string
	for _, id := range ids {
		want = append(want, fmt.Sprintf("checkpoint-%d", id))
	}
	slices.Sort(names)
	if !slices.Equal(names, want) {
		t.Errorf("there are %q, want %q", names, want)
	}
}

// TestPointerIsGone removes or empties the file that names the checkpoints: the store says so, and removes none
// of them.
func TestPointerIsGone(t *testing.T) {
	disk := vfs.NewCrash()
	st := open(t, disk)
	c := newCounter(1)
	for id := range dataflow.CheckpointID(4) {
		c.change(t, 20)
		if _, err := c.checkpoint(st, id+1, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := vfs.ReadFile(disk, "state/pointer.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := disk.Remove("state/pointer.json"); err != nil {
		t.Fatal(err)
	}
	if _, err := state.OpenStore(disk, "state", parquet.Format{}); !errors.Is(err, state.ErrDamaged) || !strings.Contains(err.Error(), "pointer.db") {
		t.Errorf("without its pointer: %v", err)
	}
	if err := vfs.WriteFileAtomic(disk, "state/pointer.json", whole); err != nil {
		t.Fatal(err)
	}
	st = open(t, disk)
	c.check(t, st)
	if err := disk.Remove("state/checkpoint-4/manifest.json"); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Open(4); !errors.Is(err, state.ErrDamaged) {
		t.Errorf("without a manifest: %v", err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
}
