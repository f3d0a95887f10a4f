package parquet

import (
	"math"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// A dictionary is given up when it has more entries than these, or more than half of the rows.
const (
	maxDictEntries = 64 << 10
	maxDictBytes   = 1 << 20
	dictSample     = 4096 // rows after which it must pay already
)

// dictBuilder finds the distinct values of a column chunk.
type dictBuilder struct {
	codes []int32 // of the rows that are not null
	start []int32 // by row: how many codes come before it
	first []int32 // by entry: a row that has it

	ints  map[uint64]int32    // values of up to 8 bytes
	nums  map[[2]uint64]int32 // of 16
	texts map[string]int32
	remap []int32
}

// end is the number of codes of the rows below to.
func (d *dictBuilder) end(to int) int {
	if to < len(d.start) {
		return int(d.start[to])
	}
	return len(d.codes)
}

// build makes the codes of v's n rows; false when a dictionary is not worth it.
func (d *dictBuilder) build(v *vec.Vec, n int) bool {
	d.codes, d.start, d.first = d.codes[:0], d.start[:0], d.first[:0]
	if v.Form == vec.Dict {
		if len(d.remap) < v.Dict.Len() {
			d.remap = make([]int32, v.Dict.Len())
		}
		clear(d.remap) // code + 1
	}
	if d.nums == nil {
		d.ints, d.nums, d.texts = map[uint64]int32{}, map[[2]uint64]int32{}, map[string]int32{}
	}
	clear(d.ints)
	clear(d.nums)
	clear(d.texts)
	bytes := 0
	for i := 0; i < n; i++ {
		d.start = append(d.start, int32(len(d.codes)))
		if v.IsNull(i) {
			continue
		}
		before := len(d.first)
		d.codes = append(d.codes, d.code(v, i))
		if len(d.first) == before {
			continue
		}
		if bytes += 16; v.Type.Phys() == vec.PhysStr {
			bytes += len(v.Str(i))
		}
		if before >= maxDictEntries || bytes > maxDictBytes || i >= dictSample && before > i/2 {
			return false
		}
	}
	return len(d.first) > 0 && len(d.first) <= max(1, n/2)
}

// code gives the code of row i, new when its value is.
func (d *dictBuilder) code(v *vec.Vec, i int) int32 {
	fresh := int32(len(d.first))
	if v.Form == vec.Dict {
		at := &d.remap[v.Codes[i]]
		if *at == 0 {
			*at = fresh + 1
			d.first = append(d.first, int32(i))
		}
		return *at - 1
	}
	switch v.Type.Phys() {
	case vec.PhysStr:
		s := v.Str(i)
		if c, ok := d.texts[string(s)]; ok {
			return c
		}
		d.texts[string(s)] = fresh
	case vec.PhysI128, vec.PhysIv:
		k := bitsOf(v, i)
		if c, ok := d.nums[k]; ok {
			return c
		}
		d.nums[k] = fresh
	default:
		k := bitsOf(v, i)[0]
		if c, ok := d.ints[k]; ok {
			return c
		}
		d.ints[k] = fresh
	}
	d.first = append(d.first, int32(i))
	return fresh
}

// bitsOf is a value of fixed width as bits; floats are told apart by bits too.
func bitsOf(v *vec.Vec, i int) (k [2]uint64) {
	switch v.Type.Phys() {
	case vec.PhysI32:
		k[0] = uint64(v.I32[i])
	case vec.PhysI64:
		k[0] = uint64(v.I64[i])
	case vec.PhysI128:
		k = [2]uint64{v.I128[i].Lo, uint64(v.I128[i].Hi)}
	case vec.PhysF64:
		k[0] = math.Float64bits(v.F64[i])
	case vec.PhysIv:
		k = [2]uint64{uint64(uint32(v.Iv[i].Months))<<32 | uint64(uint32(v.Iv[i].Days)), uint64(v.Iv[i].Micros)}
	}
	return k
}
