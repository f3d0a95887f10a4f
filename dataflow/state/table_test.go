package state

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
)

var keyTypes = []vec.Type{vec.TBool, vec.TInt32, vec.TInt64, vec.TDecimal(30, 2), vec.TFloat64, vec.TInterval, vec.TString}

func randomValue(r *rand.Rand, t vec.Type) vec.Value {
	if r.IntN(8) == 0 {
		return vec.NullValue()
	}
	switch t.Phys() {
	case vec.PhysBool:
		return vec.BoolValue(r.IntN(2) == 0)
	case vec.PhysI128:
		return vec.Dec128Value(vec.Int128{Lo: uint64(r.IntN(3)), Hi: int64(r.IntN(3) - 1)})
	case vec.PhysF64:
		return vec.FloatValue([]float64{0, math.Copysign(0, -1), math.NaN(), 1.5, -2}[r.IntN(5)])
	case vec.PhysIv:
		return vec.IvValue([]vec.Interval{{Months: 1}, {Days: 30}, {Micros: 5}, {Days: 1, Micros: -7}}[r.IntN(4)])
	case vec.PhysStr:
		return vec.StringValue("a string of bytes"[:r.IntN(17)] + fmt.Sprint(r.IntN(3)))
	}
	return vec.IntValue(int64(r.IntN(9) - 4))
}

func randomBatch(r *rand.Rand, types []vec.Type, n int) *vec.Batch {
	b := vec.NewBatch(types)
	for range n {
		row := make([]vec.Value, len(types))
		for c, t := range types {
			row[c] = randomValue(r, t)
		}
		b.AppendRow(row...)
	}
	return b
}

// randomForm turns some columns into dictionaries and constants, which keeps other rows alike.
func randomForm(r *rand.Rand, b *vec.Batch) {
	for c, v := range b.Cols {
		if r.IntN(3) == 0 {
			codes := make([]int32, b.N)
			for i := range codes {
				codes[i] = int32(r.IntN(b.N))
			}
			b.Cols[c] = vec.NewDict(v, codes, nil)
		}
	}
	if r.IntN(3) == 0 {
		b.Sel = []int32{}
		for i := range b.N {
			if r.IntN(2) == 0 {
				b.Sel = append(b.Sel, int32(i))
			}
		}
	}
}

// text is a key as a string: equal exactly for equal keys.
func text(b *vec.Batch, i int, types []vec.Type) string {
	s := ""
	for c, v := range b.Cols {
		val := v.Value(i)
		if !val.Null && types[c].Phys() == vec.PhysIv {
			val.Iv = canonical(val.Iv)
		}
		if val.F == 0 {
			val.F = 0
			val.F += 0
		}
		if !val.Null && types[c].Phys() == vec.PhysF64 && val.F == 0 {
			val.F = math.Abs(val.F)
		}
		s += "|" + val.Format(types[c])
	}
	return s
}

func TestTableAgainstMap(t *testing.T) {
	for seed := uint64(0); seed < 60; seed++ {
		r := rand.New(rand.NewPCG(seed, 1))
		var types []vec.Type
		for range 1 + r.IntN(3) {
			types = append(types, keyTypes[r.IntN(len(keyTypes))])
		}
		tab := New(types, []vec.Type{vec.TInt64}, nil)
		want := map[string]int64{}
		for range 30 {
			b := randomBatch(r, types, 1+r.IntN(200))
			randomForm(r, b)
			refs := make([]Ref, b.Live())
			fresh, err := tab.FindOrInsert(b.Cols, b.N, b.Sel, refs)
			if err != nil {
				t.Fatal(err)
			}
			tab.Touch(refs)
			news := 0
			at := tab.ValAt(0)
			for k, ref := range refs {
				key := text(b, b.Row(k), types)
				if _, ok := want[key]; !ok {
					news++
				}
				want[key]++
				tab.Pages()[ref>>PageShift][int(ref&PageMask)+at]++
			}
			if len(fresh) != news {
				t.Fatalf("seed %d: %d fresh rows, want %d", seed, len(fresh), news)
			}
			if r.IntN(3) == 0 && len(refs) > 0 {
				k := r.IntN(len(refs))
				tab.Delete(refs[k])
				delete(want, text(b, b.Row(k), types))
			}
		}
		checkRows(t, seed, &tab.View, types, want)
		if tab.Rows() != len(want) {
			t.Fatalf("seed %d: %d rows, want %d", seed, tab.Rows(), len(want))
		}
	}
}

