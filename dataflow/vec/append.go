package vec

// Reset empties v and keeps its memory.
func (v *Vec) Reset() { v.Resize(0) }

// AppendValue adds one row to a flat vector. val must have v's type, or be null.
func (v *Vec) AppendValue(val Value) {
	n := v.Len()
	switch v.Type.Phys() {
	case PhysBool:
		v.B = append(v.B, val.I != 0)
	case PhysI32:
		v.I32 = append(v.I32, int32(val.I))
	case PhysI64:
		v.I64 = append(v.I64, val.I)
	case PhysI128:
		v.I128 = append(v.I128, val.D)
	case PhysF64:
		v.F64 = append(v.F64, val.F)
	case PhysIv:
		v.Iv = append(v.Iv, val.Iv)
	case PhysStr:
		v.appendBytes([]byte(val.S))
	}
	v.appendValid(n, !val.Null)
}

// AppendBytes adds one row to a flat VARCHAR or VARBINARY vector.
func (v *Vec) AppendBytes(s []byte) {
	n := v.Len()
	v.appendBytes(s)
	v.appendValid(n, true)
}

func (v *Vec) appendBytes(s []byte) {
	if len(v.Off) == 0 {
		v.Off = append(v.Off, 0)
	}
	v.Data = append(v.Data, s...)
	v.Off = append(v.Off, int32(len(v.Data)))
}

func (v *Vec) appendValid(n int, ok bool) {
	if v.Valid == nil && ok {
		return
	}
	if v.Valid == nil {
		v.Valid = NewBitmap(n)
	}
	v.Valid = v.Valid.grow(n, n+1)
	if !ok {
		v.Valid.Clear(n)
	}
}

// AppendNull adds a null row to a flat vector.
func (v *Vec) AppendNull() { v.AppendValue(Value{Null: true}) }

// Append adds rows of src to v: those of sel, or the first n when sel is nil. The types must be
// stored alike. An empty v takes over src's dictionary; one that holds codes of another
// dictionary is flattened first.
func (v *Vec) Append(src *Vec, n int, sel []int32) {
	if sel != nil {
		n = len(sel)
	}
	if n == 0 {
		return
	}
	old := v.Len()
	if src.Form == Dict && (v.Form == Dict && v.Dict == src.Dict || old == 0) {
		v.appendCodes(src, old, n, sel)
		return
	}
	if v.Form == Dict {
		v.unshare(old)
	}
	v.appendNulls(src, old, n, sel)
	b := src.Base()
	switch v.Type.Phys() {
	case PhysBool:
		v.B = appendSlots(v.B, b.B, src, n, sel)
	case PhysI32:
		v.I32 = appendSlots(v.I32, b.I32, src, n, sel)
	case PhysI64:
		v.I64 = appendSlots(v.I64, b.I64, src, n, sel)
	case PhysI128:
		v.I128 = appendSlots(v.I128, b.I128, src, n, sel)
	case PhysF64:
		v.F64 = appendSlots(v.F64, b.F64, src, n, sel)
	case PhysIv:
		v.Iv = appendSlots(v.Iv, b.Iv, src, n, sel)
	case PhysStr:
		v.appendStrs(src, n, sel)
	}
}

func (v *Vec) appendCodes(src *Vec, old, n int, sel []int32) {
	v.Form, v.Dict = Dict, src.Dict
	if src.Valid != nil || v.Valid != nil {
		if v.Valid == nil {
			v.Valid = NewBitmap(old)
		}
		v.Valid = v.Valid.grow(old, old+n)
	}
	if sel == nil {
		v.Codes = append(v.Codes, src.Codes[:n]...)
	} else {
		for _, i := range sel {
			v.Codes = append(v.Codes, src.Codes[i])
		}
	}
	if src.Valid != nil {
		k := old
		forSel(n, sel, func(i int) {
			if !src.Valid.Get(i) {
				v.Valid.Clear(k)
			}
			k++
		})
	}
}

// unshare turns a dictionary vector of n rows into a flat one.
func (v *Vec) unshare(n int) {
	flat := v.Flatten(&Vec{}, n, nil)
	*v = *flat
}

func (v *Vec) appendNulls(src *Vec, old, n int, sel []int32) {
	if !src.MayHaveNulls() {
		if v.Valid != nil {
			v.Valid = v.Valid.grow(old, old+n)
		}
		return
	}
	if v.Valid == nil {
		v.Valid = NewBitmap(old)
	}
	v.Valid = v.Valid.grow(old, old+n)
	k := old
	forSel(n, sel, func(i int) {
		if src.IsNull(i) {
			v.Valid.Clear(k)
		}
		k++
	})
}

