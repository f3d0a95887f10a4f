package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

func (s *stream) draw(r canvas.Region) {
	if s.live == nil {
		in := r.Box(s.a.theme, "Stream", "", true)
		for i, l := range []string{"No query over a stream has run yet.",
			"ctrl-r runs the statement of the editor; one whose input does not end is shown here.",
			"enter on a topic of the tree (screen 1) reads it."} {
			in.Clip(s.a.theme, 1, 1+i, in.W-2, l, canvas.Dim)
		}
		return
	}
	s.ps.draw(r, s.a.theme, s.place)
}

// place stands the header over the rows, what changes beside them, and time below.
func (s *stream) place(w, h int, narrow bool) {
	head, grid, changes, parts, clock := s.ps.list[0], s.ps.list[1], s.ps.list[2], s.ps.list[3], s.ps.list[4]
	hh := 5
	head.at = rect{0, 0, w, hh}
	if narrow {
		grid.at = rect{0, hh, w, h - hh}
		return
	}
	th := clamp(5+s.ps.grow[clock.scope], 4, h/3)
	clock.at = rect{0, h - th, w, th}
	mid := h - hh - th
	right := clamp(w*34/100-s.ps.grow[grid.scope], 26, w/2)
	low := 0
	if s.plotShown() {
		low = clamp(mid*2/5+s.ps.grow["stream/plot"], 4, mid-4)
		s.ps.list[streamPlotPane].at = rect{0, hh + mid - low, w - right, low}
	}
	grid.at = rect{0, hh, w - right, mid - low}
	ph := clamp(len(s.now.Partitions)+2, 4, max(4, mid/2))
	if mid-ph < 4 {
		parts.at = rect{w - right, hh, right, mid}
		return
	}
	changes.at = rect{w - right, hh, right, mid - ph}
	parts.at = rect{w - right, hh + mid - ph, right, ph}
}

func (s *stream) corner() string {
	words := []string{}
	if s.live == nil {
		return ""
	}
	switch {
	case s.now.Paused:
		words = append(words, "QUERY PAUSED")
	case s.running():
		words = append(words, "RUNNING")
	default:
		words = append(words, strings.ToUpper(s.st.State))
	}
	return strings.Join(words, "  ")
}

func (s *stream) status() canvas.Part {
	switch {
	case s.live == nil:
		return canvas.Part{}
	case s.st.State == repl.StateFailed:
		return canvas.Part{Text: "failed  " + withHint(s.st.Err), S: canvas.Bad}
	case s.at >= 0 && s.position() < s.live.Next()-1:
		return canvas.Part{Text: fmt.Sprintf("change %s of %s; 0 goes live", render.Count(s.at), render.Count(s.live.Next()-1)), S: canvas.Warn}
	}
	return canvas.Part{Text: "= " + s.a.commandOf("sql", s.from.text), S: canvas.Dim}
}

func (s *stream) headTitle() (string, string) {
	return "Live  " + oneStatement(s.from.text), s.mode.String() + "  m mode"
}

func (s *stream) drawHead(r canvas.Region, _ bool) {
	n := s.now
	t := s.a.theme
	lag := "lag not known"
	if n.Lag >= 0 {
		lag = "lag " + render.Count(n.Lag) + " rec"
		if n.LagTime > 0 {
			lag += " (" + seconds(n.LagTime) + ")"
		}
	}
	late, bad := canvas.Text, canvas.Text
	if n.Late > 0 {
		late = canvas.Warn
	}
	if n.Bad > 0 {
		bad = canvas.Bad
	}
	gap := "   "
	if r.W < wideWidth {
		gap = " "
		lag, _, _ = strings.Cut(lag, " (")
	}
	x := r.Text(1, 0, fmt.Sprintf("in %s rec/s%sout %s /s%s%s%s", render.Count(int64(n.InRate)), gap, render.Count(int64(n.OutRate)), gap, lag, gap), canvas.Text)
	x = r.Text(x, 0, "late "+render.Count(n.Late), late)
	x = r.Text(x, 0, gap+"bad "+render.Count(n.Bad), bad)
	if n.Shed > 0 {
		r.Text(x, 0, gap+"SHED "+render.Count(n.Shed)+" rows", canvas.Warn)
	}
	r.Clip(t, 1, 1, r.W-2, s.watermarkLine(r.W-2), canvas.Text)
	state := "state " + render.Bytes(n.StateBytes)
	if n.Keys >= 0 {
		state += ", " + render.Count(n.Keys) + " keys"
	}
	if n.StateNote != "" {
		state += ", " + strings.TrimPrefix(n.StateNote, "state: ")
	}
	word, style := s.viewWord()
	r.Clip(t, 1, 2, r.W-3-canvas.Width(word), state, canvas.Text)
	r.Right(r.W-1, 2, word, style)
}

