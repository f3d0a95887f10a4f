package state_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
)

// TestDamagedPointer overwrites and cuts the file that names the checkpoints: the store opens with what was
// written, or says ErrDamaged; it does not panic, and the right file can be put back at once.
func TestDamagedPointer(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pointer.db")
	use := func() (ids []dataflow.CheckpointID, err error) {
		st, err := state.OpenStore(vfs.OS{}, dir, parquet.Format{})
		if err != nil {
			return nil, err
		}
		_, err = st.JobID()
		if err == nil {
			ids, err = st.Checkpoints()
		}
		return ids, errors.Join(err, st.Close())
	}
	st, err := state.OpenStore(vfs.OS{}, dir, parquet.Format{})
	if err != nil {
		t.Fatal(err)
	}
	c := newCounter(1)
	for id := range dataflow.CheckpointID(5) {
		c.change(t, 20)
		if _, err := c.checkpoint(st, id+1, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 7))
	bad := 0
	for i := range 200 {
		data := append([]byte{}, whole...)
		switch i % 4 {
		case 0:
			data = data[:1+rng.IntN(len(data)-1)]
		case 1:
			clear(data[rng.IntN(len(data)):])
		default:
			for range 1 + rng.IntN(200) {
				data[rng.IntN(len(data))] ^= 1 << rng.IntN(8)
			}
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		ids, err := use()
		switch {
		case err == nil && len(ids) == 3 && ids[0] >= 4: // the damage is where nothing is, or the page of before counts
		case errors.Is(err, state.ErrDamaged):
			bad++
		default:
			t.Errorf("round %d: %v, %v", i, ids, err)
		}
		if err := os.WriteFile(path, whole, 0o644); err != nil {
			t.Fatal(err)
		}
		if ids, err := use(); err != nil || len(ids) != 3 {
			t.Fatalf("round %d: with the right file again: %v, %v", i, ids, err)
		}
	}
	if bad < 20 {
		t.Errorf("only %d were damaged", bad)
	}
}
