package op

import "slices"

// The sorts of packed keys divide by the top byte first, into parts that stay in the cache while
// they are sorted byte by byte from the lowest (about 2x a sort from the lowest byte alone at 5·10^6
// keys).

// fewKeys is the length under which comparing beats counting.
const fewKeys = 256

// radix sorts by the low used bits and is stable. The result is es.
func radix(es []entry, used int) {
	if len(es) < fewKeys || used == 0 {
		sortFew(es)
		return
	}
	shift := max(used-8, 0)
	tmp := make([]entry, len(es))
	var counts [256]int32
	for _, e := range es {
		counts[byte(e.key>>shift)]++
	}
	ends := counts
	starts(&ends)
	for _, e := range es {
		d := byte(e.key >> shift)
		tmp[ends[d]] = e
		ends[d]++
	}
	from := int32(0)
	for _, n := range counts {
		lowBytes(tmp[from:from+n], es[from:from+n], shift)
		from += n
	}
}

// starts turns counts into the places where each digit begins.
func starts(counts *[256]int32) {
	at := int32(0)
	for d, n := range counts {
		counts[d] = at
		at += n
	}
}

func sortFew(es []entry) {
	slices.SortStableFunc(es, func(a, b entry) int {
		if a.key < b.key {
			return -1
		} else if a.key > b.key {
			return 1
		}
		return 0
	})
}

// lowBytes sorts es by the low used bits, in steps that go to and fro between es and to; the result
// is in to.
func lowBytes(es, to []entry, used int) {
	if len(es) < fewKeys {
		sortFew(es)
		copy(to, es)
		return
	}
	at := to
	for shift := 0; shift < used; shift += 8 {
		var counts [256]int32
		for _, e := range es {
			counts[byte(e.key>>shift)]++
		}
		if counts[byte(es[0].key>>shift)] == int32(len(es)) {
			continue
		}
		starts(&counts)
		for _, e := range es {
			d := byte(e.key >> shift)
			to[counts[d]] = e
			counts[d]++
		}
		es, to = to, es
	}
	if &es[0] != &at[0] {
		copy(at, es)
	}
}

// radixKeys is radix for keys alone.
func radixKeys(xs []uint64, used int) {
	if len(xs) < fewKeys || used == 0 {
		slices.Sort(xs)
		return
	}
	shift := max(used-8, 0)
	tmp := make([]uint64, len(xs))
	var counts [256]int32
	for _, x := range xs {
		counts[byte(x>>shift)]++
	}
	ends := counts
	starts(&ends)
	for _, x := range xs {
		d := byte(x >> shift)
		tmp[ends[d]] = x
		ends[d]++
	}
	from := int32(0)
	for _, n := range counts {
		lowBytesKeys(tmp[from:from+n], xs[from:from+n], shift)
		from += n
	}
}

// lowBytesKeys is lowBytes for keys alone.
func lowBytesKeys(xs, to []uint64, used int) {
	if len(xs) < fewKeys {
		slices.Sort(xs)
		copy(to, xs)
		return
	}
	at := to
	for shift := 0; shift < used; shift += 8 {
		var counts [256]int32
		for _, x := range xs {
			counts[byte(x>>shift)]++
		}
		if counts[byte(xs[0]>>shift)] == int32(len(xs)) {
			continue
		}
		starts(&counts)
		for _, x := range xs {
			d := byte(x >> shift)
			to[counts[d]] = x
			counts[d]++
		}
		xs, to = to, xs
	}
	if &xs[0] != &at[0] {
		copy(at, xs)
	}
}
