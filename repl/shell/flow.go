package shell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// again runs the last statement once more.
func (sh *Shell) again(ctx context.Context, _ []string) error {
	if sh.last == "" {
		return errors.New("there is no statement to run again")
	}
	return sh.execute(ctx, sh.last)
}

// watch runs the last statement every so often.
func (sh *Shell) watch(ctx context.Context, args []string) error {
	if err := takes("watch", args, 0, 2); err != nil {
		return err
	}
	every, times := 2.0, 0
	var err error
	if len(args) > 0 {
		if every, err = strconv.ParseFloat(args[0], 64); err != nil || every < 0.1 || every > 86400 {
			return fmt.Errorf(".watch: seconds from 0.1 on, not %q", args[0])
		}
	}
	if len(args) > 1 {
		if times, err = strconv.Atoi(args[1]); err != nil || times < 1 {
			return fmt.Errorf(".watch: a number of times from 1 on, not %q", args[1])
		}
	}
	if sh.last == "" {
		return errors.New("there is no statement to watch")
	}
	for n := 1; ; n++ {
		run := sh.s.StartTo(ctx, sh.last, repl.Output{Notice: sh.say, Result: sh.writer})
		if err := run.Wait(); err != nil {
			return err
		}
		if n == times {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Duration(every * float64(time.Second))):
		}
	}
}

// edit has the last statement changed in the user's editor, and runs it.
func (sh *Shell) edit(ctx context.Context, _ []string) error {
	if sh.o.Editor == nil {
		return errors.New("there is no terminal for an editor")
	}
	dir, err := os.MkdirTemp("", "riffle-edit")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "statement.sql")
	if err := os.WriteFile(file, []byte(sh.last+"\n"), 0o600); err != nil {
		return err
	}
	if err := sh.o.Editor(ctx, file); err != nil {
		return fmt.Errorf("editor: %w", err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text := strings.TrimSpace(string(data))
	if text == "" || text == strings.TrimSpace(sh.last) {
		sh.say("nothing changed")
		return nil
	}
	sh.in.Remember(text)
	sh.last = text
	return sh.execute(ctx, text)
}

// historyShown is how many entries .history lists.
const historyShown = 30

func (sh *Shell) history(_ context.Context, args []string) error {
	if sh.o.History == nil {
		return errors.New("there is no history here")
	}
	found := sh.o.History.Search(strings.Join(args, " "))
	found = found[:min(len(found), historyShown)]
	for i := len(found) - 1; i >= 0; i-- { // the newest next to the prompt
		e := found[i]
		what := fmt.Sprintf("%s rows, %s", render.Count(e.Rows), elapsed(e.Took))
		if e.Error != "" {
			what = "failed: " + e.Error
		}
		sh.print(fmt.Sprintf("%s  %s\n    -- %s\n", e.At.Local().Format("2006-01-02 15:04"), strings.ReplaceAll(e.Text, "\n", "\n    "), what))
	}
	return nil
}

// why explains the stream that runs beside the prompt, else the one that ran last.
func (sh *Shell) why(context.Context, []string) error {
	live := sh.current()
	if live == nil {
		return errors.New("no stream has run yet; .why explains why one has no output")
	}
	w := live.Why()
	sh.print(w.Text())
	return nil
}

// current is the stream that runs beside the prompt, else the last one.
func (sh *Shell) current() *repl.Live {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.stream != nil {
		return sh.stream.live
	}
	return sh.live
}

// jobs lists the jobs of the job server.
func (sh *Shell) jobs(ctx context.Context, args []string) error {
	if err := takes("jobs", args, 0, 0); err != nil {
		return err
	}
	c, err := sh.s.Server.Connect()
	if err != nil {
		return err
	}
	defer c.Close()
	list, err := c.List(ctx)
	if errors.Is(err, repl.ErrNoServer) {
		sh.say("no job server runs, so there are no jobs; the first promote starts one")
		return nil
	}
	if err != nil {
		return err
	}
	var rows [][]string
	for _, j := range list {
		wm := ""
		if j.Watermark != nil {
			wm = *j.Watermark
		}
		rows = append(rows, []string{j.Name, j.State, render.Short(j.InRate), render.Short(j.OutRate), fmt.Sprintf("%.0f %%", 100*j.Busy), wm, render.Bytes(j.StateBytes), strconv.Itoa(j.Restarts)})
	}
	return sh.rows([]string{"name", "state", "in/s", "out/s", "busy", "watermark", "state bytes", "restarts"}, rows)
}
