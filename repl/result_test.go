package repl

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/spill"
)

// numbered is batches of n rows: a number, its text, NULL in every seventh, and a dictionary.
func numbered(from, n int) *vec.Batch {
	dict := vec.New(vec.TString, 0)
	for _, w := range []string{"red", "green", "blue"} {
		dict.AppendBytes([]byte(w))
	}
	b := vec.NewBatch([]vec.Type{vec.TInt64, vec.TString, vec.TDecimal(10, 2), vec.TTimestamp})
	codes := make([]int32, n)
	for i := range n {
		k := from + i
		s := vec.StringValue(strings.Repeat("x", 40) + fmt.Sprint(k))
		if k%7 == 0 {
			s = vec.NullValue()
		}
		b.AppendRow(vec.IntValue(int64(k)), s, vec.IntValue(int64(k)*125), vec.IntValue(int64(k)*1e6))
		codes[i] = int32(k % 3)
	}
	b.Cols = append(b.Cols, vec.NewDict(dict, codes, nil))
	return b
}

var numberedSchema = vec.NewSchema(vec.Field{Name: "n", Type: vec.TInt64}, vec.Field{Name: "s", Type: vec.TString},
	vec.Field{Name: "d", Type: vec.TDecimal(10, 2)}, vec.Field{Name: "t", Type: vec.TTimestamp}, vec.Field{Name: "c", Type: vec.TString})

func checkPage(t *testing.T, r *Result, from int64, n int) {
	t.Helper()
	want := int(min(int64(n), max(0, r.Rows()-from))) // more may come while the page is read
	rows, err := r.Page(from, n, []int{0, 1, 4})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < want {
		t.Fatalf("page of %d from %d has %d rows, want %d", n, from, len(rows), want)
	}
	for i, row := range rows {
		k := int(from) + i
		want := []Cell{{Text: fmt.Sprint(k)}, {Text: strings.Repeat("x", 40) + fmt.Sprint(k)}, {Text: []string{"red", "green", "blue"}[k%3]}}
		if k%7 == 0 {
			want[1] = Cell{Text: "NULL", Null: true}
		}
		for c := range want {
			if row[c] != want[c] {
				t.Fatalf("row %d: %v, want %v", k, row, want)
			}
		}
	}
}

func TestResultSpills(t *testing.T) {
	dir := t.TempDir()
	r := newResult("_1", numberedSchema, spill.NewPool(0), dir)
	r.limit = 8 << 20
	const rows = 400_000
	for at := 0; at < rows; at += 1000 {
		if err := r.append(numbered(at, 1000)); err != nil {
			t.Fatal(err)
		}
		if at%100_000 == 0 {
			checkPage(t, r, int64(at/2), 50) // while it grows
		}
	}
	memory, disk := r.Bytes()
	if disk == 0 || memory > r.limit+2*chunkBytes {
		t.Fatalf("%d bytes in memory, %d on disk, limit %d", memory, disk, r.limit)
	}
	for _, from := range []int64{0, 1, 2047, 2048, 131_071, 131_072, 200_000, rows - 3, rows, rows + 10} {
		checkPage(t, r, from, 100)
	}
	if r.Rows() != rows || r.Complete() {
		t.Fatalf("%d rows, complete %v", r.Rows(), r.Complete())
	}
	f, err := r.Float(rows-5, 10, 2)
	if err != nil || len(f) != 5 || f[0] != (rows-5)*1.25 {
		t.Fatalf("%v, %v", f, err)
	}
	if f, _ := r.Float(7, 1, 1); !math.IsNaN(f[0]) {
		t.Fatalf("text as number: %v", f)
	}
	if f, _ := r.Float(7, 1, 3); f[0] != 7 {
		t.Fatalf("timestamp: %v", f)
	}
	r.drop()
	if _, err := r.Page(0, 1, nil); !errors.Is(err, ErrGone) {
		t.Fatalf("page of a dropped result: %v", err)
	}
	if left, _ := filepath.Glob(dir + "/*/*"); len(left) > 0 {
		t.Fatalf("files stay: %v", left)
	}
}

// TestResultFullBudget appends when the process has no memory left: the result goes to disk early.
func TestResultFullBudget(t *testing.T) {
	pool := spill.NewPool(64 << 20)
	hog := pool.Reserve("hog")
	if err := hog.Grow(64 << 20); err != nil {
		t.Fatal(err)
	}
	r := newResult("_1", numberedSchema, pool, t.TempDir())
	for at := 0; at < 200_000; at += 2000 {
		if err := r.append(numbered(at, 2000)); err != nil {
			t.Fatal(err)
		}
	}
	if memory, disk := r.Bytes(); disk == 0 || memory > 3*chunkBytes {
		t.Fatalf("%d in memory, %d on disk", memory, disk)
	}
	checkPage(t, r, 150_000, 10)
	r.drop()
	if used, _ := pool.Used(); used != 64<<20 {
		t.Fatalf("%d bytes are not given back", used-64<<20)
	}
}

// TestCloseDropsResults closes a session that has a result on disk.
func TestCloseDropsResults(t *testing.T) {
	s, dir := NewSession(Output{}), t.TempDir()
	r, _ := s.results.add(numberedSchema, spill.NewPool(1<<20), dir)
	for at := 0; at < 200_000; at += 2000 {
		if err := r.append(numbered(at, 2000)); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := filepath.Glob(dir + "/*/*"); len(left) == 0 {
		t.Fatal("nothing is on disk")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(dir + "/*"); len(left) > 0 {
		t.Fatalf("files stay: %v", left)
	}
}

func TestResultFullDisk(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := newResult("_1", numberedSchema, spill.NewPool(0), file) // no directory
	r.limit = 1 << 20
	var err error
	for at := 0; at < 400_000 && err == nil; at += 2000 {
		err = r.append(numbered(at, 2000))
	}
	if err == nil || !strings.Contains(err.Error(), "result _1") {
		t.Fatalf("error %v", err)
	}
}

func TestResultReadersAndWriter(t *testing.T) {
	r := newResult("_1", numberedSchema, spill.NewPool(0), t.TempDir())
	r.limit = 4 << 20
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for at := int64(0); ; at = (at + 7919) % (r.Rows() + 1) {
				select {
				case <-stop:
					return
				default:
					checkPage(t, r, at, 40)
				}
			}
		}()
	}
	for at := 0; at < 150_000; at += 500 {
		if err := r.append(numbered(at, 500)); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
	r.drop()
}
