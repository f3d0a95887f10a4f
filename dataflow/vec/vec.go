package vec

// Form is how the rows of a vector map to its values.
type Form uint8

const (
	Flat  Form = iota // value i is row i
	Const             // value 0 is every row
	Dict              // row i is value Codes[i] of Vec.Dict
)

// Interval is a SQL interval: its three parts are kept apart, since a month has no fixed length.
type Interval struct {
	Months, Days int32
	Micros       int64
}

// Vec is one column of a batch. Which slice holds the values follows from Type.Phys() and Form.
type Vec struct {
	Type  Type
	Form  Form
	Valid Bitmap // by row (Flat, Dict) or bit 0 (Const); nil: no nulls

	B    []bool
	I32  []int32
	I64  []int64
	I128 []Int128
	F64  []float64
	Iv   []Interval
	Off  []int32 // rows + 1 offsets into Data
	Data []byte

	Codes []int32 // Dict form: row -> row of Dict; code of a null row is readable too
	Dict  *Vec    // Dict form: flat, immutable, may hold nulls of its own (then those rows are null)
}

// New is a flat vector of n rows, none null, values zero.
func New(t Type, n int) *Vec {
	v := &Vec{Type: t}
	v.Resize(n)
	return v
}

// NewDict is a dictionary vector over dict, which from now on must not change.
func NewDict(dict *Vec, codes []int32, valid Bitmap) *Vec {
	return &Vec{Type: dict.Type, Form: Dict, Dict: dict, Codes: codes, Valid: valid}
}

func resize[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	t := make([]T, n, max(n, 2*cap(s)))
	copy(t, s)
	return t
}

// Resize makes v flat with n rows and keeps the memory it has. Values are undefined but readable
// (strings are empty beyond the rows that v had); no row is null.
func (v *Vec) Resize(n int) {
	v.Form, v.Valid, v.Codes, v.Dict = Flat, nil, v.Codes[:0], nil
	switch v.Type.Phys() {
	case PhysBool:
		v.B = resize(v.B, n)
	case PhysI32:
		v.I32 = resize(v.I32, n)
	case PhysI64:
		v.I64 = resize(v.I64, n)
	case PhysI128:
		v.I128 = resize(v.I128, n)
	case PhysF64:
		v.F64 = resize(v.F64, n)
	case PhysIv:
		v.Iv = resize(v.Iv, n)
	case PhysStr:
		v.Off = resize(v.Off, n+1)
		clear(v.Off)
		v.Data = v.Data[:0]
	}
}

// Len is the number of rows that v holds values for; a constant has 1.
func (v *Vec) Len() int {
	if v.Form == Dict {
		return len(v.Codes)
	}
	switch v.Type.Phys() {
	case PhysBool:
		return len(v.B)
	case PhysI32:
		return len(v.I32)
	case PhysI64:
		return len(v.I64)
	case PhysI128:
		return len(v.I128)
	case PhysF64:
		return len(v.F64)
	case PhysIv:
		return len(v.Iv)
	}
	return max(0, len(v.Off)-1)
}

// Index is where the value of row i stands: in v itself, or in v.Dict for a dictionary vector.
func (v *Vec) Index(i int) int {
	switch v.Form {
	case Const:
		return 0
	case Dict:
		return int(v.Codes[i])
	}
	return i
}

// Base is the vector that Index points into.
func (v *Vec) Base() *Vec {
	if v.Form == Dict {
		return v.Dict
	}
	return v
}

// IsNull tells whether row i is null.
func (v *Vec) IsNull(i int) bool {
	switch v.Form {
	case Const:
		return !v.Valid.Get(0)
	case Dict:
		return !v.Valid.Get(i) || !v.Dict.Valid.Get(int(v.Codes[i]))
	}
	return !v.Valid.Get(i)
}

// MayHaveNulls is false when v surely has none.
func (v *Vec) MayHaveNulls() bool {
	return v.Valid != nil || v.Form == Dict && v.Dict.Valid != nil
}

