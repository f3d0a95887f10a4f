package parquet_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	pg "github.com/parquet-go/parquet-go"

	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
)

// TestCompact: the copy has the rows of all types in their order, in full row groups, and what the
// plan said.
func TestCompact(t *testing.T) {
	s := everyType()
	r := rand.New(rand.NewPCG(1, 2))
	meta := parquet.WriterOptions{RowGroupRows: 700, Codec: parquet.Zstd, Metadata: map[string]string{"owner": "ann", "ARROW:schema": "x"}}
	other := meta
	other.Metadata = map[string]string{"owner": "ann", "part": "2"}
	fsys := memFS(t, encode(t, s, meta, randomRows(r, s, 3000, 0.1, true)), encode(t, s, other, randomRows(r, s, 1000, 0, false)))
	tab := must(parquet.Open(fsys, "d"))(t)
	want := readAll(t, plan.NewScan(tab, ""))
	planned := must(tab.PlanCompact())(t)
	if b := planned.Before; b.Files != 2 || b.RowGroups != 7 || b.Rows != 4000 || b.Bytes == 0 || planned.After != (parquet.Layout{Files: 1, RowGroups: 1, Rows: 4000, Bytes: -1}) || planned.Codec != parquet.Zstd || len(planned.Changes) != 0 {
		t.Errorf("%+v", planned)
	}
	done := must(tab.Compact(context.Background(), fsys, "all.parquet"))(t)
	copied := must(parquet.Open(fsys, "all.parquet"))(t)
	equalRows(t, readAll(t, plan.NewScan(copied, "")), want)
	info := copied.Info()
	if done.Before != planned.Before || done.After != (parquet.Layout{Files: 1, RowGroups: 1, Rows: 4000, Bytes: info.Bytes}) || info.RowGroups != 1 {
		t.Errorf("%+v", done)
	}
	if m := info.Metadata; m["owner"] != "ann" || m["part"] != "" || m["ARROW:schema"] != "" || copied.Schema().String() != tab.Schema().String() {
		t.Errorf("%v %s", m, copied.Schema())
	}
}

// TestCompactWritesOver nothing: not its input, not another file.
func TestCompactWritesOver(t *testing.T) {
	data := ordered(t)
	fsys := memFS(t, data)
	tab := must(parquet.Open(fsys, "d"))(t)
	if _, err := tab.Compact(context.Background(), fsys, "d/0.parquet"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
	onlyInput(t, fsys, data)
}

func onlyInput(t *testing.T, fsys vfs.FS, data []byte) {
	t.Helper()
	if names := must(fsys.List("d"))(t); !slices.Equal(names, []string{"0.parquet"}) {
		t.Errorf("the directory has %v", names)
	}
	f := must(fsys.Open("d/0.parquet"))(t)
	defer f.Close()
	got := make([]byte, len(data))
	must(f.ReadAt(got, 0))(t)
	if !bytes.Equal(got, data) {
		t.Error("the input changed")
	}
}

// TestCompactFails without a trace: cancelled, or with damage in the middle.
func TestCompactFails(t *testing.T) {
	data := ordered(t)
	fsys := memFS(t, data)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := must(parquet.Open(fsys, "d"))(t).Compact(ctx, fsys, "d/all.parquet"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	onlyInput(t, fsys, data)
	chunk := must(pg.OpenFile(bytes.NewReader(data), int64(len(data))))(t).Metadata().RowGroups[2].Columns[0].MetaData
	data[chunk.DataPageOffset+chunk.TotalCompressedSize-1] ^= 1
	fsys = memFS(t, data)
	if _, err := must(parquet.Open(fsys, "d"))(t).Compact(context.Background(), fsys, "d/all.parquet"); !errors.Is(err, parquet.ErrCorrupt) {
		t.Errorf("%v", err)
	}
	onlyInput(t, fsys, data)
}

// TestCompactLosesNothing silently: values that the copy could not hold refuse it, other changes are
// told.
func TestCompactLosesNothing(t *testing.T) {
	type nested struct {
		A int64            `parquet:"a"`
		M map[string]int64 `parquet:"m"`
	}
	type nanos struct {
		T time.Time `parquet:"t,timestamp(nanosecond)"`
	}
	type fixed struct {
		ID [4]byte `parquet:"id"`
		N  int64   `parquet:"n"`
	}
	write := func(rows any) []byte {
		var b bytes.Buffer
		var err error
		switch rows := rows.(type) {
		case []nested:
			err = pg.Write(&b, rows)
		case []nanos:
			err = pg.Write(&b, rows)
		case []fixed:
			err = pg.Write(&b, rows, pg.BloomFilters(pg.SplitBlockFilter(10, "n")))
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, data := range map[string][]byte{"nested": write([]nested{{1, nil}}), "nanoseconds": write([]nanos{{time.Unix(1, 1)}})} {
		if _, err := openBytes(t, data).PlanCompact(); !errors.Is(err, parquet.ErrLossy) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := must(openBytes(t, write([]fixed{{[4]byte{1}, 2}})).PlanCompact())(t)
	if got := strings.Join(c.Changes, "; "); got != "id is FIXED_LEN_BYTE_ARRAY and becomes BYTE_ARRAY; bloom filters of 1 column chunks are not kept" {
		t.Errorf("%s", got)
	}
}
