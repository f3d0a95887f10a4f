package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/keymap"
	"github.com/riffle-io/riffle/tui/widget"
)

// edit puts the statements of a job into a buffer; :replace gives them back to the job.
func (j *jobs) edit() tea.Cmd {
	if j.detail == nil {
		return nil
	}
	e := j.a.explore
	for b, spec := range e.jobOf {
		if spec.Name == j.sel {
			e.editor.Open(b)
			return e.toEditor()
		}
	}
	b := widget.NewBuffer(j.sel+".sql", "", j.detail.SQL)
	e.jobOf[b] = j.detail.Spec
	e.editor.Open(b)
	j.a.say(canvas.Text, ":replace gives the changed statements to the job "+j.sel+", after showing what state it keeps")
	return e.toEditor()
}

func (e *explore) toEditor() tea.Cmd {
	e.ps.to("explore/editor")
	return e.a.show("explore")
}

func (e *explore) addReplaceKeys() {
	e.a.keys.Add(&keymap.Command{Scope: "explore", Group: groupEdit, Title: "replace the job by this buffer", Word: "replace",
		When: func() bool { _, ok := e.jobOf[e.editor.Buffer()]; return ok }, Run: do(e.a.writing(e.replace))})
}

// replace shows, operator by operator, what state the changed job keeps, and then replaces it.
func (e *explore) replace() tea.Cmd {
	b := e.editor.Buffer()
	spec := e.jobOf[b]
	spec.SQL, spec.Adapt, spec.From = b.Text(), true, ""
	client := e.a.jobs.client
	e.a.say(canvas.Dim, "looking at the state of "+spec.Name+" ...")
	return e.a.background(func(ctx context.Context) func() tea.Cmd {
		fits, err := client.Fit(ctx, spec.Name, spec)
		return func() tea.Cmd {
			if err != nil {
				e.a.say(canvas.Bad, firstLine(err.Error()))
				return nil
			}
			return e.confirmReplace(spec, fits)
		}
	})
}

// fitWords says what becomes of an operator's state.
var fitWords = map[string]string{"keep": "kept", "rebuild": "rebuilt", "new": "begins empty", "drop": "DROPPED"}

// fitLines say, operator by operator, what becomes of a job's state.
func fitLines(fits []repl.JobFit) []widget.Line {
	if len(fits) == 0 {
		return widget.Paragraph("the job has no state yet")
	}
	var lines []widget.Line
	for _, f := range fits {
		st := canvas.Good
		if f.Fit == "drop" {
			st = canvas.Bad
		} else if f.Fit == "new" {
			st = canvas.Warn
		}
		lines = append(lines, widget.Line{{Text: fmt.Sprintf("%-13s", fitWords[f.Fit]), S: st},
			{Text: fmt.Sprintf("%s  %s rows, %s", f.Name, render.Count(f.Rows), render.Bytes(f.Bytes))}})
	}
	return lines
}

func (e *explore) confirmReplace(spec repl.JobSpec, fits []repl.JobFit) tea.Cmd {
	return e.a.choose("Replace "+spec.Name, fitLines(fits), choice{key: "n", text: "no"}, choice{key: "y", text: "replace", do: e.a.typedName(spec.Name, func() tea.Cmd {
		j := e.a.jobs
		j.sel = spec.Name
		return tea.Batch(e.a.show("jobs"), j.act("riffle promote "+quote(spec.Name+".sql")+" --name "+quote(spec.Name)+" --replace", "replace",
			func(ctx context.Context, name string) (string, error) {
				return name + " runs the changed statements", j.client.Replace(ctx, spec)
			}))
	})})
}
