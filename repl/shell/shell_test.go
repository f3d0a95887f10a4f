package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// screen is what a shell wrote, words and data.
type screen struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// typist is an Input whose steps are functions: each returns the next line.
type typist struct {
	t     *testing.T
	steps []func() (string, error)
	kept  []string
}

func (ty *typist) Line(string) (string, error) {
	if len(ty.steps) == 0 {
		return "", io.EOF
	}
	next := ty.steps[0]
	ty.steps = ty.steps[1:]
	return next()
}

func (ty *typist) Remember(text string) { ty.kept = append(ty.kept, text) }

// rig is a shell with a typist.
type rig struct {
	t   *testing.T
	out screen
	sh  *Shell
	in  *typist
	s   *repl.Session
}

func newRig(t *testing.T, o Options) *rig {
	r := &rig{t: t, in: &typist{t: t}}
	o.Out, o.Err = &r.out, &r.out
	o.Writer = func(ro render.Options) (render.Writer, error) {
		if ro.Format == "" {
			ro.Format = "csv"
		}
		return render.New(&r.out, ro)
	}
	r.s = repl.NewSession(repl.Output{})
	r.s.SpillDir = t.TempDir()
	r.sh = New(r.s, r.in, o)
	return r
}

// types adds lines.
func (r *rig) types(lines ...string) *rig {
	for _, l := range lines {
		r.in.steps = append(r.in.steps, func() (string, error) { return l, nil })
	}
	return r
}

// sees waits until the screen has a text, before the next line.
func (r *rig) sees(want string) *rig {
	r.in.steps = append(r.in.steps, func() (string, error) {
		for end := time.Now().Add(time.Minute); !strings.Contains(r.out.text(), want); time.Sleep(2 * time.Millisecond) {
			if time.Now().After(end) {
				r.t.Errorf("%q is not seen:\n%s", want, r.out.text())
				return "", io.EOF
			}
		}
		return "", nil
	})
	return r
}

// does runs a function before the next line.
func (r *rig) does(fn func()) *rig {
	r.in.steps = append(r.in.steps, func() (string, error) { fn(); return "", nil })
	return r
}

func (r *rig) run() string {
	r.t.Helper()
	if err := r.sh.Run(r.t.Context()); err != nil {
		r.out.Write([]byte("error: " + err.Error()))
	}
	return r.out.text()
}

func (r *rig) want(parts ...string) {
	r.t.Helper()
	got, at := r.out.text(), 0
	for _, p := range parts {
		i := strings.Index(got[at:], p)
		if i < 0 {
			r.t.Fatalf("no %q behind byte %d of\n%s", p, at, got)
		}
		at += i + len(p)
	}
}

func TestInterruptDropsLines(t *testing.T) {
	r := newRig(t, Options{Interactive: true})
	r.types("SELECT 1,")
	r.in.steps = append(r.in.steps, func() (string, error) { return "", ErrInterrupted })
	r.types("SELECT 7", "  AS seven;")
	r.run()
	r.want("seven\n7\n", "_1  1 row")
	if len(r.in.kept) != 1 || r.in.kept[0] != "SELECT 7\n  AS seven;" {
		t.Errorf("kept %q", r.in.kept)
	}
}

// TestInterruptCancels cancels a query that would run for hours; the shell goes on.
func TestInterruptCancels(t *testing.T) {
	r := newRig(t, Options{Interactive: true})
	stop := make(chan struct{})
	r.does(func() {
		go func() {
			for { // as soon as something runs
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
					r.sh.Interrupt()
				}
			}
		}()
	})
	r.types("SELECT count(*) FROM gen.tpch_lineitem(sf => 1000) a, gen.tpch_lineitem(sf => 1000) b WHERE a.l_comment = b.l_comment;")
	r.does(func() { close(stop); time.Sleep(5 * time.Millisecond); r.sh.takeDropped() })
	r.types("SELECT 'alive' AS x;")
	r.run()
	r.want("cancelled after", "alive")
}

func TestScriptErrors(t *testing.T) {
	r := newRig(t, Options{})
	r.types("SELECT nope;", "SELECT 1 AS one;", ".tabels")
	r.run()
	r.want(`"nope" does not exist`, "one\n1\n", "did you mean .tables?", "error: ")
}

func TestPromote(t *testing.T) {
	var got []string
	r := newRig(t, Options{Interactive: true, Promote: func(_ context.Context, args []string) error {
		got = args
		return errors.New("refused")
	}})
	r.types(".promote _ --name hourly")
	r.run()
	r.want("riffle: refused")
	if strings.Join(got, " ") != "_ --name hourly" {
		t.Errorf("%q", got)
	}
}

