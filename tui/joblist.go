package tui

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// jobColumn is a column of the list.
type jobColumn struct {
	name    string
	width   int
	drop    int // the larger, the earlier it goes when there is no room; 0: never
	left    bool
	text    func(i repl.JobInfo, now time.Time) string
	compare func(x, y repl.JobInfo) int
}

func byNumber(f func(repl.JobInfo) float64) func(x, y repl.JobInfo) int {
	return func(x, y repl.JobInfo) int { return cmp.Compare(f(x), f(y)) }
}

// live writes a number of a job that runs.
func live(f func(repl.JobInfo) string) func(repl.JobInfo, time.Time) string {
	return func(i repl.JobInfo, _ time.Time) string {
		if i.State != "running" && i.State != "paused" {
			return "-"
		}
		return f(i)
	}
}

func percent(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }

func lagOf(i repl.JobInfo) float64 {
	if i.LagMS == nil {
		return -1
	}
	return float64(*i.LagMS)
}

var jobColumns = []jobColumn{
	{"ST", 2, 0, true, func(i repl.JobInfo, _ time.Time) string { return letter(i) },
		func(x, y repl.JobInfo) int { return cmp.Compare(letter(x), letter(y)) }},
	{"NAME", 15, 0, true, func(i repl.JobInfo, _ time.Time) string { return i.Name },
		func(x, y repl.JobInfo) int { return cmp.Compare(x.Name, y.Name) }},
	{"KIND", 6, 8, true, func(i repl.JobInfo, _ time.Time) string { return i.Kind },
		func(x, y repl.JobInfo) int { return cmp.Compare(x.Kind, y.Kind) }},
	{"IN/s", 6, 0, false, live(func(i repl.JobInfo) string { return render.Short(i.InRate) }), byNumber(func(i repl.JobInfo) float64 { return i.InRate })},
	{"OUT/s", 6, 3, false, live(func(i repl.JobInfo) string { return render.Short(i.OutRate) }), byNumber(func(i repl.JobInfo) float64 { return i.OutRate })},
	{"BUSY", 5, 0, false, live(func(i repl.JobInfo) string { return percent(i.Busy) }), byNumber(func(i repl.JobInfo) float64 { return i.Busy })},
	{"BACKP", 5, 5, false, live(func(i repl.JobInfo) string { return percent(i.Backpressure) }), byNumber(func(i repl.JobInfo) float64 { return i.Backpressure })},
	{"WM LAG", 8, 1, false, live(func(i repl.JobInfo) string {
		if i.LagMS == nil {
			return "-"
		}
		return span(time.Duration(*i.LagMS) * time.Millisecond)
	}), byNumber(lagOf)},
	{"SRC LAG", 8, 4, false, live(func(i repl.JobInfo) string {
		if i.SourceLag < 0 {
			return "-"
		}
		return render.Count(i.SourceLag)
	}), byNumber(func(i repl.JobInfo) float64 { return float64(i.SourceLag) })},
	{"STATE", 7, 2, false, live(func(i repl.JobInfo) string { return render.Bytes(i.StateBytes) }), byNumber(func(i repl.JobInfo) float64 { return float64(i.StateBytes) })},
	{"CKPT", 8, 6, false, func(i repl.JobInfo, now time.Time) string {
		switch {
		case i.Checkpoint == nil:
			return "-"
		case i.Checkpoint.Failed:
			return "FAILED"
		}
		return span(now.Sub(i.Checkpoint.At)) + " ok"
	}, byNumber(func(i repl.JobInfo) float64 {
		if i.Checkpoint == nil {
			return 0
		}
		return float64(i.Checkpoint.At.UnixMilli())
	})},
	{"RST", 3, 7, false, func(i repl.JobInfo, _ time.Time) string { return itoa(i.Restarts) }, byNumber(func(i repl.JobInfo) float64 { return float64(i.Restarts) })},
	{"UPTIME", 7, 9, false, live(func(i repl.JobInfo) string { return span(time.Duration(i.UptimeMS) * time.Millisecond) }),
		byNumber(func(i repl.JobInfo) float64 { return float64(i.UptimeMS) })},
}

// span writes a time span in few characters: 8 s, 14 m, 3d 4h.
func span(d time.Duration) string {
	switch d = max(d, 0); {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%d m", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	case d < 1000*24*time.Hour:
		return fmt.Sprintf("%dd %dh", int(d.Hours())/24, int(d.Hours())%24)
	}
	return fmt.Sprintf("%d y", int(d.Hours())/24/365)
}

// letter is a job's state in one or two characters: the letter, and what its findings say.
func letter(i repl.JobInfo) string {
	l := map[string]string{"running": "R", "paused": "P", "stopped": "S", "finished": "D", "failed": "F", "starting": "..", "restarting": "B"}[i.State]
	if l == "" {
		l = "."
	}
	if i.State == "running" {
		for _, f := range i.Findings {
			if f.Level == "error" {
				return "R!"
			}
			l = "RW"
		}
	}
	return l
}

