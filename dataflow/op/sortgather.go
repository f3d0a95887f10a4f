package op

import "github.com/riffle-io/riffle/dataflow/vec"

// gatherPicked makes row i of out a copy of row row[i] of src[from[i]]. Batches that no row is
// picked from may be nil. Columns for which skip (nil: none) is true are left to the caller.
func gatherPicked(out *vec.Batch, src []*vec.Batch, from, row []int32, skip []bool) {
	n := len(row)
	out.Reset()
	out.N = n
	for c, v := range out.Cols {
		if skip != nil && skip[c] {
			continue
		}
		v.Resize(n)
		gatherNulls(v, c, src, from, row)
		switch v.Type.Phys() {
		case vec.PhysBool:
			gatherColumn(v.B, c, src, from, row)
		case vec.PhysI32:
			gatherColumn(v.I32, c, src, from, row)
		case vec.PhysI64:
			gatherColumn(v.I64, c, src, from, row)
		case vec.PhysI128:
			gatherColumn(v.I128, c, src, from, row)
		case vec.PhysF64:
			gatherColumn(v.F64, c, src, from, row)
		case vec.PhysIv:
			gatherColumn(v.Iv, c, src, from, row)
		default:
			for i, r := range row {
				v.Off[i] = int32(len(v.Data))
				v.Data = append(v.Data, src[from[i]].Cols[c].Str(int(r))...)
			}
			v.Off[n] = int32(len(v.Data))
		}
	}
}

func gatherNulls(v *vec.Vec, c int, src []*vec.Batch, from, row []int32) {
	for _, b := range src {
		if b == nil || !b.Cols[c].MayHaveNulls() {
			continue
		}
		for i, r := range row {
			if src[from[i]].Cols[c].IsNull(int(r)) {
				v.SetNull(i)
			}
		}
		return
	}
}

func gatherColumn[T vec.Slot](dst []T, c int, src []*vec.Batch, from, row []int32) {
	vals := make([][]T, len(src))
	codes := make([][]int32, len(src))
	for k, b := range src {
		if b == nil {
			continue
		}
		v := b.Cols[c]
		vals[k] = vec.Slots[T](v.Base())
		if v.Form == vec.Dict {
			codes[k] = v.Codes
		}
	}
	for i, r := range row {
		f := from[i]
		if codes[f] != nil {
			r = codes[f][r]
		}
		dst[i] = vals[f][r]
	}
}
