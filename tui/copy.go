package tui

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// mostCopied is how many rows of a selection are copied; more are for E.
const mostCopied = 10_000

// copySelection copies the selected cells as CSV, with the names of their columns.
func (a *app) copySelection(g *widget.Grid) tea.Cmd {
	first, end, cols, _ := g.Selection()
	if end-first > mostCopied {
		a.say(canvas.Warn, render.Count(end-first)+" rows are selected, "+render.Count(mostCopied)+" can be copied; E exports all")
		return nil
	}
	page, err := g.Source().Page(first, int(end-first), cols)
	if err != nil {
		a.say(canvas.Bad, "copy: "+firstLine(err.Error()))
		return nil
	}
	var sb strings.Builder
	w := csv.NewWriter(&sb)
	line := make([]string, len(cols))
	for i, c := range cols {
		line[i] = g.Column(c).Name
	}
	_ = w.Write(line) // a strings.Builder takes everything
	for _, row := range page {
		for i, c := range row {
			line[i] = c.Text
		}
		_ = w.Write(line)
	}
	w.Flush()
	g.Unselect()
	return a.copyText(sb.String(), fmt.Sprintf("%s rows of %d columns as csv", render.Count(int64(len(page))), len(cols)))
}

// selectionNote says in a title what is selected.
func selectionNote(g *widget.Grid) string {
	first, end, cols, ok := g.Selection()
	if !ok {
		return ""
	}
	return fmt.Sprintf("SELECTED %s x %d  ", render.Count(end-first), len(cols))
}

// copyCell copies the value under the cursor, or what is selected.
func (a *app) copyCell(g *widget.Grid) tea.Cmd {
	if _, _, _, ok := g.Selection(); ok {
		return a.copySelection(g)
	}
	v, ok := g.Value()
	if !ok {
		return nil
	}
	_, col, _ := g.Cursor()
	return a.copyText(v.Text, "the cell of "+g.Column(col).Name)
}

// copyMenu asks in which form the row, or the statement behind it, is copied.
func (a *app) copyMenu(g *widget.Grid, statement string) tea.Cmd {
	row, err := g.Record()
	if err != nil || row == nil {
		return nil
	}
	cols := g.Columns()
	form := func(what string, f func([]widget.Column, []widget.Cell) string) func() tea.Cmd {
		return func() tea.Cmd { return a.copyText(f(cols, row), what) }
	}
	choices := []choice{
		{key: "c", text: "row as csv", do: form("the row", csvRow)},
		{key: "j", text: "row as json", do: form("the row", jsonRow)},
		{key: "m", text: "row as md", do: form("the row", markdownRow)},
		{key: "s", text: "row as sql", note: "a condition", do: form("the row", sqlRow)},
	}
	if statement != "" {
		choices = append(choices,
			choice{key: "q", text: "statement", do: func() tea.Cmd { return a.copyText(statement, "the statement") }},
			choice{key: "l", text: "command line", note: "riffle sql", do: func() tea.Cmd {
				return a.copyText(a.commandOf("sql", statement), "the command")
			}})
	}
	return a.choose("Copy", nil, choices...)
}

func csvRow(cols []widget.Column, row []widget.Cell) string {
	names, values := make([]string, len(cols)), make([]string, len(cols))
	for i, c := range cols {
		names[i], values[i] = c.Name, row[i].Text
	}
	var sb strings.Builder
	w := csv.NewWriter(&sb)
	_ = w.Write(names) // a strings.Builder takes everything
	_ = w.Write(values)
	w.Flush()
	return sb.String()
}

// jsonRow writes an object; nested values stay JSON.
func jsonRow(cols []widget.Column, row []widget.Cell) string {
	var sb strings.Builder
	sb.WriteByte('{')
	for i, c := range cols {
		if i > 0 {
			sb.WriteByte(',')
		}
		sb.WriteString(jsonText(c.Name) + ":")
		v := row[i]
		switch {
		case v.Null:
			sb.WriteString("null")
		case (c.Numeric || strings.EqualFold(c.Type, "boolean") || strings.HasPrefix(v.Text, "{") || strings.HasPrefix(v.Text, "[")) && json.Valid([]byte(v.Text)):
			sb.WriteString(v.Text)
		default:
			sb.WriteString(jsonText(v.Text))
		}
	}
	return sb.String() + "}"
}

func jsonText(s string) string {
	b, err := json.Marshal(s)
	if err != nil { // a string always can be
		return `""`
	}
	return string(b)
}

func markdownRow(cols []widget.Column, row []widget.Cell) string {
	clean := strings.NewReplacer("|", `\|`, "\n", " ")
	head, rule, body := "|", "|", "|"
	for i, c := range cols {
		head += " " + clean.Replace(c.Name) + " |"
		if c.Numeric {
			rule += "---:|"
		} else {
			rule += "---|"
		}
		body += " " + clean.Replace(row[i].Text) + " |"
	}
	return head + "\n" + rule + "\n" + body + "\n"
}

// sqlRow writes a condition that the row meets.
func sqlRow(cols []widget.Column, row []widget.Cell) string {
	var parts []string
	for i, c := range cols {
		if row[i].Null {
			parts = append(parts, ident(c.Name)+" IS NULL")
		} else {
			parts = append(parts, ident(c.Name)+" = "+literal(row[i], c))
		}
	}
	return strings.Join(parts, " AND ")
}

// export asks for a file and writes the result there.
func (e *explore) export() tea.Cmd {
	if !e.shown.res.Complete() {
		e.a.say(canvas.Warn, "the result is not whole yet: wait, or ctrl-c to keep what is there")
		return nil
	}
	return e.a.ask(prompt{kind: "export", help: "write (.parquet .csv .json .md by the name)", enter: func(path string) tea.Cmd {
		if path = strings.TrimSpace(path); path == "" {
			return nil
		}
		if strings.HasSuffix(path, ".md") {
			return e.exportMarkdown(path)
		}
		text := "COPY (SELECT " + e.shownColumns() + " FROM " + e.shown.res.Name() + ") TO '" + strings.ReplaceAll(path, "'", "''") + "'"
		return e.runText(origin{text: text, derive: "export of " + e.shown.res.Name()})
	}}, "export to ", e.shown.res.Name()+".csv")
}

// shownColumns names the columns of the grid as they stand there: hidden ones are left out.
func (e *explore) shownColumns() string {
	order, all := e.grid.GetView().Order, e.grid.Columns()
	as := make([]string, len(order))
	moved := len(order) != len(all)
	for i, c := range order {
		as[i] = ident(all[c].Name)
		moved = moved || c != i
	}
	if !moved {
		return "*"
	}
	return strings.Join(as, ", ")
}

// exportMarkdown writes all rows of the result as a table of Markdown, with the columns that are shown.
func (e *explore) exportMarkdown(path string) tea.Cmd {
	res, cols := e.shown.res, slices.Clone(e.grid.GetView().Order)
	if e.a.ses.ReadOnly {
		e.a.say(canvas.Warn, "READ-ONLY: nothing is changed here")
		return nil
	}
	return e.a.background(func(context.Context) func() tea.Cmd {
		err := res.WriteMarkdown(path, cols)
		return func() tea.Cmd {
			if err != nil {
				e.a.say(canvas.Bad, "export: "+err.Error())
				return nil
			}
			e.a.say(canvas.Good, render.Count(res.Rows())+" rows written to "+path)
			return nil
		}
	})
}
