package promote

import (
	"errors"
	"fmt"
	"strings"

	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/sql/syntax"
)

// ErrNoQuery means that a job's text has no query that could run by itself.
var ErrNoQuery = errors.New("the job has no query")

// Demote makes a bounded query of a job: the one that it was promoted from when the job still has
// that text, else the job's own query without its INSERT, its topics read from their start to now.
// The text runs by itself in the directory of the job.
func Demote(s jobs.Spec) (string, error) {
	head := fmt.Sprintf("-- The query of job %s, over what its topics hold now. Run it: riffle sql -f FILE\n", s.Name)
	if s.Explored != nil && s.Explored.Job == s.SQL {
		return head + s.Explored.SQL, nil
	}
	script, err := syntax.Parse(s.SQL)
	if err != nil {
		return "", fmt.Errorf("text of job %s: %w", s.Name, err)
	}
	var insert *syntax.Insert
	for _, stmt := range script.Stmts {
		if i, ok := stmt.(*syntax.Insert); ok {
			insert = i
		}
	}
	if insert == nil {
		return "", fmt.Errorf("%w: %s", ErrNoQuery, s.Name)
	}
	into := ""
	if t, ok := insert.Target.(*syntax.TableName); ok {
		into = syntax.FormatName(t.Name)
	}
	var b strings.Builder
	b.WriteString(head)
	for _, stmt := range script.Stmts {
		if t, ok := stmt.(*syntax.CreateTable); ok && syntax.FormatName(t.Name) == into || stmt == syntax.Stmt(insert) {
			continue
		}
		b.WriteString(ended(s.SQL, stmt))
	}
	var edits []edit
	syntax.Walk(insert.Query, func(n syntax.Node) bool {
		if t, ok := n.(*syntax.FileTable); ok && isTopic(t.Path) && open(t.Range) {
			_, end := refText(s.SQL, t)
			edits = append(edits, edit{t.Pos(), end, syntax.FormatString(t.Path + until(t.Range))})
		}
		return true
	})
	from := insert.Query.Pos()
	for i := range edits {
		edits[i].from, edits[i].to = edits[i].from-from, edits[i].to-from
	}
	b.WriteString(strings.TrimRight(apply(s.SQL[from:insert.Query.End()], edits), "; \n") + ";\n")
	return b.String(), nil
}

// ended is the text of a declaration, with the topic of a table read to where it ends now.
func ended(text string, stmt syntax.Stmt) string {
	part := strings.TrimRight(text[stmt.Pos():stmt.End()], "; \n") + ";\n"
	t, ok := stmt.(*syntax.CreateTable)
	if !ok || len(t.With) == 0 {
		return part
	}
	var edits []edit
	kafka, bounded := false, false
	for _, o := range t.With {
		switch {
		case o.Key == "connector":
			kafka = o.Value == "kafka"
		case o.Key == "scan.bounded.mode":
			bounded = o.Value != "unbounded"
			if !bounded {
				edits = append(edits, edit{o.Pos() - t.Pos(), o.End() - t.Pos(), "'scan.bounded.mode'='latest-offset'"})
				bounded = true
			}
		case o.Key == "scan.startup.mode" && o.Value == "latest-offset":
			edits = append(edits, edit{o.Pos() - t.Pos(), o.End() - t.Pos(), "'scan.startup.mode'='earliest-offset'"})
		}
	}
	if !kafka {
		return part
	}
	if !bounded {
		at := t.With[len(t.With)-1].End() - t.Pos()
		edits = append(edits, edit{at, at, ", 'scan.bounded.mode'='latest-offset'"})
	}
	return apply(part, edits)
}

func isTopic(path string) bool { return strings.HasPrefix(path, "kafka://") }

// open tells whether a range of a topic has no end.
func open(r *syntax.Range) bool { return r == nil || r.To == nil }

// until is a range as a URL has it, with an end.
func until(r *syntax.Range) string {
	from, to := "start", "now"
	if r != nil {
		from = r.From.Text
		if r.To != nil {
			to = r.To.Text
		}
	}
	return "@" + from + ".." + to
}

// explored is the query as a text that runs by itself and ends: tables of the session become the
// files and topics that they stand for.
func (w *work) explored() string {
	var b strings.Builder
	own := map[string]bool{}
	if script, err := syntax.Parse(w.d.before); err == nil && w.d.before != "" {
		for _, stmt := range script.Stmts {
			if t, ok := stmt.(*syntax.CreateTable); ok {
				own[syntax.FormatName(t.Name)] = true
			}
			b.WriteString(ended(w.d.before, stmt))
		}
	}
	var edits []edit
	for _, f := range w.feeds {
		text, end := refText(w.d.text, f.ref)
		if url, ok := f.standalone(own); ok {
			if n, named := f.ref.(*syntax.TableName); named && aliasOf(f.ref) == nil {
				before := strings.TrimRight(w.d.text[:f.ref.Pos()], " \t\n")
				if !strings.HasSuffix(strings.ToLower(before), "table") { // TUMBLE(TABLE t, …) has no room for one
					url += " AS " + name(n.Name[len(n.Name)-1].Name)
				}
			}
			if url != text {
				edits = append(edits, edit{f.ref.Pos(), end, url})
			}
		}
	}
	b.WriteString(strings.TrimRight(apply(w.d.text, edits), "; \n") + ";\n")
	return b.String()
}

// standalone is a feed's source as a path or URL that ends; not ok for one that stays as it was
// written: a file, or a table that the text declares itself.
func (f *feed) standalone(own map[string]bool) (string, bool) {
	var rng *syntax.Range
	switch r := f.ref.(type) {
	case *syntax.TableName:
		if own[syntax.FormatName(r.Name)] {
			return "", false
		}
		rng = r.Range
	case *syntax.FileTable:
		if f.source.Path != "" {
			return "", false // as it was written
		}
		rng = r.Range
	}
	if f.source.Path != "" {
		return syntax.FormatString(f.source.Path), true
	}
	return syntax.FormatString("kafka://" + f.source.Brokers + "/" + f.source.Topic + until(rng)), true
}
