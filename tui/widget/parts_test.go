package widget

import (
	"math"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/tui/canvas"
)

func TestTreeLoadsWhatIsOpened(t *testing.T) {
	var tr Tree
	tr.SetRoots([]*Node{{ID: "files", Label: "data/"}, {ID: "jobs", Label: "jobs", Leaf: true}})
	if !tr.Open(tr.Selected()) {
		t.Fatal("the children are not asked for")
	}
	if out := draw(&tr, 20, 4); !strings.HasPrefix(out, "~ data/\n  jobs\n") {
		t.Errorf("while loading:\n%s", out)
	}
	tr.SetChildren("files", []*Node{{ID: "f1", Label: "orders", Detail: "12 M"}, {ID: "f2", Label: "clicks"}})
	keys(&tr, "j")
	if tr.Open(tr.Selected()) {
		tr.SetChildren("f1", []*Node{{ID: "f1.ts", Label: "ts", Detail: "timestamp", Leaf: true}})
	}
	want := "v data/\n  v orders       12 M\n      ts    timestamp\n  > clicks\n  jobs\n"
	if out := draw(&tr, 21, 5); out != want {
		t.Errorf("opened:\n%s", out)
	}
	tr.SetFilter("TS")
	if out := draw(&tr, 21, 5); strings.Contains(out, "clicks") || !strings.Contains(out, "ts") {
		t.Errorf("filtered:\n%s", out)
	}
	tr.SetFilter("")
	tr.SetRoots([]*Node{{ID: "files", Label: "data/"}, {ID: "jobs", Label: "jobs"}})
	if out := draw(&tr, 21, 5); !strings.Contains(out, "orders") {
		t.Errorf("open nodes stay open when the roots come again:\n%s", out)
	}
	keys(&tr, "G", "g g", "h")
	if out := draw(&tr, 21, 5); !strings.HasPrefix(out, "> data/") {
		t.Errorf("closed:\n%s", out)
	}
}

func TestInput(t *testing.T) {
	in := NewInput(":", "", []string{"jobs", "topic orders"})
	for _, r := range "quit" {
		in.Key(string(r), string(r))
	}
	in.Key("up", "")
	in.Key("up", "")
	if in.Value() != "jobs" {
		t.Errorf("recalled %q", in.Value())
	}
	in.Key("down", "")
	in.Key("down", "")
	if in.Value() != "quit" {
		t.Errorf("back to %q", in.Value())
	}
	in.Key("ctrl+a", "")
	in.Key("ctrl+k", "")
	in.Paste("a\nb")
	if in.Value() != "a b" {
		t.Errorf("pasted %q", in.Value())
	}
	c := canvas.New(6, 1)
	in.SetValue("0123456789")
	in.Draw(c.All(), canvas.NewTheme(false, true))
	if got := plain(c); got != ":6789\n" {
		t.Errorf("the end is in sight: %q", got)
	}
}

func TestFuzzy(t *testing.T) {
	texts := []string{"Copy the cell", "Cancel the query", "Column profile", "Export the result"}
	for pattern, want := range map[string]string{"can": "Cancel the query", "cp": "Column profile", "xp": "Export the result", "CELL": "Copy the cell", "": "Copy the cell"} {
		got := Rank(pattern, len(texts), func(i int) string { return texts[i] })
		if len(got) == 0 || texts[got[0]] != want {
			t.Errorf("%q finds %v, want %s first", pattern, got, want)
		}
	}
	if got := Rank("zz", len(texts), func(i int) string { return texts[i] }); len(got) != 0 {
		t.Errorf("zz finds %v", got)
	}
}

func chartText(c *Chart, w, h int, ascii bool) string {
	cv := canvas.New(w, h)
	c.Draw(cv.All(), canvas.NewTheme(false, ascii))
	return plain(cv)
}

func TestBars(t *testing.T) {
	c := &Chart{Kind: BarChart, Labels: []string{"DE", "US", "F"}, Y: []float64{1.9e9, 0.95e9, -1e8}}
	want := "DE |################################ 1.9 G\nUS |################ 950 M\n F |## -100 M\n"
	if got := chartText(c, 45, 3, true); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("got\n%s", got)
	}
	if got := chartText(c, 45, 3, false); !strings.Contains(got, "█▋") && !strings.Contains(got, "█▊") {
		t.Errorf("no eighths in\n%s", got)
	}
}

