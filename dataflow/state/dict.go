package state

import (
	"slices"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// maxCoded is the largest number of combinations of dictionary codes for which rows are remembered:
// 64 Ki entries are 256 KiB, which stay in the L2 cache.
const maxCoded = 1 << 16

// dictCache remembers the row of each combination of dictionary codes, so that keys which come as
// codes are neither hashed nor compared.
type dictCache struct {
	dicts []*vec.Vec
	refs  []Ref // by combined code; NoRef: not seen
	codes []int32
	miss  []int32
	at    []int32
	got   []Ref
}

func (d *dictCache) reset() { d.dicts = d.dicts[:0] }

// usable tells whether all keys are codes of small dictionaries, and adopts the dictionaries.
func (d *dictCache) usable(keys []*vec.Vec) bool {
	size := 1
	same := len(d.dicts) == len(keys)
	for c, v := range keys {
		if v.Form != vec.Dict {
			return false
		}
		if size *= v.Dict.Len() + 1; size > maxCoded {
			return false
		}
		same = same && d.dicts[c] == v.Dict
	}
	if same {
		return true
	}
	d.dicts = d.dicts[:0]
	for _, v := range keys {
		d.dicts = append(d.dicts, v.Dict)
	}
	d.refs = slices.Grow(d.refs[:0], size)[:size]
	for i := range d.refs {
		d.refs[i] = NoRef
	}
	return true
}

// combine computes one code a live row; a NULL is one past the last code of its dictionary.
func (d *dictCache) combine(keys []*vec.Vec, n int, sel []int32) []int32 {
	d.codes = grow(d.codes, n)
	codes := d.codes
	for c, v := range keys {
		size := int32(v.Dict.Len() + 1)
		switch {
		case c == 0 && sel == nil:
			copy(codes, v.Codes[:n])
		case c == 0:
			for k, i := range sel {
				codes[k] = v.Codes[i]
			}
		case sel == nil:
			for k, x := range v.Codes[:n] {
				codes[k] = codes[k]*size + x
			}
		default:
			for k, i := range sel {
				codes[k] = codes[k]*size + v.Codes[i]
			}
		}
		if v.Valid != nil {
			for k := range codes {
				i := k
				if sel != nil {
					i = int(sel[k])
				}
				if !v.Valid.Get(i) {
					codes[k] += size - 1 - v.Codes[i]
				}
			}
		}
	}
	return codes
}

// findCoded is FindOrInsert by dictionary codes. Rows of codes not seen before go the long way.
func (t *Table) findCoded(keys []*vec.Vec, n int, sel []int32, refs []Ref) {
	d := &t.dict
	codes := d.combine(keys, n, sel)
	d.miss, d.at = d.miss[:0], d.at[:0]
	for k, c := range codes {
		r := d.refs[c]
		refs[k] = r
		if r == NoRef {
			i := int32(k)
			if sel != nil {
				i = sel[k]
			}
			d.miss, d.at = append(d.miss, i), append(d.at, int32(k))
		}
	}
	if len(d.miss) == 0 {
		return
	}
	d.got = grow(d.got, len(d.miss))
	t.find(t.encode(keys, n, d.miss), d.got, true)
	for j, k := range d.at {
		refs[k] = d.got[j]
		d.refs[codes[k]] = d.got[j]
	}
	for j, k := range t.fresh {
		t.fresh[j] = d.at[k]
	}
}
