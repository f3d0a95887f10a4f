package parquet_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/files"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
)

// Rows that a directory sink committed are a table, those that it only prepared are not.
func TestDirectoryOfParquet(t *testing.T) {
	s := everyType()
	mem := vfs.NewMem()
	target := files.NewDir(mem, "out", parquet.Format{Options: parquet.WriterOptions{Codec: parquet.Zstd}}, s)
	op := must(target.NewSink(plan.SinkSpec{Schema: s}))(t)
	if err := op.Open(&dataflow.TaskContext{Job: "j", P: 1}); err != nil {
		t.Fatal(err)
	}
	defer op.Close()
	var want []string
	r := rand.New(rand.NewPCG(1, 1))
	for ckpt := dataflow.CheckpointID(1); ckpt <= 3; ckpt++ {
		b := randomRows(r, s, 500, 0.1, true)
		if err := op.Process(0, b, nil); err != nil {
			t.Fatal(err)
		}
		data := must(op.(dataflow.Committer).Prepare(ckpt))(t)
		if ckpt == 3 {
			break
		}
		want = appendRows(want, s, b)
		if err := op.(dataflow.Committer).Commit(ckpt, data); err != nil {
			t.Fatal(err)
		}
	}
	got := readAll(t, plan.NewScan(must(parquet.Open(mem, "out"))(t), ""))
	slices.Sort(got)
	slices.Sort(want)
	equalRows(t, got, want)
}

// A dictionary vector goes to the file as it is, and comes back as one.
func TestDictionaryStays(t *testing.T) {
	s := vec.NewSchema(vec.Field{Name: "s", Type: vec.TString})
	dict := vec.New(vec.TString, 0)
	for _, x := range []string{"a", "b", "c", "unused"} {
		dict.AppendBytes([]byte(x))
	}
	codes := make([]int32, 3000)
	for i := range codes {
		codes[i] = int32(i % 3)
	}
	b := &vec.Batch{Cols: []*vec.Vec{vec.NewDict(dict, codes, nil)}, N: len(codes)}
	tab := openBytes(t, encode(t, s, parquet.WriterOptions{}, b))
	n := 0
	err := tab.Each(t.Context(), func(b *vec.Batch) error {
		if v := b.Cols[0]; v.Form != vec.Dict || v.Dict.Len() != 3 {
			t.Fatalf("form %d", v.Form)
		}
		n += b.N
		return nil
	})
	if err != nil || n != len(codes) {
		t.Errorf("%d rows, %v", n, err)
	}
}