func letterStyle(l string) canvas.Style {
	switch l {
	case "R", "D":
		return canvas.Good
	case "F", "R!", "B":
		return canvas.Bad
	case "RW", "P", "S":
		return canvas.Warn
	}
	return canvas.Text
}

func (j *jobs) placeList(w, h int, narrow bool) {
	list, rates, saves := j.lists.list[0], j.lists.list[1], j.lists.list[2]
	if narrow {
		list.at = rect{0, 0, w, h}
		return
	}
	low := clamp(8, 4, h/3)
	list.at = rect{0, 0, w, h - low}
	rates.at = rect{0, h - low, w / 2, low}
	saves.at = rect{w / 2, h - low, w - w/2, low}
}

func (j *jobs) listTitle() (string, string) {
	title := fmt.Sprintf("Jobs[%d]", len(j.list))
	if j.filter != "" {
		title += "  FILTER " + j.filter
	}
	dir := ""
	if j.down {
		dir = " desc"
	}
	return title, "sort " + strings.ToLower(jobColumns[j.by].name) + dir + "   / filter"
}

// drawList draws a line a job, then the findings of all of them.
func (j *jobs) drawList(r canvas.Region, focus bool) {
	cols := fitting(r.W - 2)
	j.drawJobLine(r.Sub(1, 0, r.W-1, 1), cols, func(c jobColumn) string { return c.name }, canvas.Header, "")
	if len(j.list) == 0 {
		r.Text(1, 2, "no jobs: P on a query promotes it", canvas.Dim)
		return
	}
	findings := j.findings(r.W - 2)
	room := max(3, r.H-3-min(len(findings)+1, r.H/2))
	now := j.a.now()
	top := clamp(j.index()-room+1, 0, max(0, len(j.list)-room))
	y := 1
	for i := top; i < len(j.list) && y <= room; i++ {
		info := j.list[i]
		line := r.Sub(1, y, r.W-1, 1)
		j.drawJobLine(line, cols, func(c jobColumn) string { return c.text(info, now) }, canvas.Text, letter(info))
		if info.Name == j.sel {
			r.Set(0, y, '>', canvas.Key)
			if focus {
				line.AddStyle(0, 0, line.W-1, canvas.Reverse)
			}
		}
		y++
	}
	if more := len(j.list) - top - room; more > 0 {
		r.Text(1, y, fmt.Sprintf("%d more", more), canvas.Dim)
	}
	y += 2
	r.Clip(j.a.theme, 1, y-1, r.W-2, "R running  RW warning  R! error  P paused  B back-off  S stopped  F failed  D done", canvas.Dim)
	for _, f := range findings {
		if y >= r.H {
			return
		}
		r.Clip(j.a.theme, 1, y, r.W-2, f.Text, f.S)
		y++
	}
}

// fitting are the columns that fit into a width.
func fitting(w int) []jobColumn {
	for drop := 10; ; drop-- {
		var cols []jobColumn
		n := 0
		for _, c := range jobColumns {
			if c.drop < drop {
				cols = append(cols, c)
				n += c.width + 1
			}
		}
		if n <= w || drop <= 1 {
			if extra := w - n; extra > 0 {
				cols[1].width += min(extra, 20)
			}
			return cols
		}
	}
}

func (j *jobs) drawJobLine(r canvas.Region, cols []jobColumn, text func(jobColumn) string, st canvas.Style, state string) {
	x := 0
	for i, c := range cols {
		s := text(c)
		style := st
		if i == 0 && state != "" {
			style = letterStyle(state)
		}
		if c.left {
			r.Clip(j.a.theme, x, 0, c.width, s, style)
		} else {
			at := max(x, x+c.width-canvas.Width(s))
			r.Clip(j.a.theme, at, 0, x+c.width-at, s, style)
		}
		x += c.width + 1
	}
}

// findings are sentences about jobs that need a look, with the command that helps.
func (j *jobs) findings(w int) []canvas.Part {
	var out []canvas.Part
	for _, i := range j.list {
		for _, f := range i.Findings {
			mark, st := "W", canvas.Warn
			if f.Level == "error" {
				mark, st = "!", canvas.Bad
			}
			for n, l := range wrap(fmt.Sprintf("%s %-14s %s", mark, i.Name, f.Text), w-2) {
				if n > 0 {
					l = "  " + l
				}
				out = append(out, canvas.Part{Text: l, S: st})
			}
			if f.Command != "" {
				out = append(out, canvas.Part{Text: "  = " + f.Command, S: canvas.Dim})
			}
		}
	}
	if len(out) > 0 {
		out = append([]canvas.Part{{Text: "Findings", S: canvas.Header}}, out...)
	}
	return out
}

func (j *jobs) ratesTitle() (string, string) {
	note := "[ ] scrub  0 now"
	if j.back > 0 {
		note = "SCRUBBED " + span(j.back) + " back  0 now"
	}
	return j.sel + "  " + render.Count(int64(len(j.samples))) + " s kept", note
}

