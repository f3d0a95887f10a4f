package widget

import (
	"strings"

	"github.com/riffle-io/riffle/tui/canvas"
)

// slot is a column on the screen.
type slot struct {
	col, x, w int
	order     int // index into the view's order
}

// Draw draws two lines of header and then rows.
func (g *Grid) Draw(r canvas.Region, t *canvas.Theme, focus bool) {
	g.refreshColumns()
	if g.src == nil || len(g.cols) == 0 || r.H < 3 || r.W < 4 {
		return
	}
	g.height = r.H - 2
	g.follow()
	g.load()
	g.measure()
	var buf [64]slot
	slots := g.place(buf[:0], r.W)
	for _, s := range slots {
		g.drawHeader(r, t, s)
	}
	for i, row := range g.page {
		g.drawRow(r, t, i, row, slots, focus)
	}
	if g.pageErr != nil {
		r.Clip(t, 1, 2, r.W-1, "cannot read: "+g.pageErr.Error(), canvas.Bad)
	}
}

// load fetches the rows on the screen, of the columns that may be seen, unless they are kept.
func (g *Grid) load() {
	rows := g.src.Rows()
	n := int(min(int64(g.height), rows-g.top))
	key := pageKey{from: g.top, n: n}
	if n < g.height { // it may be longer by now
		key.rows = rows
	}
	if v, ok := g.src.(Versioned); ok {
		key.version = v.Version()
	}
	key.cols = g.pageAt.cols
	order := g.view.Order
	same := len(order) == len(g.fetch)
	for i := 0; same && i < len(order); i++ {
		same = order[i] == g.fetch[i]
	}
	if same && key == g.pageAt && g.pageErr == nil {
		return
	}
	g.fetch = append(g.fetch[:0], order...)
	g.pageAt = key
	g.page, g.pageErr = nil, nil
	if n > 0 {
		g.page, g.pageErr = g.src.Page(g.top, n, g.fetch)
	}
}

// measure widens columns for the rows on the screen.
func (g *Grid) measure() {
	for _, row := range g.page {
		for i, c := range row {
			w := &g.widths[g.fetch[i]]
			if *w < maxWidth {
				*w = min(maxWidth, max(*w, cellWidth(c)))
			}
		}
	}
}

func cellWidth(c Cell) int {
	if c.Null {
		return len("NULL")
	}
	return canvas.Width(c.Text)
}

// place lays the columns out: the pinned ones, then those from g.left on. It moves g.left so that
// the cursor's column can be seen.
func (g *Grid) place(slots []slot, w int) []slot {
	const gap = 1
	start := 1 // the cursor's mark
	for i := 0; i < g.view.Pinned; i++ {
		start += g.widths[g.view.Order[i]] + gap
	}
	if g.col >= g.view.Pinned {
		for g.left < g.col && g.span(g.left, g.col)+start > w {
			g.left++
		}
	}
	x := 1
	add := func(i int) bool {
		c := g.view.Order[i]
		slots = append(slots, slot{c, x, g.widths[c], i})
		x += g.widths[c] + gap
		return x <= w
	}
	for i := 0; i < g.view.Pinned && add(i); i++ {
	}
	g.shown = 0
	for i := g.left; i < len(g.view.Order); i++ {
		if x >= w {
			break
		}
		if x+g.widths[g.view.Order[i]] <= w {
			g.shown++
		}
		add(i)
	}
	return slots
}

// span is the width of columns a to b of the view.
func (g *Grid) span(a, b int) int {
	n := 0
	for i := a; i <= b; i++ {
		n += g.widths[g.view.Order[i]] + 1
	}
	return n - 1
}

func (g *Grid) drawHeader(r canvas.Region, t *canvas.Theme, s slot) {
	c := g.cols[s.col]
	st := canvas.Header
	if s.order < g.view.Pinned {
		st |= canvas.Underline
	}
	for y, text := range [2]string{c.Name, c.Type} {
		if y == 1 {
			st = canvas.Kind
		}
		x := s.x
		if n := canvas.Width(text); c.Numeric && n < s.w {
			x += s.w - n
		}
		r.Clip(t, x, y, min(s.x+s.w, r.W)-x, text, st)
	}
	if s.order < g.view.Pinned {
		r.Set(s.x+s.w, 0, t.VLine, canvas.Frame)
		r.Set(s.x+s.w, 1, t.VLine, canvas.Frame)
	}
}

func (g *Grid) drawRow(r canvas.Region, t *canvas.Theme, i int, row []Cell, slots []slot, focus bool) {
	y := i + 2
	st, mark := canvas.Text, rune(0)
	if rs, ok := g.src.(RowStyler); ok {
		st, mark = rs.RowStyle(g.top + int64(i))
	}
	current := g.top+int64(i) == g.row
	if mark != 0 {
		r.Set(0, y, mark, st)
	}
	if g.selected(g.top+int64(i), g.col) {
		r.Set(0, y, '*', canvas.Key)
	}
	if current {
		r.Set(0, y, '>', canvas.Key)
	}
	for _, s := range slots {
		g.drawCell(r, t, y, s, row[s.order], st)
		if current && s.order == g.col && focus || g.selected(g.top+int64(i), s.order) {
			r.AddStyle(s.x, y, s.w, selectStyle)
		}
		if s.order < g.view.Pinned {
			r.Set(s.x+s.w, y, t.VLine, canvas.Frame)
		}
	}
}

func (g *Grid) drawCell(r canvas.Region, t *canvas.Theme, y int, s slot, c Cell, st canvas.Style) {
	text := c.Text
	if c.Null {
		text, st = "NULL", canvas.Null
	} else if g.match != "" && ContainsFold(text, g.match) {
		st = canvas.Match
	}
	x := s.x
	if n := canvas.Width(text); g.cols[s.col].Numeric && n < s.w {
		x += s.w - n
	}
	r.Clip(t, x, y, min(s.x+s.w, r.W)-x, text, st)
}

// ContainsFold reports whether s holds sub, which is in lower case, without regard to case.
func ContainsFold(s, sub string) bool {
	for i := 0; i+len(sub) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(sub)], sub) {
			return true
		}
	}
	return false
}