func appendSlots[T Slot](dst, base []T, src *Vec, n int, sel []int32) []T {
	old := len(dst)
	dst = resize(dst, old+n)
	out := dst[old:]
	switch {
	case src.Form == Const:
		for i := range out {
			out[i] = base[0]
		}
	case src.Form == Dict && sel == nil:
		for i, c := range src.Codes[:n] {
			out[i] = base[c]
		}
	case src.Form == Dict:
		for k, i := range sel {
			out[k] = base[src.Codes[i]]
		}
	case sel == nil:
		copy(out, base[:n])
	default:
		for k, i := range sel {
			out[k] = base[i]
		}
	}
	return dst
}

func (v *Vec) appendStrs(src *Vec, n int, sel []int32) {
	if len(v.Off) == 0 {
		v.Off = append(v.Off, 0)
	}
	if src.Form == Flat && sel == nil {
		from, to := src.Off[0], src.Off[n]
		shift := int32(len(v.Data)) - from
		v.Data = append(doubled(v.Data, int(to-from)), src.Data[from:to]...)
		for _, o := range src.Off[1 : n+1] {
			v.Off = append(v.Off, o+shift)
		}
		return
	}
	total := 0
	forSel(n, sel, func(i int) { total += len(src.Str(i)) })
	data, off := doubled(v.Data, total), doubled(v.Off, n)
	forSel(n, sel, func(i int) {
		data = append(data, src.Str(i)...)
		off = append(off, int32(len(data)))
	})
	v.Data, v.Off = data, off
}

// doubled is s with room for n more; append alone would move long slices five times as often.
func doubled[T any](s []T, n int) []T {
	if cap(s)-len(s) >= n {
		return s
	}
	return append(make([]T, 0, max(len(s)+n, 2*cap(s))), s...)
}

// Gather replaces v by the rows idx of src, in that order; idx may repeat rows and need not
// increase, and -1 gives a null row. Strings of a flat src are not copied: v becomes a dictionary
// vector over src, which then must not change while v is in use.
func (v *Vec) Gather(src *Vec, idx []int32, share bool) {
	v.Type = src.Type
	n := len(idx)
	if src.Form == Dict || share && src.Form == Flat && src.Type.Phys() == PhysStr {
		v.gatherCodes(src, idx)
		return
	}
	v.Resize(n)
	v.gatherNulls(src, idx)
	b := src.Base()
	c := src.Form == Const
	switch v.Type.Phys() {
	case PhysBool:
		gatherSlots(v.B, b.B, idx, c)
	case PhysI32:
		gatherSlots(v.I32, b.I32, idx, c)
	case PhysI64:
		gatherSlots(v.I64, b.I64, idx, c)
	case PhysI128:
		gatherSlots(v.I128, b.I128, idx, c)
	case PhysF64:
		gatherSlots(v.F64, b.F64, idx, c)
	case PhysIv:
		gatherSlots(v.Iv, b.Iv, idx, c)
	case PhysStr:
		for k, i := range idx {
			v.Off[k] = int32(len(v.Data))
			if i >= 0 {
				v.Data = append(v.Data, src.Str(int(i))...)
			}
		}
		v.Off[n] = int32(len(v.Data))
	}
}

func (v *Vec) gatherNulls(src *Vec, idx []int32) {
	if !src.MayHaveNulls() && !hasNegative(idx) {
		return
	}
	v.Valid = NewBitmap(len(idx))
	for k, i := range idx {
		if i < 0 || src.IsNull(int(i)) {
			v.Valid.Clear(k)
		}
	}
}

func hasNegative(idx []int32) bool {
	var or int32
	for _, i := range idx {
		or |= i
	}
	return or < 0
}

func (v *Vec) gatherCodes(src *Vec, idx []int32) {
	codes := resize(v.Codes, len(idx))
	v.Valid = nil
	if src.Valid != nil && src.Form == Dict || hasNegative(idx) {
		v.Valid = NewBitmap(len(idx))
	}
	dict := src.Base()
	for k, i := range idx {
		switch {
		case i < 0:
			codes[k] = 0
			v.Valid.Clear(k)
		case src.Form == Dict:
			codes[k] = src.Codes[i]
			if src.Valid != nil && !src.Valid.Get(int(i)) {
				v.Valid.Clear(k)
			}
		default:
			codes[k] = i
		}
	}
	v.Form, v.Dict, v.Codes = Dict, dict, codes
	if dict.Len() == 0 { // every row is null: codes need a value to point at
		v.Dict = New(src.Type, 1)
	}
}

func gatherSlots[T Slot](dst, src []T, idx []int32, constant bool) {
	if constant {
		for k := range idx {
			dst[k] = src[0]
		}
		return
	}
	for k, i := range idx {
		if i >= 0 {
			dst[k] = src[i]
		}
	}
}
