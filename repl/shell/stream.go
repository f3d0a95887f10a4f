package shell

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// Pace of a stream in plain mode: a person, or a voice, has to keep up.
const (
	tellEvery    = 250 * time.Millisecond
	tellRows     = 40 // changes told at a time; more are counted
	watermarkGap = 5 * time.Second
)

// streamStart notices that a statement is a stream: its result's writer is made.
type streamStart struct {
	once  sync.Once
	began chan struct{}
}

// writer makes writers that drop the rows of streams, which are told from the record.
func (s *streamStart) writer(next func(render.Options) (render.Writer, error)) func(render.Options) (render.Writer, error) {
	return func(o render.Options) (render.Writer, error) {
		if !o.Stream {
			return next(o)
		}
		s.once.Do(func() { close(s.began) })
		return render.New(nil, render.Options{Format: "none"})
	}
}

// stream is a query that runs beside the prompt.
type stream struct {
	sh   *Shell
	run  *repl.Run
	live *repl.Live
	done chan struct{}
	word string // for a row that was added

	mu     sync.Mutex
	paused bool
	next   int64 // change to tell next
	unseen int64 // changes that came while paused, or too many at a time
}

// background lets a stream run beside the prompt.
func (sh *Shell) background(run *repl.Run) {
	sh.stopStream()
	st := &stream{sh: sh, run: run, live: run.Live(), done: make(chan struct{})}
	sh.mu.Lock()
	sh.stream, sh.live = st, st.live
	sh.mu.Unlock()
	keys, values := 0, 0
	st.word = "new"
	for _, c := range st.live.Columns() {
		if strings.HasPrefix(c.Name, "window_") && st.live.Appends() {
			st.word = "final" // windows come once, when they close
		}
		if c.Numeric {
			values++
		} else {
			keys++
		}
	}
	sh.say("riffle: stream started. %d columns keys, %d values. watermark not yet known.", keys, values)
	go st.tell()
}

// stopStream ends the stream beside the prompt, and waits for it.
func (sh *Shell) stopStream() {
	sh.mu.Lock()
	st := sh.stream
	sh.mu.Unlock()
	if st == nil {
		return
	}
	st.run.Cancel()
	<-st.done
}

// tell writes what happens, an event a line, until the stream ends.
func (st *stream) tell() {
	defer close(st.done)
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	var lastMark time.Time
	var told time.Time
	idle := map[string]bool{}
	for ended := false; !ended; {
		select {
		case <-st.run.Done():
			ended = true
		case <-tick.C:
		}
		status := st.live.Status()
		if wm := status.Watermark; !wm.IsZero() && !wm.Equal(lastMark) && (ended || time.Since(told) >= watermarkGap) && !st.isPaused() {
			lastMark, told = wm, time.Now()
			st.sh.say("%s watermark %s.%s", clock(status.Now), wm.Format("2006-01-02 15:04:05"), st.tableWords())
		}
		for _, p := range status.Partitions {
			if p.Idle != idle[p.Name] {
				idle[p.Name] = p.Idle
				if p.Idle {
					st.sh.say("%s warning: %s idle %s, not counted.", clock(status.Now), p.Name, ago(status.Now, p.LastRow))
				} else {
					st.sh.say("%s %s is back.", clock(status.Now), p.Name)
				}
			}
		}
		st.tellChanges(ended)
	}
	st.finish()
}

func clock(t time.Time) string { return t.Format("15:04:05") }

func ago(now, t time.Time) string {
	if t.IsZero() {
		return "since the start"
	}
	return fmt.Sprintf("%.0f seconds", now.Sub(t).Seconds())
}

// tableWords counts the rows of the table: open ones may still change.
func (st *stream) tableWords() string {
	t := st.live.Table(-1)
	n := t.Rows()
	if n > 0 && t.Final(0) {
		return fmt.Sprintf(" %s final rows since start.", render.Count(st.live.Next()))
	}
	return fmt.Sprintf(" %s rows open.", render.Count(n))
}

func (st *stream) isPaused() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.paused
}

// tellChanges writes the new changes.
func (st *stream) tellChanges(ended bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.paused && !ended {
		st.unseen = st.live.Next() - st.next
		return
	}
	for {
		list := st.live.Changes(st.next, tellRows)
		if len(list) == 0 {
			return
		}
		if list[0].Seq > st.next {
			st.sh.say("%s changes are no longer held.", render.Count(list[0].Seq-st.next))
		}
		var b strings.Builder
		for _, c := range list {
			if c.Op == "-U" { // the new row follows
				continue
			}
			fmt.Fprintf(&b, "%s %s\n", clock(c.At), st.changeWords(c))
		}
		st.sh.print(b.String())
		st.next = list[len(list)-1].Seq + 1
		if rest := st.live.Next() - st.next; !ended && rest > tellRows {
			st.sh.say("%s more changes not told; top and why look at all of them.", render.Count(rest))
			st.next = st.live.Next()
			return
		}
	}
}

// opWords are the changes in words.
var opWords = map[string]string{"+U": "changed", "-D": "removed"}

