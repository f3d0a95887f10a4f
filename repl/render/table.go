package render

import (
	"bufio"
	"fmt"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// maxCell is the widest a cell of a table gets; the rest is cut with an ellipsis.
const maxCell = 60

// table shows a result that ends: columns are as wide as their widest shown cell.
type table struct {
	out  *bufio.Writer
	o    Options
	md   bool
	rows [][]string // shown rows
	all  int64
	done bool
}

func (t *table) Write(b *vec.Batch) error {
	t.all += int64(b.Live())
	for k, n := 0, b.Live(); k < n; k++ {
		if t.o.Rows > 0 && len(t.rows) >= t.o.Rows {
			return nil
		}
		t.rows = append(t.rows, cells(t.o, b, b.Row(k)))
	}
	return nil
}

func cells(o Options, b *vec.Batch, i int) []string {
	var row []string
	if o.Ops {
		row = append(row, vec.OpNames[b.Op(i)])
	}
	for _, v := range b.Cols {
		s := "NULL"
		if !v.IsNull(i) {
			s = Clean(Text(v, i), maxCell)
		}
		row = append(row, s)
	}
	return row
}

// Text is a value that is not null as text, whole.
func Text(v *vec.Vec, row int) string { return string(v.AppendText(nil, row)) }

// Clean makes a value safe for one cell of a terminal: control characters become visible, and what
// is wider than width columns is cut and ends in an ellipsis. Width 0 is no limit.
func Clean(s string, width int) string {
	if strings.IndexFunc(s, unicode.IsControl) >= 0 {
		s = strings.Map(func(r rune) rune {
			switch {
			case r == '\n' || r == '\t' || r == '\r':
				return ' '
			case unicode.IsControl(r):
				return '\uFFFD'
			}
			return r
		}, s)
	}
	if width > 0 && len(s) > width && runewidth.StringWidth(s) > width {
		s = runewidth.Truncate(s, width, "…")
	}
	return s
}

func (t *table) Flush() error { return nil }

// Close draws the table and a footer that says how many rows of how many are shown.
func (t *table) Close() error {
	if t.done {
		return nil
	}
	t.done = true
	if t.md {
		return t.markdown()
	}
	h := t.o.header()
	w := widths(h, t.rows)
	right := t.right()
	ch := boxes[t.o.ASCII]
	t.rule(ch[0], ch[1], ch[2], ch[9], w)
	t.line(ch[10], h, w, nil)
	t.rule(ch[3], ch[4], ch[5], ch[9], w)
	for _, r := range t.rows {
		t.line(ch[10], r, w, right)
	}
	t.rule(ch[6], ch[7], ch[8], ch[9], w)
	if shown := int64(len(t.rows)); shown < t.all {
		fmt.Fprintf(t.out, "%d of %d rows shown; all of them: --rows 0, or -o csv\n", shown, t.all)
	} else if t.all == 1 {
		t.out.WriteString("1 row\n")
	} else {
		fmt.Fprintf(t.out, "%d rows\n", t.all)
	}
	return t.out.Flush()
}

var boxes = map[bool][11]string{
	false: {"┌", "┬", "┐", "├", "┼", "┤", "└", "┴", "┘", "─", "│"},
	true:  {"+", "+", "+", "+", "+", "+", "+", "+", "+", "-", "|"},
}

// right lists the columns that are aligned to the right: numbers.
func (t *table) right() []bool { return rightOf(t.o) }

func rightOf(o Options) []bool {
	var out []bool
	if o.Ops {
		out = append(out, false)
	}
	for _, ty := range o.Types {
		out = append(out, ty.IsNumeric())
	}
	return out
}

func widths(h []string, rows [][]string) []int {
	w := make([]int, len(h))
	for c, s := range h {
		w[c] = runewidth.StringWidth(s)
	}
	for _, r := range rows {
		for c, s := range r {
			w[c] = max(w[c], runewidth.StringWidth(s))
		}
	}
	return w
}

func (t *table) rule(l, m, r, h string, w []int) {
	t.out.WriteString(l)
	for c, n := range w {
		if c > 0 {
			t.out.WriteString(m)
		}
		t.out.WriteString(strings.Repeat(h, n+2))
	}
	t.out.WriteString(r + "\n")
}

func (t *table) line(bar string, r []string, w []int, right []bool) {
	for c, s := range r {
		t.out.WriteString(bar + " " + pad(s, w[c], right != nil && right[c]) + " ")
	}
	t.out.WriteString(bar + "\n")
}

func pad(s string, w int, right bool) string {
	gap := strings.Repeat(" ", max(0, w-runewidth.StringWidth(s)))
	if right {
		return gap + s
	}
	return s + gap
}

func (t *table) markdown() error {
	esc := func(r []string) []string {
		out := make([]string, len(r))
		for i, s := range r {
			out[i] = strings.ReplaceAll(s, "|", "\\|")
		}
		return out
	}
	right := t.right()
	fmt.Fprintf(t.out, "| %s |\n|", strings.Join(esc(t.o.header()), " | "))
	for c := range t.o.header() {
		if right[c] {
			t.out.WriteString(" ---: |")
		} else {
			t.out.WriteString(" --- |")
		}
	}
	t.out.WriteByte('\n')
	for _, r := range t.rows {
		fmt.Fprintf(t.out, "| %s |\n", strings.Join(esc(r), " | "))
	}
	return t.out.Flush()
}

// streamTable shows a result that may not end: rows come out as they arrive, under a header whose
// widths follow the first rows.
type streamTable struct {
	out   *bufio.Writer
	o     Options
	w     []int
	right []bool
}

func (t *streamTable) Write(b *vec.Batch) error {
	var rows [][]string
	for k, n := 0, b.Live(); k < n; k++ {
		rows = append(rows, cells(t.o, b, b.Row(k)))
	}
	if t.w == nil {
		t.w, t.right = widths(t.o.header(), rows), rightOf(t.o)
		for c, ty := range t.o.Types { // room for what comes later
			at := c + len(t.w) - len(t.o.Types)
			switch {
			case ty.IsNumeric():
				t.w[at] = max(t.w[at], 8)
			case ty.IsTemporal():
				t.w[at] = max(t.w[at], 19)
			}
		}
		if err := t.line(t.o.header()); err != nil {
			return err
		}
	}
	for _, r := range rows {
		if err := t.line(r); err != nil {
			return err
		}
	}
	return nil
}

func (t *streamTable) line(r []string) error {
	for c, s := range r {
		if c > 0 {
			t.out.WriteString("  ")
		}
		t.out.WriteString(pad(s, t.w[c], t.right[c]))
	}
	return t.out.WriteByte('\n')
}

func (t *streamTable) Flush() error { return t.out.Flush() }
func (t *streamTable) Close() error { return t.out.Flush() }

// vertical shows each row as a block of lines.
type vertical struct {
	out *bufio.Writer
	o   Options
	n   int64
}

func (v *vertical) Write(b *vec.Batch) error {
	h := v.o.header()
	w := widths(h, nil)
	wide := 0
	for _, x := range w {
		wide = max(wide, x)
	}
	for k, n := 0, b.Live(); k < n; k++ {
		v.n++
		fmt.Fprintf(v.out, "-- row %d\n", v.n)
		for c, s := range cells(v.o, b, b.Row(k)) {
			if _, err := fmt.Fprintf(v.out, "%s  %s\n", pad(h[c], wide, false), s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *vertical) Flush() error { return v.out.Flush() }
func (v *vertical) Close() error { return v.out.Flush() }
