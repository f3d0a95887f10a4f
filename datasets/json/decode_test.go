package json

import (
	stdjson "encoding/json"
	"fmt"
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
)

var flight = vec.NewSchema(
	vec.Field{Name: "date", Type: vec.TTimestamp}, vec.Field{Name: "delay", Type: vec.TInt64},
	vec.Field{Name: "distance", Type: vec.TInt64}, vec.Field{Name: "origin", Type: vec.TString},
	vec.Field{Name: "destination", Type: vec.TString})

func decodeAll(t testing.TB, s *vec.Schema, recs ...string) (*vec.Batch, []error) {
	t.Helper()
	b := vec.NewBatch(s.Types())
	d := NewDecoder(s)
	d.Reset(b.Cols, 0)
	var errs []error
	for _, r := range recs {
		err := d.Decode([]byte(r))
		errs = append(errs, err)
		if err == nil {
			b.N++
		}
		for c, v := range b.Cols {
			if v.Len() != b.N {
				t.Fatalf("after %q: column %d has %d rows, not %d", r, c, v.Len(), b.N)
			}
		}
	}
	return b, errs
}

func TestDecode(t *testing.T) {
	s := vec.NewSchema(vec.Field{Name: "i", Type: vec.TInt64}, vec.Field{Name: "f", Type: vec.TFloat64},
		vec.Field{Name: "s", Type: vec.TString}, vec.Field{Name: "t", Type: vec.TTimestamp},
		vec.Field{Name: "b", Type: vec.TBool}, vec.Field{Name: "j", Type: vec.TJSON},
		vec.Field{Name: "d", Type: vec.TDecimal(10, 2)}, vec.Field{Name: "n", Type: vec.TInt32})
	for _, c := range []struct{ rec, want string }{
		{`{"i":1,"f":2.5,"s":"x","t":"2001-01-31 10:00:00","b":true,"j":{"a":[1]},"d":1.25,"n":-7}`, `1|2.5|x|2001-01-31 10:00:00|true|{"a":[1]}|1.25|-7`},
		{` { "n" : 7 , "i" : -12 } `, `-12|NULL|NULL|NULL|NULL|NULL|NULL|7`},
		{`{"s":"a\"b\u00e9\ud83d\ude00\n","other":{"i":[{},"}"]},"i":null}`, "NULL|NULL|a\"bé😀\n|NULL|NULL|NULL|NULL|NULL"},
		{`{"i":"42","f":"1e3","s":17,"t":"2001-02-28T23:59:59.123456Z","b":"no","d":"7"}`, `42|1000.0|17|2001-02-28 23:59:59.123456|false|NULL|7.00|NULL`},
		{`{"i":1,"i":2,"s":[1,2]}`, `2|NULL|[1,2]|NULL|NULL|NULL|NULL|NULL`},
		{`{"i":12.0,"n":1e3}`, `12|NULL|NULL|NULL|NULL|NULL|NULL|1000`},
		{`{}`, `NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL`},
		{`{"t":"2004-02-29 00:00:00"}`, `NULL|NULL|NULL|2004-02-29 00:00:00|NULL|NULL|NULL|NULL`},
		{`{"i":9223372036854775807}`, `9223372036854775807|NULL|NULL|NULL|NULL|NULL|NULL|NULL`},
	} {
		b, errs := decodeAll(t, s, c.rec)
		if errs[0] != nil {
			t.Errorf("%s: %v", c.rec, errs[0])
			continue
		}
		got := ""
		for i, v := range b.Cols {
			if i > 0 {
				got += "|"
			}
			got += v.Value(0).Format(v.Type)
		}
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.rec, got, c.want)
		}
	}
}

func TestDecodeBad(t *testing.T) {
	s := vec.NewSchema(vec.Field{Name: "s", Type: vec.TString}, vec.Field{Name: "i", Type: vec.TInt64}, vec.Field{Name: "t", Type: vec.TTimestamp})
	good := `{"s":"x","i":1}`
	for _, rec := range []string{``, `[]`, `{`, `{"i"`, `{"i":`, `{"i":1`, `{"i":1,}`, `{"i":1}x`, `{"s":"x","i":1.5}`, `{"i":"abc"}`,
		`{"s":"x`, `{"s":"\q"}`, `{"i":99999999999999999999}`, `{"i":[1]}`, `{"t":"2001-02-30 00:00:00"}`, `{"s":tru}`, `{"i":+1}`, `{"z":nul}`, `{"z":[1,}`, `{"s":"\u12"}`} {
		b, errs := decodeAll(t, s, good, rec, good)
		if errs[1] == nil {
			t.Errorf("%q was accepted", rec)
		}
		if b.N != 2 || b.Cols[0].Value(1).S != "x" || b.Cols[1].Value(1).I != 1 || !b.Cols[2].IsNull(1) {
			t.Errorf("%q left traces in the next row", rec)
		}
	}
}

func TestInfer(t *testing.T) {
	s, err := Infer([][]byte{[]byte(`{"a":1,"t":"2001-01-01 00:00:00","s":"x","d":"2001-01-01"}`), []byte(`{"a":1.5,"n":null,"o":{"x":1},"b":true,"t":"2001-01-02T00:00:00Z"}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := "(a DOUBLE, t TIMESTAMP, s VARCHAR, d DATE, n VARCHAR, o JSON, b BOOLEAN)"
	if s.String() != want {
		t.Errorf("got %s, want %s", s, want)
	}
}

func FuzzDecode(f *testing.F) {
	for _, r := range []string{`{"date":"2001-01-01 00:00:00","delay":-3,"origin":"A\u0041B"}`, `{"delay":1e2,"x":[{"y":null}]}`, `{"delay":`} {
		f.Add(r)
	}
	f.Fuzz(func(t *testing.T, rec string) {
		b, errs := decodeAll(t, flight, rec)
		var m map[string]stdjson.RawMessage
		std := stdjson.Unmarshal([]byte(rec), &m)
		if errs[0] == nil && b.N != 1 {
			t.Fatal("no row and no error")
		}
		if errs[0] != nil && std == nil && len(m) == 0 {
			t.Fatalf("refused %q: %v", rec, errs[0])
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	var recs [][]byte
	for i := 0; i < 2048; i++ {
		recs = append(recs, fmt.Appendf(nil, `{"date":"2001-01-%02d 10:%02d:00","delay":%d,"distance":%d,"origin":"ATL","destination":"LAX"}`, i%28+1, i%60, i%40-10, i%2000))
	}
	batch := vec.NewBatch(flight.Types())
	d := NewDecoder(flight)
	b.ReportAllocs()
	for b.Loop() {
		batch.Reset()
		d.Reset(batch.Cols, 0)
		for _, r := range recs {
			if err := d.Decode(r); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(recs)), "ns/record")
}