// viewWord says how the view stands to the stream.
func (s *stream) viewWord() (string, canvas.Style) {
	limit := ""
	if s.rate > 0 {
		limit = "  RATE LIMITED " + render.Count(s.rate) + "/s"
	}
	switch unseen := s.live.Next() - s.shown.next; {
	case s.at < 0 && s.running():
		return "view LIVE" + limit, canvas.Good
	case s.at < 0:
		return "view at the end" + limit, canvas.Text
	case s.at < s.live.Next()-1:
		return "view PAUSED  +" + render.Count(unseen) + " changes unseen  space resumes" + limit, canvas.Warn
	}
	return "view PAUSED  nothing unseen  space resumes" + limit, canvas.Warn
}

// watermarkLine says in w cells where event time is, who holds it, how far behind it is, and what time
// it is now: in that order of importance when there is no room for all.
func (s *stream) watermarkLine(w int) string {
	n := s.now
	wm := n.Watermark
	if s.at >= 0 && s.shown.table != nil {
		wm = s.shown.table.Watermark()
	}
	if wm.IsZero() {
		return "watermark: none yet   now " + clock(n.Now, n.Now)
	}
	if wm.Year() > 9000 { // the promise that the end of the input makes
		return "watermark: end of input"
	}
	const gap = "   "
	now, behind, held, last := gap+"now "+clock(n.Now, n.Now), "", "", ""
	newest := time.Time{}
	for _, p := range n.Partitions {
		if p.LastEvent.After(newest) {
			newest = p.LastEvent
		}
		if p.Holds && held == "" {
			held = gap + "held by " + strings.TrimPrefix(p.Name, "kafka:")
			if !p.LastEvent.IsZero() {
				last = " (last event " + clock(p.LastEvent, n.Now) + ")"
			}
		}
	}
	if d := n.Now.Sub(wm); d < 24*time.Hour {
		behind = gap + "behind " + seconds(d)
	} else if d := newest.Sub(wm); !newest.IsZero() && d >= 0 {
		behind = gap + seconds(d) + " behind the newest event"
	}
	line := "watermark " + clock(wm, n.Now)
	for _, drop := range []*string{&last, &now, &behind, &held} {
		if canvas.Width(line+now+behind+held+last) <= w {
			break
		}
		*drop = ""
	}
	return line + now + behind + held + last
}

// clock writes a time, with its date when that is not today's.
func clock(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04:05")
	}
	return t.Format("2006-01-02 15:04:05")
}

func (s *stream) gridTitle() (string, string) {
	title := map[liveMode]string{upsertMode: "Table", changelogMode: "Changelog", appendMode: "Rows"}[s.mode]
	if s.mode == appendMode && s.st.Mode != "append" {
		title = "Final rows"
	}
	if s.shown.table != nil {
		if wm := s.shown.table.Watermark(); !wm.IsZero() && wm.Year() < 9000 {
			title += " at wm " + clock(wm, s.now.Now)
		}
	}
	if c := s.sort.col; c >= 0 && c < len(s.live.Columns()) {
		dir := ""
		if s.sort.desc {
			dir = " desc"
		}
		title += "  sort " + s.live.Columns()[c].Name + dir
	}
	note := footer(&s.grid, true)
	if s.at < 0 && s.running() {
		note = footer(&s.grid, false)
	}
	return title, selectionNote(&s.grid) + note
}

func (s *stream) drawGrid(r canvas.Region, focus bool) {
	s.grid.Draw(r, s.a.theme, focus)
	if s.grid.Rows() == 0 {
		lines := []string{"no rows yet; w says why"}
		if s.st.State == repl.StateFailed {
			lines = strings.Split(s.st.Err, "\n")
		} else if s.at >= 0 && s.at < s.live.Next()-1 {
			lines = []string{"no rows at this change; } steps on, 0 goes live"}
		} else if s.mode == appendMode && s.shown.table != nil && s.shown.table.Rows() > 0 {
			lines = []string{"no row is final yet: windows are open; m shows the table"}
		}
		for i, l := range lines {
			r.Clip(s.a.theme, 1, 3+i, r.W-2, l, canvas.Dim)
		}
	}
}

func (s *stream) changesTitle() (string, string) {
	if s.prof.on {
		return "Profile  " + s.prof.name, "F closes"
	}
	return "Changelog", ""
}

// drawChanges draws the last changes before the view, the newest at the foot.
func (s *stream) drawChanges(r canvas.Region, _ bool) {
	if s.prof.on {
		s.drawProfile(r.Sub(1, 0, r.W-1, r.H))
		return
	}
	list := s.shown.changes
	list = list[max(0, len(list)-r.H):]
	for y, c := range list {
		st := canvas.Good
		if c.Op == "-U" || c.Op == "-D" {
			st = canvas.Bad
		}
		x := r.Text(0, y, c.Op+" ", st)
		for _, cell := range c.Cells {
			text := cell.Text
			if cell.Null {
				text = "NULL"
			}
			x = r.Text(x, y, text+" ", canvas.Text)
			if x > r.W {
				r.Set(r.W-1, y, s.a.theme.Ellipsis, canvas.Dim)
				break
			}
		}
	}
}

