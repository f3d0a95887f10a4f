package parquet

import (
	"encoding/binary"
	"math"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// strings reads k rows of strings that are not codes. Only those in g.sel[from:] are copied.
func (g *gather) strings(k, from int) error {
	c, p, dst := g.c, &g.c.page, g.dst
	g.offsets(g.at)
	if p.form == formFixed && p.valid == nil {
		err := c.leaf.conv(dst, g.at, p.data[p.taken*c.leaf.width:], k)
		p.taken += k
		g.off = g.at + k
		return err
	}
	if p.form == formStrings && p.valid == nil && g.sel == nil {
		n, err := appendStrings(dst, g.at, p.data[p.taken:], k)
		p.taken += n
		g.off = g.at + k
		return err
	}
	sel := g.sel
	if sel != nil {
		sel = sel[from:]
	}
	for i := 0; i < k; i++ {
		wanted := sel == nil
		if !wanted && len(sel) > 0 && int(sel[0]) == g.at+i {
			wanted, sel = true, sel[1:]
		}
		if p.valid.Get(p.row + i) {
			s, err := c.nextString()
			if err != nil {
				return err
			}
			if wanted {
				dst.Data = append(dst.Data, s...)
			}
		}
		dst.Off[g.at+i+1] = int32(len(dst.Data))
	}
	g.off = g.at + k
	if len(dst.Data) > math.MaxInt32 {
		return errTooLong
	}
	return nil
}

// nextString takes one value of the loaded page.
func (c *cursor) nextString() ([]byte, error) {
	p := &c.page
	at := p.taken
	switch p.form {
	case formFixed:
		p.taken++
		return p.data[at*c.leaf.width : (at+1)*c.leaf.width], nil
	case formTexts:
		p.taken++
		return p.texts.data[p.texts.off[at]:p.texts.off[at+1]], nil
	}
	if len(p.data)-at < 4 {
		return nil, corrupt("text is longer than its page")
	}
	l := int(binary.LittleEndian.Uint32(p.data[at:]))
	if at += 4; l > len(p.data)-at {
		return nil, corrupt("text is longer than its page")
	}
	p.taken = at + l
	return p.data[at : at+l], nil
}

// spread moves the m values at rows [at, at+m) to the rows of [at, at+k) that are valid.
func spread(v *vec.Vec, valid vec.Bitmap, row, at, k, m int) {
	switch v.Type.Phys() {
	case vec.PhysBool:
		spreadSlots(v.B[at:at+k], valid, row, m, false)
	case vec.PhysI32:
		spreadSlots(v.I32[at:at+k], valid, row, m, false)
	case vec.PhysI64:
		spreadSlots(v.I64[at:at+k], valid, row, m, false)
	case vec.PhysI128:
		spreadSlots(v.I128[at:at+k], valid, row, m, false)
	case vec.PhysF64:
		spreadSlots(v.F64[at:at+k], valid, row, m, false)
	case vec.PhysIv:
		spreadSlots(v.Iv[at:at+k], valid, row, m, false)
	}
}

// spreadSlots moves the first m values of s to the places that are valid, from the back so that
// none is overwritten before it moved. With zero the other places are cleared.
func spreadSlots[T vec.Slot](s []T, valid vec.Bitmap, row, m int, zero bool) {
	var none T
	for i := len(s) - 1; i >= 0; i-- {
		if valid.Get(row + i) {
			m--
			s[i] = s[m]
		} else if zero {
			s[i] = none
		}
	}
}
