package arrowvec

import (
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func TestRoundTrip(t *testing.T) {
	types := []vec.Type{vec.TBool, vec.TInt8, vec.TInt32, vec.TInt64, vec.TFloat32, vec.TFloat64, vec.TDecimal(10, 2),
		vec.TDecimal(30, 4), vec.TDate, vec.TTime, vec.TTimestamp, vec.TTimestampTZ, vec.TInterval, vec.TString, vec.TBytes, vec.TUUID, vec.TJSON, vec.TNull}
	b := vec.NewBatch(types)
	s := &vec.Schema{}
	for c, ty := range types {
		s.Fields = append(s.Fields, vec.Field{Name: "c" + ty.String(), Type: ty})
		for i := range 70 {
			val := vec.Value{Null: i%5 == c%5, I: int64(i & 1), F: float64(i) / 2, D: vec.I128(int64(-i)), Iv: vec.Interval{Months: int32(i), Days: -1, Micros: int64(i)}, S: "text"[:i%5]}
			b.Cols[c].AppendValue(val)
		}
	}
	b.N = 70
	dict := b.Compact()
	dict.Cols[13] = vec.NewDict(b.Cols[13], make([]int32, 70), nil)
	for name, in := range map[string]*vec.Batch{"flat": b, "selected": b.WithSel([]int32{3, 4, 69}), "dictionary": dict, "empty": b.WithSel([]int32{})} {
		as := Schema(s)
		back, err := VecSchema(as)
		if err != nil || !back.Equal(s) {
			t.Fatalf("schema %s, want %s: %v", back, s, err)
		}
		rec := FromBatch(in, as)
		out, err := ToBatch(rec, s)
		if err != nil {
			t.Fatal(err)
		}
		if out.N != in.Live() {
			t.Fatalf("%s: %d rows, want %d", name, out.N, in.Live())
		}
		for c := range types {
			for k := range out.N {
				got, want := out.Cols[c].Value(k), in.Cols[c].Value(in.Row(k))
				if got != want {
					t.Fatalf("%s: %s row %d: %v, want %v", name, types[c], k, got, want)
				}
			}
		}
		if _, err := ToBatch(rec, s.Project([]int{0})); err == nil {
			t.Error("other columns are accepted")
		}
		rec.Release()
	}
}