func (s *stream) partsTitle() (string, string) { return "Partitions", "w why" }

// drawParts draws how far each partition is; those that hold the watermark or are idle come first.
func (s *stream) drawParts(r canvas.Region, _ bool) {
	parts := s.now.Partitions
	lo, hi := time.Time{}, time.Time{}
	for _, p := range parts {
		if p.Watermark.IsZero() || p.Watermark.Year() > 9000 {
			continue
		}
		if lo.IsZero() || p.Watermark.Before(lo) {
			lo = p.Watermark
		}
		if p.Watermark.After(hi) {
			hi = p.Watermark
		}
	}
	nw := 2
	for _, p := range parts {
		nw = min(12, max(nw, canvas.Width(shortName(p.Name))))
	}
	shown := len(parts)
	if shown > r.H {
		parts = remarkableFirst(parts, func(p repl.LivePartition) bool { return p.Holds || p.Idle })
		shown = r.H - 1
		r.Text(1, shown, fmt.Sprintf("+%d more", len(parts)-shown), canvas.Dim)
	}
	for y, p := range parts[:shown] {
		s.drawPart(r.Sub(0, y, r.W, 1), p, nw, lo, hi)
	}
}

// drawPart draws one partition, whose name takes nw cells.
func (s *stream) drawPart(r canvas.Region, p repl.LivePartition, nw int, lo, hi time.Time) {
	word, st := partitionWord(p.Holds, p.Idle, p.Ended)
	layout := "15:04:05"
	if hi.Sub(lo) >= 12*time.Hour { // the time of day alone would mislead
		layout = "01-02 15:04"
	}
	at := "-"
	if !p.Watermark.IsZero() && p.Watermark.Year() < 9000 {
		at = p.Watermark.UTC().Format(layout)
	} else if p.Idle && !p.LastRow.IsZero() {
		at = "idle " + seconds(s.now.Now.Sub(p.LastRow))
	}
	right := len(layout) + len(" HOLD") + 1
	r.Clip(s.a.theme, 1, 0, nw, shortName(p.Name), canvas.Text)
	if room := r.W - right - nw - 3; room > 2 && !lo.IsZero() && !p.Watermark.IsZero() {
		f := 1.0
		if hi.After(lo) {
			f = 0.2 + 0.8*float64(p.Watermark.Sub(lo))/float64(hi.Sub(lo))
		}
		widget.Gauge(r.Sub(nw+2, 0, room, 1), s.a.theme, f, canvas.Bar)
	}
	r.Right(r.W-6, 0, at, canvas.Text)
	r.Text(r.W-5, 0, word, st)
}

func (s *stream) timeTitle() (string, string) {
	note := fmt.Sprintf("recorder %s changes, %s", render.Count(s.live.Next()-s.live.First()), render.Bytes(s.size))
	if d := s.live.Dropped(); d > 0 {
		note += ", " + render.Count(d) + " older DROPPED"
	}
	return "Time  { } step  [ ] minute  0 live", note
}

// drawTime draws the rate of the last minutes and where the view stands.
func (s *stream) drawTime(r canvas.Region, _ bool) {
	const label = 24
	line := r.Sub(1, 0, max(0, r.W-label-2), max(1, r.H-1))
	rates := s.now.Rates
	if len(rates) > line.W {
		rates = rates[len(rates)-line.W:]
	}
	widget.Spark(line, s.a.theme, rates, canvas.Bar)
	peak := 0.0
	for _, v := range s.now.Rates {
		peak = max(peak, v)
	}
	r.Clip(s.a.theme, r.W-label, 0, label-1, "rec/s, peak "+render.Short(peak), canvas.Dim)
	span := time.Duration(len(rates)) * time.Second
	if r.H < 2 || len(rates) == 0 {
		return
	}
	start := line.W - len(rates)
	const both = 2*8 + 1 // times of eight letters
	line.Right(line.W, 1, s.now.Now.UTC().Format("15:04:05"), canvas.Dim)
	if len(rates) >= both {
		line.Text(max(0, start), 1, s.now.Now.Add(-span).UTC().Format("15:04:05"), canvas.Dim)
	}
	if s.at < 0 || r.H < 3 {
		return
	}
	if c := s.live.Changes(s.at, 1); len(c) > 0 {
		x := line.W - 1 - int(s.now.Now.Sub(c[0].At)/time.Second)
		at := "you are here (" + c[0].At.UTC().Format("15:04:05") + ")"
		foot := r.Sub(1, 0, r.W-2, r.H)
		switch {
		case x < 0:
			foot.Text(0, 2, "< "+at, canvas.Warn)
		case x > canvas.Width(at):
			foot.Right(min(x, line.W-1)+1, 2, at+" ^", canvas.Warn)
		default:
			foot.Text(x, 2, "^ "+at, canvas.Warn)
		}
	}
}