func TestLine(t *testing.T) {
	c := &Chart{Kind: LineChart, Labels: []string{"10:00", "11:00"}, Y: []float64{0, 1, 2, math.NaN(), 4}}
	got := chartText(c, 40, 6, true)
	if strings.Count(got, "*") != 4 || !strings.Contains(got, "10:00") || !strings.Contains(got, "11:00") {
		t.Errorf("got\n%s", got)
	}
	braille := chartText(c, 40, 6, false)
	if !strings.ContainsAny(braille, "⠁⠂⠄⡀⢀⠈⠐⠠⠤⠒⠉⢠⡠⠔⠊⣀⡰⠑⢄") {
		t.Errorf("no dots in\n%s", braille)
	}
}

func TestHistogram(t *testing.T) {
	labels, counts := Histogram([]float64{1, 1, 2, 9, 10, math.NaN(), math.Inf(1)}, 3)
	if len(labels) != 3 || counts[0] != 3 || counts[1] != 0 || counts[2] != 2 {
		t.Errorf("%v %v", labels, counts)
	}
	if _, counts = Histogram([]float64{5, 5}, 3); len(counts) != 1 || counts[0] != 2 {
		t.Errorf("one value: %v", counts)
	}
	if _, counts = Histogram(nil, 3); counts != nil {
		t.Errorf("no value: %v", counts)
	}
}

func TestChartsOfOddData(t *testing.T) {
	nan := math.NaN()
	for _, y := range [][]float64{nil, {nan}, {0, 0}, {math.Inf(1), 1}, {5}} {
		for kind := BarChart; kind <= HistogramChart; kind++ {
			for _, size := range [][2]int{{0, 0}, {5, 1}, {12, 2}, {80, 20}} {
				chartText(&Chart{Kind: kind, Y: y}, size[0], size[1], kind == LineChart)
				chartText(&Chart{Kind: kind, Y: y}, size[0], size[1], false)
			}
		}
	}
}

func TestSpark(t *testing.T) {
	c := canvas.New(5, 1)
	Spark(c.All(), canvas.NewTheme(false, false), []float64{9, 0, 1, 2, 3, 4}, canvas.Bar)
	if got := plain(c); got != "▁▂▄▆█\n" {
		t.Errorf("got %q", got)
	}
}

func TestListKeepsSelectionInSight(t *testing.T) {
	var l List
	for i := range 30 {
		l.Items = append(l.Items, Item{Text: itoa(i), Note: "n"})
	}
	draw(&l, 10, 5)
	keys(&l, "G", "k", "ctrl+u")
	if out := draw(&l, 10, 5); !strings.Contains(out, ">26") {
		t.Errorf("got\n%s", out)
	}
}

func TestProse(t *testing.T) {
	p := Prose{Lines: Paragraph("a\nb\nc\nd")}
	draw(&p, 10, 2)
	keys(&p, "G")
	if out := draw(&p, 10, 2); out != "c\nd\n" || p.More() != "lines 3-4 of 4" {
		t.Errorf("got %q, %q", out, p.More())
	}
}

// TestTreeKeepsNumbersWhole shortens the label, and leaves out a number that does not fit at all.
func TestTreeKeepsNumbersWhole(t *testing.T) {
	for _, c := range []struct {
		label, detail, want string
	}{
		{"flights.parquet", "229 k rows", "> flights.… 229 k rows"},
		{"flights", "flights.parquet", "> flights flights.par…"},
		{"a", "229 k rows", "> a         229 k rows"},
		{"a_file_of_text.json", "79 B", "> a_file_of_text.json"},
		{"a_long_name_of_a_file", "123 456 789 rows", "> a_long_name_of_a_fi…"},
	} {
		var tr Tree
		tr.SetRoots([]*Node{{ID: "1", Label: c.label, Detail: c.detail}})
		cv := canvas.New(22, 1)
		tr.Draw(cv.All(), canvas.NewTheme(false, false), false)
		got := ""
		for x := range 22 {
			got += string(cv.At(x, 0).R)
		}
		if got = strings.TrimRight(got, " "); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.label, c.detail, got, c.want)
		}
	}
}
