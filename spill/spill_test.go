package spill

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/internal/vfs"
)

func TestReservation(t *testing.T) {
	p := NewPool(4 << 20)
	a, b := p.Reserve("a"), p.Reserve("b")
	if err := a.Grow(4 << 20); err != nil {
		t.Fatal(err)
	}
	if err := a.Grow(1); !errors.Is(err, ErrOverBudget) {
		t.Errorf("over the limit: %v", err)
	}
	if err := b.Grow(MinReservation); err != nil {
		t.Errorf("the minimum is refused: %v", err)
	}
	if err := b.Grow(1); !errors.Is(err, ErrOverBudget) {
		t.Errorf("above the minimum: %v", err)
	}
	a.Shrink(4 << 20)
	if err := b.Grow(1); err != nil {
		t.Error(err)
	}
	b.Shrink(b.Held())
	if now, peak := p.Used(); now != 0 || peak != 5<<20 {
		t.Errorf("used %d, peak %d", now, peak)
	}
}

var runTypes = []vec.Type{vec.TInt64, vec.TString}

func runBatch(from, n int) *vec.Batch {
	b := vec.NewBatch(runTypes)
	for i := from; i < from+n; i++ {
		s := vec.StringValue(fmt.Sprintf("row number %d", i))
		s.Null = i%7 == 0
		b.AppendRow(vec.IntValue(int64(i)), s)
	}
	return b
}

func writeRun(t *testing.T, fs vfs.FS, n int) *Run {
	t.Helper()
	w, err := NewRunWriterFS(fs, "spill", runTypes)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < n; at += 1000 {
		if err := w.Write(runBatch(at, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRunRoundTrip(t *testing.T) {
	fs := vfs.NewMem()
	r := writeRun(t, fs, 50_000)
	for range 2 {
		rd, err := r.Open()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for {
			b, err := rd.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			want := runBatch(n, b.N)
			for i := range b.N {
				if vec.Compare([]vec.Order{{Col: 0}, {Col: 1}}, b, i, want, i) != 0 {
					t.Fatalf("row %d: %v", n+i, b.Cols[1].Value(i))
				}
			}
			n += b.N
		}
		if n != 50_000 || r.Rows() != 50_000 {
			t.Fatalf("%d rows", n)
		}
		if err := rd.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if names, err := fs.List("spill"); err != nil || len(names) != 0 {
		t.Errorf("left behind: %v %v", names, err)
	}
}

func TestDamagedRunIsAnError(t *testing.T) {
	for _, at := range []int64{0, 5, 100, frameBytes + 20, -1} {
		fs := vfs.NewMem()
		r := writeRun(t, fs, 20_000)
		data, err := vfs.ReadFile(fs, r.path)
		if err != nil {
			t.Fatal(err)
		}
		if at < 0 {
			data = data[:len(data)-3]
		} else {
			data[at] ^= 0x40
		}
		f, err := fs.Create(r.path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(data); err != nil {
			t.Fatal(err)
		}
		rd, err := r.Open()
		for err == nil {
			_, err = rd.Next()
		}
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
}

func TestFullDisk(t *testing.T) {
	fs := vfs.NewFault(vfs.NewMem())
	fs.LimitSpace(100_000)
	w, err := NewRunWriterFS(fs, "spill", runTypes)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err = w.Write(runBatch(0, 1000)); err != nil {
			break
		}
	}
	if _, ferr := w.Finish(); !vfs.IsNoSpace(err) || !vfs.IsNoSpace(ferr) {
		t.Errorf("write: %v, finish: %v", err, ferr)
	}
}

func TestSweep(t *testing.T) {
	fs := vfs.NewMem()
	if err := SweepFS(fs, "nowhere"); err != nil {
		t.Error(err)
	}
	live := writeRun(t, fs, 1000)
	dead := filepath.Join("spill", procPrefix+"1-1")
	if err := fs.MkdirAll(dead); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Create(filepath.Join(dead, "000001.run")); err != nil {
		t.Fatal(err)
	}
	if err := SweepFS(fs, "spill"); err != nil {
		t.Fatal(err)
	}
	if names, _ := fs.List("spill"); len(names) != 1 {
		t.Errorf("left: %v", names)
	}
	if _, err := live.Open(); err != nil {
		t.Errorf("a live run was swept: %v", err)
	}
	if err := live.Close(); err != nil {
		t.Error(err)
	}
}

func TestNoDirectory(t *testing.T) {
	if _, err := NewRunWriter("", runTypes); !errors.Is(err, ErrNoDir) {
		t.Error(err)
	}
}