func checkRows(t *testing.T, seed uint64, v *View, types []vec.Type, want map[string]int64) {
	t.Helper()
	got := readAll(v, types)
	if len(got) != len(want) {
		t.Fatalf("seed %d: %d rows, want %d", seed, len(got), len(want))
	}
	for k, n := range want {
		if got[k] != n {
			t.Fatalf("seed %d: %s counts %d, want %d", seed, k, got[k], n)
		}
	}
}

func readAll(v *View, types []vec.Type) map[string]int64 {
	got := map[string]int64{}
	buf := make([]Ref, 0, 64)
	for at := Ref(0); at != NoRef; {
		buf, at = v.Scan(at, buf[:0])
		b := vec.NewBatch(types)
		for c := range types {
			v.Gather(c, buf, b.Cols[c])
		}
		cnt := vec.New(vec.TInt64, 0)
		v.Gather(v.Val(0), buf, cnt)
		for k := range buf {
			got[text(b, k, types)] = cnt.I64[k]
		}
	}
	return got
}

func TestHashesAreThoseOfBatches(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		var types []vec.Type
		for range 1 + r.IntN(3) {
			types = append(types, keyTypes[r.IntN(len(keyTypes))])
		}
		b := randomBatch(r, types, 50)
		randomForm(r, b)
		want := make([]uint64, b.N)
		cols := []int{0, 1, 2}[:len(types)]
		b.Hash(want, cols)
		tab := New(types, nil, nil)
		kb := tab.encode(b.Cols, b.N, b.Sel)
		for k := range kb.n {
			if got := kb.hash[k]; got != want[b.Row(k)] {
				t.Fatalf("%v row %s: hash %x, want %x", types, text(b, b.Row(k), types), got, want[b.Row(k)])
			}
		}
	}
}

func TestFrozenDoesNotChange(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	types := []vec.Type{vec.TInt64, vec.TString}
	tab := New(types, []vec.Type{vec.TInt64}, nil)
	refs := make([]Ref, 4096)
	add := func() {
		b := vec.NewBatch(types)
		for range 4096 {
			b.AppendRow(vec.IntValue(int64(r.IntN(20000))), vec.StringValue("a rather long string"))
		}
		if _, err := tab.FindOrInsert(b.Cols, b.N, nil, refs); err != nil {
			t.Fatal(err)
		}
		tab.Touch(refs)
		for _, ref := range refs {
			tab.Pages()[ref>>PageShift][int(ref&PageMask)+tab.ValAt(0)]++
		}
		for range 50 {
			if all, _ := tab.Scan(0, make([]Ref, 0, 100)); len(all) > 0 {
				tab.Delete(all[r.IntN(len(all))])
			}
		}
	}
	for range 5 {
		add()
	}
	var frozen []*Frozen
	var want []map[string]int64
	for range 4 {
		frozen = append(frozen, tab.Freeze())
		want = append(want, readAll(&tab.View, types))
		add()
	}
	for i, f := range frozen {
		checkRows(t, 0, &f.View, types, want[i])
		f.Release()
	}
	tab.prune()
	if tab.nshared != 0 || len(tab.frozen) != 0 {
		t.Errorf("%d pages are still shared", tab.nshared)
	}
}

func TestPutStrCompacts(t *testing.T) {
	tab := New([]vec.Type{vec.TInt64}, []vec.Type{vec.TString}, nil)
	keys := vec.New(vec.TInt64, 3)
	keys.I64[1], keys.I64[2] = 1, 2
	refs := make([]Ref, 3)
	if _, err := tab.FindOrInsert([]*vec.Vec{keys}, 3, nil, refs); err != nil {
		t.Fatal(err)
	}
	for i := range 100000 {
		for _, r := range refs {
			tab.PutStr(r, tab.ValAt(0), fmt.Appendf(nil, "some longer string %d", i))
		}
	}
	got := vec.New(vec.TString, 0)
	tab.Gather(tab.Val(0), refs, got)
	if s := string(got.Str(2)); s != "some longer string 99999" {
		t.Errorf("got %q", s)
	}
	if tab.Bytes() > 1<<20 {
		t.Errorf("table takes %d bytes", tab.Bytes())
	}
}

