package main

import (
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

const pictureFile = "../../docs/demo.svg"

// TestPicture holds the README's picture against what the demo prints: with -rewrite it draws the
// output of a real run, without it compares the text.
func TestPicture(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths in the picture are those of POSIX systems")
	}
	c := exec.Command(filepath.Join(bin, "riffle"), "demo", "--dir", "riffle-demo")
	c.Dir = t.TempDir()
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text := string(out)
	if *rewrite {
		if err := os.WriteFile(pictureFile, []byte(drawTerminal("$ riffle demo\n"+text)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(pictureFile)
	if err != nil {
		t.Fatal(err)
	}
	drawn := mask(html.UnescapeString(string(have)))
	for line := range strings.Lines(mask(text)) {
		if line = strings.TrimRight(line, "\n"); !strings.Contains(drawn, ">"+line+"<") {
			t.Errorf("the picture has no line %q (go test ./cmd/riffle -run TestPicture -rewrite)", line)
		}
	}
}

func mask(s string) string {
	for _, v := range varying {
		s = v.re.ReplaceAllString(s, v.to)
	}
	return s
}

// picture draws the terminal as docs/NAME.svg when pictures are to be drawn (-rewrite). The directory of the test
// is left out of it.
func (w *terminal) picture(name, dir string) {
	w.t.Helper()
	if !*rewrite {
		return
	}
	text := strings.ReplaceAll(w.tmux("capture-pane", "-e", "-p"), dir+"/", "")
	var lines [][]span
	for _, l := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		lines = append(lines, styled(l))
	}
	if err := os.WriteFile(filepath.Join("../../docs", name+".svg"), []byte(draw(lines, 100)), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// span is a piece of a line in one style.
type span struct {
	text string
	style
}

type style struct {
	fill      string // "": that of all text
	bold      bool
	underline bool
	reverse   bool
}

// palette is the sixteen colours of a terminal.
var palette = [16]string{"#16181d", "#f28b82", "#7fd88f", "#fdd663", "#8ab4f8", "#d7aefb", "#78d9ec", "#d6dae3",
	"#7d8590", "#ff9d94", "#95e8a4", "#ffe07f", "#a3c4fb", "#e3c5ff", "#93e6f5", "#ffffff"}

var (
	selectStyle = regexp.MustCompile("\x1b\\[([\\d;:]*)m")
	otherEscape = regexp.MustCompile("\x1b(\\[[\\d;?]*[A-Za-ln-z]|[()].|\\].*?(\x07|\x1b\\\\)|[=>])|[\x0e\x0f]")
)

// styled cuts a line with escape sequences into spans. tmux begins every line in the default style.
func styled(line string) (out []span) {
	line = otherEscape.ReplaceAllString(line, "")
	var st style
	for len(line) > 0 {
		at := selectStyle.FindStringSubmatchIndex(line)
		text := line
		if at != nil {
			text = line[:at[0]]
		}
		if text != "" {
			out = append(out, span{text, st})
		}
		if at == nil {
			break
		}
		st = st.after(strings.FieldsFunc(line[at[2]:at[3]], func(r rune) bool { return r == ';' || r == ':' }))
		line = line[at[1]:]
	}
	return out
}

// after is a style after the numbers of an escape sequence.
func (s style) after(codes []string) style {
	if len(codes) == 0 {
		return style{}
	}
	for i := 0; i < len(codes); i++ {
		n, _ := strconv.Atoi(codes[i]) // digits only
		switch {
		case n == 0:
			s = style{}
		case n == 1:
			s.bold = true
		case n == 4:
			s.underline = true
		case n == 7:
			s.reverse = true
		case n == 22:
			s.bold = false
		case n == 24:
			s.underline = false
		case n == 27:
			s.reverse = false
		case n == 39:
			s.fill = ""
		case n >= 30 && n < 38:
			s.fill = palette[n-30]
		case n >= 90 && n < 98:
			s.fill = palette[n-90+8]
		case (n == 38 || n == 48) && i+2 < len(codes) && codes[i+1] == "5":
			if c, _ := strconv.Atoi(codes[i+2]); n == 38 && c < len(palette) {
				s.fill = palette[c]
			}
			i += 2
		}
	}
	return s
}

// drawTerminal draws lines of text as a picture of a terminal.
func drawTerminal(text string) string {
	var lines [][]span
	wide := 0
	for _, l := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		st := style{}
		switch {
		case strings.HasPrefix(l, "   ok"):
			st.fill = "#7fd88f"
		case strings.HasPrefix(l, "$"):
			st.fill = "#8ab4f8"
		}
		lines = append(lines, []span{{l, st}})
		wide = max(wide, len([]rune(l)))
	}
	return draw(lines, wide)
}

// draw draws lines of so many characters.
func draw(lines [][]span, wide int) string {
	const fontSize, lineHeight, charWidth, margin = 13, 18, 7.85, 16
	var b strings.Builder
	w, h := int(float64(wide)*charWidth)+2*margin, len(lines)*lineHeight+2*margin
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n", w, h, w, h)
	fmt.Fprintf(&b, "<rect width=\"100%%\" height=\"100%%\" rx=\"8\" fill=\"#16181d\"/>\n<g font-family=\"ui-monospace,Menlo,Consolas,monospace\" font-size=\"%d\" fill=\"#d6dae3\" xml:space=\"preserve\">\n", fontSize)
	for i, l := range lines {
		top, at := margin+i*lineHeight, 0
		for _, r := range l {
			n := len([]rune(r.text))
			x, width := margin+float64(at)*charWidth, float64(n)*charWidth
			if r.reverse {
				back := r.fill
				if back == "" {
					back = "#d6dae3"
				}
				fmt.Fprintf(&b, "<rect x=\"%.4g\" y=\"%d\" width=\"%.4g\" height=\"%d\" fill=\"%s\"/>\n", x, top, width, lineHeight, back)
				r.fill = "#16181d"
			}
			text := r.text
			if len(l) > 1 { // spans keep their columns in any font
				text = strings.TrimLeft(text, " ")
				x += float64(n-len([]rune(text))) * charWidth
				text = strings.TrimRight(text, " ")
			}
			if at += n; text == "" && len(l) > 1 {
				continue
			}
			fmt.Fprintf(&b, "<text x=\"%.4g\" y=\"%d\"%s", x, top+lineHeight-4, r.attributes())
			if len(l) > 1 {
				fmt.Fprintf(&b, " textLength=\"%.4g\"", float64(len([]rune(text)))*charWidth)
			}
			fmt.Fprintf(&b, ">%s</text>\n", html.EscapeString(text))
		}
	}
	return b.String() + "</g>\n</svg>\n"
}

// attributes writes a style as attributes of a text.
func (s style) attributes() (a string) {
	if s.fill != "" {
		a = fmt.Sprintf(" fill=%q", s.fill)
	}
	if s.bold {
		a += ` font-weight="bold"`
	}
	if s.underline {
		a += ` text-decoration="underline"`
	}
	return a
}
