package cols

import (
	"testing"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func TestDigits(t *testing.T) {
	for _, c := range []struct {
		x    uint64
		want string
	}{{0, "00000"}, {42, "00042"}, {99999, "99999"}, {123456, "23456"}} {
		var b [5]byte
		if Digits(b[:], c.x); string(b[:]) != c.want {
			t.Errorf("Digits(%d) = %s, want %s", c.x, b, c.want)
		}
	}
}

// TestReuse writes a vector twice, the second time shorter: rows are those of the last time, and
// memory is kept.
func TestReuse(t *testing.T) {
	v := vec.New(vec.TString, 0)
	for _, words := range [][]string{{"one", "", "three"}, {"four"}} {
		off, data := Strs(v, len(words))
		for i, w := range words {
			data = append(data, w...)
			off[i+1] = int32(len(data))
		}
		SetData(v, data)
		if v.Len() != len(words) {
			t.Fatalf("%d rows, want %d", v.Len(), len(words))
		}
		for i, w := range words {
			if string(v.Str(i)) != w {
				t.Errorf("row %d is %q, want %q", i, v.Str(i), w)
			}
		}
	}
	n := vec.New(vec.TInt64, 0)
	first := &I64(n, 100)[0]
	if I64(n, 10); len(n.I64) != 10 || &n.I64[0] != first {
		t.Error("a shorter vector does not keep its memory")
	}
	d := Dictionary("x", "y")
	codes := Codes(v, d, 2)
	codes[0], codes[1] = 1, 0
	if string(v.Str(0)) != "y" || string(v.Str(1)) != "x" {
		t.Errorf("dictionary rows are %s, %s", v.Str(0), v.Str(1))
	}
}
