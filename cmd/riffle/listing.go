package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// table writes rows in columns.
func (a *app) table(head string, rows [][]string) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.ReplaceAll(head, " ", "\t"))
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	return w.Flush()
}

// object is a JSON object of a listing; its version is added.
type object map[string]any

// listing prints things of a kind: with --json an object a line, as they come, else a table at the
// end.
type listing struct {
	a    *app
	head string
	rows [][]string
}

// add lists one thing: its object, and the cells of its row.
func (l *listing) add(o object, cells ...any) error {
	if l.a.json {
		o["v"] = 1
		return l.a.printJSON(o)
	}
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = fmt.Sprint(c)
	}
	l.rows = append(l.rows, row)
	return nil
}

// end writes the table.
func (l *listing) end() error {
	if l.a.json {
		return nil
	}
	return l.a.table(l.head, l.rows)
}
