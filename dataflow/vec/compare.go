package vec

import (
	"bytes"
	"cmp"
)

// CompareRows orders row i of a against row j of b, neither null: -1, 0, 1. The types must be
// stored alike. Strings compare by byte, NaN is above every float, false is below true.
func CompareRows(a *Vec, i int, b *Vec, j int) int {
	x, y := a.Base(), b.Base()
	i, j = a.Index(i), b.Index(j)
	switch a.Type.Phys() {
	case PhysBool:
		return cmpBool(x.B[i], y.B[j])
	case PhysI32:
		return cmp.Compare(x.I32[i], y.I32[j])
	case PhysI64:
		return cmp.Compare(x.I64[i], y.I64[j])
	case PhysI128:
		return x.I128[i].Cmp(y.I128[j])
	case PhysF64:
		return CompareFloats(x.F64[i], y.F64[j])
	case PhysIv:
		return cmp.Compare(x.Iv[i].normal(), y.Iv[j].normal())
	}
	return bytes.Compare(x.Data[x.Off[i]:x.Off[i+1]], y.Data[y.Off[j]:y.Off[j+1]])
}

// CompareFloats orders floats as PostgreSQL does: NaN equals NaN and is above all others.
func CompareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	}
	return cmpBool(a != a, b != b)
}

func cmpBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// EqualRows tells whether two rows hold the same value, NULL being equal to NULL.
func EqualRows(a *Vec, i int, b *Vec, j int) bool {
	an, bn := a.IsNull(i), b.IsNull(j)
	if an || bn {
		return an && bn
	}
	return CompareRows(a, i, b, j) == 0
}

// Order is how one sort key orders rows.
type Order struct {
	Col       int
	Desc      bool
	NullsLast bool
}

// Compare orders row i of a against row j of b by keys.
func Compare(keys []Order, a *Batch, i int, b *Batch, j int) int {
	for _, k := range keys {
		if c := k.compare(a.Cols[k.Col], i, b.Cols[k.Col], j); c != 0 {
			return c
		}
	}
	return 0
}

func (k Order) compare(a *Vec, i int, b *Vec, j int) int {
	an, bn := a.IsNull(i), b.IsNull(j)
	if an || bn {
		switch {
		case an && bn:
			return 0
		case an == k.NullsLast:
			return 1
		}
		return -1
	}
	c := CompareRows(a, i, b, j)
	if k.Desc {
		return -c
	}
	return c
}