// TestIndexGrowsInSteps inserts, finds and deletes while slots move from one index to the next.
func TestIndexGrowsInSteps(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	lim := &limited{limit: 1 << 40}
	tab := New([]vec.Type{vec.TInt64}, []vec.Type{vec.TInt64}, lim)
	keys, refs := vec.New(vec.TInt64, 500), make([]Ref, 500)
	want := map[int64]int64{}
	steps := 0
	for range 800 {
		for i := range keys.I64 {
			keys.I64[i] = int64(r.IntN(400_000))
		}
		if _, err := tab.FindOrInsert([]*vec.Vec{keys}, 500, nil, refs); err != nil {
			t.Fatal(err)
		}
		for k, ref := range refs {
			want[keys.I64[k]]++
			tab.Pages()[ref>>PageShift][int(ref&PageMask)+tab.ValAt(0)]++
		}
		for _, k := range []int{0, 17, 300} {
			if _, ok := want[keys.I64[k]]; ok {
				tab.Delete(refs[k])
				delete(want, keys.I64[k])
			}
		}
		tab.Find([]*vec.Vec{keys}, 500, nil, refs)
		for k, ref := range refs {
			if n, ok := want[keys.I64[k]]; ok != (ref != NoRef) || ok && int64(tab.Pages()[ref>>PageShift][int(ref&PageMask)+tab.ValAt(0)]) != n {
				t.Fatalf("key %d: row %d, want count %d", keys.I64[k], ref, n)
			}
		}
		if tab.old != nil {
			steps++
		}
		if tab.Bytes() > lim.held {
			t.Fatalf("table takes %d bytes of %d", tab.Bytes(), lim.held)
		}
	}
	if len(want) != tab.Rows() || steps == 0 {
		t.Errorf("%d rows, want %d; %d batches met two indexes", tab.Rows(), len(want), steps)
	}
	if tab.Close(); lim.held != 0 {
		t.Errorf("%d bytes are still held", lim.held)
	}
}

func TestManyColumnsWithNulls(t *testing.T) {
	var types []vec.Type
	for range 70 {
		types = append(types, vec.TInt32)
	}
	r := rand.New(rand.NewPCG(1, 9))
	tab := New(types, []vec.Type{vec.TInt64}, nil)
	b := randomBatch(r, types, 300)
	refs := make([]Ref, b.N)
	for range 2 {
		if _, err := tab.FindOrInsert(b.Cols, b.N, nil, refs); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]int64{}
	for i := range b.N {
		want[text(b, i, types)] = 0
	}
	checkRows(t, 0, &tab.View, types, want)
}

type limited struct{ held, limit int64 }

var errLimit = errors.New("limit")

func (l *limited) Grow(n int64) error {
	if l.held+n > l.limit {
		return errLimit
	}
	l.held += n
	return nil
}
func (l *limited) Shrink(n int64) { l.held -= n }

func TestBudgetIsAskedFirst(t *testing.T) {
	lim := &limited{limit: 1 << 20}
	tab := New([]vec.Type{vec.TInt64}, nil, lim)
	keys, refs := vec.New(vec.TInt64, 2048), make([]Ref, 2048)
	next := int64(0)
	for {
		for i := range keys.I64 {
			keys.I64[i] = next
			next++
		}
		rows := tab.Rows()
		if _, err := tab.FindOrInsert([]*vec.Vec{keys}, 2048, nil, refs); err != nil {
			if !errors.Is(err, errLimit) || tab.Rows() != rows {
				t.Fatalf("refusal: %v, rows %d -> %d", err, rows, tab.Rows())
			}
			break
		}
		if tab.Bytes() > lim.held {
			t.Fatalf("table takes %d bytes of %d", tab.Bytes(), lim.held)
		}
	}
	tab.Close()
	if lim.held != 0 {
		t.Errorf("%d bytes are still held", lim.held)
	}
}