// SetNull makes row i of a flat vector of n rows null.
func (v *Vec) SetNull(i int) {
	if v.Valid == nil {
		v.Valid = NewBitmap(v.Len())
	}
	v.Valid.Clear(i)
}

// Str is the bytes of row i of a VARCHAR or VARBINARY vector. They belong to v.
func (v *Vec) Str(i int) []byte {
	b := v.Base()
	i = v.Index(i)
	return b.Data[b.Off[i]:b.Off[i+1]:b.Off[i+1]]
}

// Slots is the values of a physical kind, as a slice of v's own memory (not for strings).
func Slots[T Slot](v *Vec) []T {
	var out any
	switch any(*new(T)).(type) {
	case bool:
		out = v.B
	case int32:
		out = v.I32
	case int64:
		out = v.I64
	case Int128:
		out = v.I128
	case float64:
		out = v.F64
	case Interval:
		out = v.Iv
	}
	return out.([]T)
}

// Slot lists the Go types of fixed width values.
type Slot interface {
	bool | int32 | int64 | Int128 | float64 | Interval
}

// Bytes is the memory that v's values take, for budgets. A shared dictionary is not counted.
func (v *Vec) Bytes() int64 {
	n := len(v.B) + 4*len(v.I32) + 8*len(v.I64) + 16*len(v.I128) + 8*len(v.F64) + 16*len(v.Iv)
	n += 4*len(v.Off) + len(v.Data) + 4*len(v.Codes) + 8*len(v.Valid)
	return int64(n)
}

// ConstVec is a constant vector of val, whose type is t.
func ConstVec(t Type, val Value) *Vec {
	v := New(t, 0)
	v.AppendValue(val)
	v.Form = Const
	return v
}

// Flatten is v as a flat vector of n rows: v itself when it is flat, else dst (a new vector when
// nil) filled with the rows of sel (nil: all n) at their own places.
func (v *Vec) Flatten(dst *Vec, n int, sel []int32) *Vec {
	if v.Form == Flat {
		return v
	}
	if dst == nil {
		dst = &Vec{}
	}
	dst.Type = v.Type
	dst.Resize(n)
	if v.MayHaveNulls() {
		dst.Valid = dst.Valid.grow(0, n)
		forSel(n, sel, func(i int) {
			if v.IsNull(i) {
				dst.Valid.Clear(i)
			}
		})
	}
	b := v.Base()
	switch v.Type.Phys() {
	case PhysBool:
		flattenSlots(dst.B, b.B, v, n, sel)
	case PhysI32:
		flattenSlots(dst.I32, b.I32, v, n, sel)
	case PhysI64:
		flattenSlots(dst.I64, b.I64, v, n, sel)
	case PhysI128:
		flattenSlots(dst.I128, b.I128, v, n, sel)
	case PhysF64:
		flattenSlots(dst.F64, b.F64, v, n, sel)
	case PhysIv:
		flattenSlots(dst.Iv, b.Iv, v, n, sel)
	case PhysStr:
		flattenStr(dst, v, n, sel)
	}
	return dst
}

func forSel(n int, sel []int32, f func(i int)) {
	if sel == nil {
		for i := 0; i < n; i++ {
			f(i)
		}
		return
	}
	for _, i := range sel {
		f(int(i))
	}
}

func flattenSlots[T Slot](dst, src []T, v *Vec, n int, sel []int32) {
	switch {
	case v.Form == Const:
		x := src[0]
		for i := range dst[:n] {
			dst[i] = x
		}
	case sel == nil:
		for i, c := range v.Codes[:n] {
			dst[i] = src[c]
		}
	default:
		for _, i := range sel {
			dst[i] = src[v.Codes[i]]
		}
	}
}

func flattenStr(dst, v *Vec, n int, sel []int32) {
	at := 0
	put := func(i int) {
		for ; at <= i; at++ {
			dst.Off[at] = int32(len(dst.Data))
		}
		dst.Data = append(dst.Data, v.Str(i)...)
	}
	forSel(n, sel, put)
	for ; at <= n; at++ {
		dst.Off[at] = int32(len(dst.Data))
	}
}