// changeWords is a change as a line: keys by their value, values by name and value.
func (st *stream) changeWords(c repl.Change) string {
	cols := st.live.Columns()
	parts := []string{st.word}
	if w := opWords[c.Op]; w != "" {
		parts[0] = w
	}
	for i, cell := range c.Cells {
		text := render.Clean(cell.Text, 0)
		if cols[i].Numeric {
			text = cols[i].Name + " " + text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

// finish says how the stream ended.
func (st *stream) finish() {
	status := st.run.Status()
	switch status.State {
	case repl.StateFailed:
		st.sh.report(st.run.Err())
	default:
		st.sh.say("riffle: stream ended after %s, %s changes.", elapsed(status.Elapsed), render.Count(status.Rows))
	}
	st.sh.mu.Lock()
	defer st.sh.mu.Unlock()
	if st.sh.stream == st {
		st.sh.stream = nil
	}
}

// words are the commands of plain mode while a stream runs.
var words = []string{"pause", "resume", "status", "why", "top", "late", "bad", "stop"}

// isWord tells whether a line is a word for the stream beside the prompt.
func (sh *Shell) isWord(line string) bool {
	sh.mu.Lock()
	running := sh.stream != nil || sh.o.Plain && sh.live != nil
	sh.mu.Unlock()
	first, _, _ := strings.Cut(strings.TrimSpace(strings.TrimRight(line, ";")), " ")
	for _, w := range words {
		if running && strings.EqualFold(first, w) {
			return true
		}
	}
	return false
}

// word does what a word says.
func (sh *Shell) word(line string) error {
	args := strings.Fields(strings.TrimRight(line, ";"))
	sh.mu.Lock()
	st, live := sh.stream, sh.live
	sh.mu.Unlock()
	switch name := strings.ToLower(args[0]); {
	case name == "why":
		w := live.Why()
		sh.print(w.Text())
	case name == "top":
		return sh.top(live, args[1:])
	case name == "late":
		sh.side("late rows", live.Late(10))
	case name == "bad":
		sh.side("bad records", live.Bad(10))
	case name == "status":
		sh.status(live)
	case st == nil:
		return fmt.Errorf("no stream runs")
	case name == "pause":
		st.mu.Lock()
		st.paused = true
		st.mu.Unlock()
		sh.say("view paused. query runs.")
	case name == "resume":
		st.mu.Lock()
		unseen := st.live.Next() - st.next
		st.paused, st.next, st.unseen = false, st.live.Next(), 0
		st.mu.Unlock()
		sh.say("view goes on. %s changes unseen.", render.Count(unseen))
	case name == "stop":
		sh.stopStream()
	}
	return nil
}

// top lists the rows with the largest values of a column: "top 5 revenue".
func (sh *Shell) top(live *repl.Live, args []string) error {
	n, col := 5, ""
	for _, a := range args {
		if k, err := strconv.Atoi(a); err == nil && k > 0 {
			n = k
		} else {
			col = a
		}
	}
	t := live.Table(-1)
	at := -1
	for i, c := range t.Columns() {
		if strings.EqualFold(c.Name, col) || col == "" && c.Numeric {
			at = i
		}
	}
	if at < 0 {
		return fmt.Errorf("usage: top N COLUMN; there is no column %q", col)
	}
	rows, err := t.Sorted(at, true).Page(0, n, nil)
	if err != nil {
		return err
	}
	var parts []string
	for i, r := range rows {
		var keys []string
		for c, cell := range r {
			if !t.Columns()[c].Numeric {
				keys = append(keys, render.Clean(cell.Text, 0))
			}
		}
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%d %s %s", i+1, strings.Join(keys, " "), r[at].Text)))
	}
	if len(parts) == 0 {
		parts = []string{"no rows yet"}
	}
	sh.print(strings.Join(parts, ", ") + ".\n")
	return nil
}

// side lists rows of a side output.
func (sh *Shell) side(what string, rows repl.SideRows) {
	if len(rows.Rows) == 0 {
		sh.print("no " + what + ".\n")
		return
	}
	var b strings.Builder
	for _, r := range rows.Rows {
		for i, c := range r {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(rows.Columns[i].Name + " " + render.Clean(c.Text, 60))
		}
		b.WriteString(".\n")
	}
	sh.print(b.String())
}

// status says how the stream is doing, in a sentence.
func (sh *Shell) status(live *repl.Live) {
	st := live.Status()
	wm := "not yet known"
	if !st.Watermark.IsZero() {
		wm = st.Watermark.Format("2006-01-02 15:04:05")
	}
	lag := "not known"
	if st.Lag >= 0 {
		lag = render.Count(st.Lag) + " records"
	}
	sh.print(fmt.Sprintf("%.0f rows a second in, %.0f changes a second out, lag %s, late %s, bad %s, watermark %s, state %s.\n",
		st.InRate, st.OutRate, lag, render.Count(st.Late), render.Count(st.Bad), wm, render.Bytes(st.StateBytes)))
}