func TestCompleteMeta(t *testing.T) {
	r := newRig(t, Options{})
	for line, want := range map[string]string{".pl": "|.plot", ".plot h": ".plot |hist", "\\ti": "|\\timer \\timing", ".mode nd": ".mode |ndjson", "SELEC": "|SELECT", "selec": "|select", "SELECT r_n": "SELECT |", "SELECT 1 FROM gen.tpch_reg": "SELECT 1 FROM gen.|tpch_region"} {
		head, list, tail := r.sh.Complete(t.Context(), line, len(line))
		if got := head + "|" + strings.Join(list, " ") + tail; got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	r.sh.text = "SELECT r_na\n" // the statement began on a line before
	if head, list, _ := r.sh.Complete(t.Context(), "FROM gen.tpch_region() WHERE r_n", 32); head != "FROM gen.tpch_region() WHERE " || len(list) == 0 || list[0] != "r_name" {
		t.Errorf("%q %q", head, list)
	}
}

// TestPlainStream talks to a stream beside the prompt.
func TestPlainStream(t *testing.T) {
	broker, err := kafka.StartBroker(kafka.BrokerOptions{Listen: "127.0.0.1:0", Partitions: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	r := newRig(t, Options{Plain: true})
	insert := func(rows string) {
		if err := r.s.Start(t.Context(), "INSERT INTO ev VALUES "+rows).Wait(); err != nil {
			t.Error(err)
		}
	}
	r.types(fmt.Sprintf("CREATE TABLE ev (country VARCHAR, amount BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts) WITH ('connector' = 'kafka', 'topic' = 'ev', 'properties.bootstrap.servers' = '%s', 'format' = 'json');", broker.Addr()))
	r.does(func() {
		insert("('DE', 5, TIMESTAMP '2024-01-01 10:00:01'), ('US', 7, TIMESTAMP '2024-01-01 10:00:02'), ('DE', 1, TIMESTAMP '2024-01-01 10:00:03')")
	})
	r.types("SELECT country, sum(amount) AS revenue FROM ev GROUP BY country;")
	r.sees("new DE revenue").sees("new US revenue 7")
	r.types("top 1 revenue", "pause").sees("view paused. query runs.")
	r.does(func() { insert("('FR', 100, TIMESTAMP '2024-01-01 10:00:04')") })
	r.does(func() {
		for end := time.Now().Add(time.Minute); r.sh.current().Next() < 3 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		}
	})
	r.types("top 1 revenue", "why", "resume", "late", "bad", "status", "stop").sees("stream ended")
	r.types("pause", "top nothing")
	r.run()
	r.want("riffle: stream started. 1 columns keys, 1 values. watermark not yet known.", "1 US 7.", "view paused", "1 FR 100.", "cause   Output is regular", "view goes on. ", "changes unseen", "no late rows.", "no bad records.", "rows a second in", "riffle: stream ended after", "no stream runs", `no column "nothing"`)
	if strings.Contains(r.out.text(), "new FR") {
		t.Errorf("told while it was paused:\n%s", r.out.text())
	}
}

// TestPlainWindows ends by itself, and the script waits for it.
func TestPlainWindows(t *testing.T) {
	r := newRig(t, Options{Plain: true})
	r.types("SELECT window_start, count(*) AS bids FROM gen.nexmark_bid(events => 20000, stream => true) GROUP BY TUMBLE(date_time, '1 second');")
	r.run()
	r.want("stream started", "final ", " bids ", "stream ended after")
}

// ctrl-t gives the screens what was typed, and the lines go on when they come back.
func TestScreensAndBack(t *testing.T) {
	r := newRig(t, Options{Interactive: true})
	var got []string
	leave := false
	r.sh.o.Screens = func(_ context.Context, text string) (bool, error) {
		got = append(got, text)
		return leave, nil
	}
	turn := func(line string) func() (string, error) {
		return func() (string, error) { return line, ErrScreens }
	}
	says := func(line string) func() (string, error) { return func() (string, error) { return line, nil } }
	last := func() (string, error) { leave = true; return ".tui", nil }
	r.in.steps = []func() (string, error){says("select 1"), turn("as one"), says("select 2 as two;"), last, says("select 3 as three;")}
	if err := r.sh.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if strings.Join(got, "|") != "select 1\nas one|" {
		t.Errorf("the screens got %q", got)
	}
	if text := r.out.text(); !strings.Contains(text, "two") || strings.Contains(text, "three") {
		t.Errorf("the lines did not go on, or went on too long:\n%s", text)
	}
	r.sh.o.Screens = nil
	if err := r.sh.screens(t.Context(), ""); err == nil {
		t.Error("screens without a terminal")
	}
}