// at is the sample that is looked at: the last one, or the one as far back as the user scrubbed.
func (j *jobs) at() int {
	n := len(j.samples) - 1
	if j.back <= 0 || n < 0 {
		return n
	}
	want := j.samples[n].At.Add(-j.back)
	for n > 0 && j.samples[n].At.After(want) {
		n--
	}
	return n
}

// drawRates draws the last minutes of a job's numbers.
func (j *jobs) drawRates(r canvas.Region, _ bool) {
	at := j.at()
	if at < 0 {
		r.Text(1, 0, "no samples", canvas.Dim)
		return
	}
	rows := []struct {
		name  string
		value func(repl.JobSample) float64
		text  func(float64) string
	}{
		{"in/s", func(s repl.JobSample) float64 { return s.InRate }, render.Short},
		{"out/s", func(s repl.JobSample) float64 { return s.OutRate }, render.Short},
		{"wm lag", func(s repl.JobSample) float64 {
			if s.LagMS == nil {
				return 0
			}
			return float64(*s.LagMS)
		}, func(v float64) string { return span(time.Duration(v) * time.Millisecond) }},
		{"lag", func(s repl.JobSample) float64 { return max(0, float64(s.SourceLag)) }, func(v float64) string { return render.Count(int64(v)) }},
		{"busy", func(s repl.JobSample) float64 { return s.Busy }, percent},
		{"state", func(s repl.JobSample) float64 { return float64(s.StateBytes) }, func(v float64) string { return render.Bytes(int64(v)) }},
	}
	const name, number = 7, 10
	width := r.W - name - number - 2
	for y, row := range rows {
		if y >= r.H || width < 4 {
			return
		}
		r.Text(1, y, row.name, canvas.Dim)
		widget.Spark(r.Sub(1+name, y, width, 1), j.a.theme, secondly(j.samples[:at+1], width, row.value), canvas.Bar)
		r.Right(r.W-1, y, row.text(row.value(j.samples[at])), canvas.Text)
	}
	if len(rows) < r.H {
		r.Clip(j.a.theme, 1, r.H-1, r.W-2, "at "+clock(j.samples[at].At, j.a.now())+"  kept by the job: 1 s x 1 h", canvas.Dim)
	}
}

// secondly lists a number of the last n seconds, up to that of the last sample. Seconds without a sample,
// in which the job did not run, have none.
func secondly(samples []repl.JobSample, n int, value func(repl.JobSample) float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	end := samples[len(samples)-1].At
	for _, s := range slices.Backward(samples) {
		i := n - 1 - int(end.Sub(s.At).Round(time.Second)/time.Second)
		if i < 0 {
			break
		}
		out[i] = value(s)
	}
	return out
}

func (j *jobs) savesTitle() (string, string) { return "Checkpoints & savepoints", "S savepoint" }

// drawSaves draws the newest checkpoints with where their time went, and the savepoints.
func (j *jobs) drawSaves(r canvas.Region, _ bool) {
	if j.detail == nil {
		return
	}
	saves := min(len(j.saves), max(1, r.H/3))
	if len(j.saves) == 0 {
		saves = 0
	}
	y := 0
	for _, c := range j.detail.History {
		if y >= r.H-saves {
			break
		}
		word, st := "ok  ", canvas.Good
		if c.Failed {
			word, st = "FAIL", canvas.Bad
		} else if c.Cause != "" {
			word, st = "SLOW", canvas.Warn
		}
		x := r.Text(1, y, fmt.Sprintf("#%d %s ", c.ID, c.At.UTC().Format("15:04:05")), canvas.Text)
		x = r.Text(x, y, word, st)
		r.Clip(j.a.theme, x+1, y, r.W-x-2, fmt.Sprintf("%s  %s %s  align %s write %s commit %s", ms(c.TotalMS), render.Bytes(c.Bytes), c.Kind, ms(c.AlignMS), ms(c.WriteMS), ms(c.CommitMS)), canvas.Text)
		y++
		if c.Cause != "" && y < r.H-saves {
			r.Clip(j.a.theme, 3, y, r.W-4, c.Cause, canvas.Warn)
			y++
		}
		if c.Note != "" && y < r.H-saves {
			r.Clip(j.a.theme, 3, y, r.W-4, c.Note, canvas.Dim)
			y++
		}
	}
	if y == 0 && saves == 0 {
		r.Text(1, 0, "none yet", canvas.Dim)
	}
	for i := range saves {
		s := j.saves[i]
		r.Clip(j.a.theme, 1, r.H-saves+i, r.W-2, fmt.Sprintf("sp %-14s %s  %s", s.Label, s.Created.UTC().Format("01-02 15:04"), render.Bytes(s.Bytes)), canvas.Text)
	}
}

// ms writes milliseconds.
func ms(v float64) string {
	if v < 1000 {
		return fmt.Sprintf("%.0f ms", v)
	}
	return fmt.Sprintf("%.1f s", v/1000)
}
