package op

// Keys is how many keys the open windows hold; a key counts once for each of its panes, and for each
// time that these went to disk with it.
func (w *windowAgg) Keys() (n int64) {
	for i := range w.panes {
		n += int64(w.panes[i].g.t.Rows())
		for _, r := range w.panes[i].runs {
			n += r.tables[0].Rows()
		}
	}
	return n
}

// Keys is how many groups there are.
func (u *updatingAgg) Keys() int64 { return int64(u.g.t.Rows()) }

// Keys is how many join keys both sides hold.
func (j *streamJoin) Keys() (n int64) {
	for i := range j.sides {
		if t := j.sides[i].heads; t != nil {
			n += int64(t.Rows())
		}
	}
	return n
}