func BenchmarkFindOrInsert(b *testing.B) {
	for _, groups := range []int{4, 1000, 100000, 1000000} {
		b.Run(fmt.Sprintf("int/groups=%d", groups), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			keys := vec.New(vec.TInt64, 1<<20)
			for i := range keys.I64 {
				keys.I64[i] = int64(r.IntN(groups))
			}
			tab := New([]vec.Type{vec.TInt64}, []vec.Type{vec.TInt64, vec.TInt64}, nil)
			refs := make([]Ref, vec.MaxRows)
			part := &vec.Vec{Type: vec.TInt64}
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				at := i * vec.MaxRows % (1 << 20)
				part.I64 = keys.I64[at : at+vec.MaxRows]
				if _, err := tab.FindOrInsert([]*vec.Vec{part}, vec.MaxRows, nil, refs); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*vec.MaxRows/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}

func BenchmarkFreeze(b *testing.B) {
	tab := New([]vec.Type{vec.TInt64}, []vec.Type{vec.TInt64, vec.TInt64}, nil)
	keys, refs := vec.New(vec.TInt64, vec.MaxRows), make([]Ref, vec.MaxRows)
	for next := int64(0); next < 10_000_000; {
		for i := range keys.I64 {
			keys.I64[i] = next
			next++
		}
		if _, err := tab.FindOrInsert([]*vec.Vec{keys}, vec.MaxRows, nil, refs); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for range b.N {
		tab.Freeze().Release()
	}
}

// BenchmarkTouch compares batches of a table whose changes are noted with one where nobody asks.
func BenchmarkTouch(b *testing.B) {
	for _, follows := range []bool{false, true} {
		for _, rows := range []int{10_000, 1_000_000} {
			b.Run(fmt.Sprintf("noted=%v/rows=%d", follows, rows), func(b *testing.B) {
				tab := New([]vec.Type{vec.TInt64}, []vec.Type{vec.TInt64, vec.TInt64}, nil)
				keys, refs := vec.New(vec.TInt64, vec.MaxRows), make([]Ref, vec.MaxRows)
				r := rand.New(rand.NewPCG(1, 2))
				next := func() {
					for i := range keys.I64 {
						keys.I64[i] = int64(r.IntN(rows))
					}
				}
				batch := func() {
					if _, err := tab.FindOrInsert([]*vec.Vec{keys}, vec.MaxRows, nil, refs); err != nil {
						b.Fatal(err)
					}
					tab.Touch(refs)
				}
				for range 4 * rows / vec.MaxRows {
					next()
					batch()
				}
				if follows {
					tab.follow()
				}
				b.ResetTimer()
				for i := range b.N {
					if i%64 == 0 {
						b.StopTimer()
						next()
						b.StartTimer()
					}
					batch()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/vec.MaxRows, "ns/row")
			})
		}
	}
}

// TestFrozenIsReadWhileTableChanges is for the race detector.
func TestFrozenIsReadWhileTableChanges(t *testing.T) {
	types := []vec.Type{vec.TString}
	tab := New(types, []vec.Type{vec.TInt64}, nil)
	refs := make([]Ref, 500)
	r := rand.New(rand.NewPCG(5, 5))
	add := func() {
		b := vec.NewBatch(types)
		for range len(refs) {
			b.AppendRow(vec.StringValue(fmt.Sprint("a long enough string ", r.IntN(3000))))
		}
		if _, err := tab.FindOrInsert(b.Cols, b.N, nil, refs); err != nil {
			t.Fatal(err)
		}
		tab.Touch(refs)
		for _, ref := range refs {
			tab.Pages()[ref>>PageShift][int(ref&PageMask)+tab.ValAt(0)]++
		}
		if all, _ := tab.Scan(0, make([]Ref, 0, 9)); len(all) > 0 {
			tab.Delete(all[0])
		}
	}
	for range 20 {
		add()
		f, want := tab.Freeze(), readAll(&tab.View, types)
		done := make(chan map[string]int64)
		go func() {
			got := readAll(&f.View, types)
			f.Release()
			done <- got
		}()
		add()
		if got := <-done; !maps.Equal(got, want) {
			t.Fatal("a snapshot changed")
		}
	}
}

func BenchmarkFindOrInsertKeys(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	short, long := vec.New(vec.TString, 0), vec.New(vec.TString, 0)
	one, two := vec.New(vec.TInt64, vec.MaxRows), vec.New(vec.TInt32, vec.MaxRows)
	for i := range vec.MaxRows {
		n := r.IntN(1000)
		short.AppendBytes(fmt.Appendf(nil, "key%d", n))
		long.AppendBytes(fmt.Appendf(nil, "a longer key of number %d", n))
		one.I64[i], two.I32[i] = int64(n/10), int32(n%10)
	}
	for _, c := range []struct {
		name string
		keys []*vec.Vec
	}{{"short strings", []*vec.Vec{short}}, {"long strings", []*vec.Vec{long}}, {"two ints", []*vec.Vec{one, two}}} {
		b.Run(c.name, func(b *testing.B) {
			var types []vec.Type
			for _, k := range c.keys {
				types = append(types, k.Type)
			}
			tab, refs := New(types, []vec.Type{vec.TInt64}, nil), make([]Ref, vec.MaxRows)
			for range b.N {
				if _, err := tab.FindOrInsert(c.keys, vec.MaxRows, nil, refs); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*vec.MaxRows/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
