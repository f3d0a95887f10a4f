package json

// daysBefore is the number of days of a year before each month.
var daysBefore = [12]int64{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334}

// timestamp is the fast path for "2001-01-31 10:00:00" and "2001-01-31T10:00:00[.ffffff][Z]",
// quotes included. ok is false for everything else.
func timestamp(b []byte, i int) (us int64, n int, ok bool) {
	if len(b)-i < 21 || b[i] != '"' {
		return 0, 0, false
	}
	s := b[i+1:]
	if s[4] != '-' || s[7] != '-' || s[10] != ' ' && s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return 0, 0, false
	}
	var bad byte
	two := func(k int) int64 {
		a, c := s[k]-'0', s[k+1]-'0'
		bad |= (9 - a) | (9 - c)
		return int64(a)*10 + int64(c)
	}
	y := two(0)*100 + two(2)
	mo, d, h, mi, sec := two(5), two(8), two(11), two(14), two(17)
	if bad&0x80 != 0 || mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || sec > 59 {
		return 0, 0, false
	}
	leap := y%4 == 0 && (y%100 != 0 || y%400 == 0)
	if d > 28 {
		last := [12]int64{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[mo-1]
		if mo == 2 && leap {
			last = 29
		}
		if d > last {
			return 0, 0, false
		}
	}
	p := y - 1
	days := p*365 + p/4 - p/100 + p/400 - 719162 + daysBefore[mo-1] + d - 1
	if leap && mo > 2 {
		days++
	}
	us = ((days*24+h)*60+mi)*60 + sec
	us *= 1_000_000
	k := 19
	if s[k] == '.' {
		unit := int64(1_000_000)
		for k++; k < len(s) && s[k]-'0' <= 9; k++ {
			unit /= 10
			us += int64(s[k]-'0') * unit
		}
	}
	if k < len(s) && s[k] == 'Z' {
		k++
	}
	if k >= len(s) || s[k] != '"' {
		return 0, 0, false
	}
	return us, i + k + 2, true
}
