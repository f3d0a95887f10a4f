package main

import (
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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

// drawTerminal draws lines of text as a picture of a terminal.
func drawTerminal(text string) string {
	const fontSize, lineHeight, charWidth, margin = 13, 18, 7.85, 16
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	wide := 0
	for _, l := range lines {
		wide = max(wide, len([]rune(l)))
	}
	var b strings.Builder
	w, h := int(float64(wide)*charWidth)+2*margin, len(lines)*lineHeight+2*margin
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n", w, h, w, h)
	fmt.Fprintf(&b, "<rect width=\"100%%\" height=\"100%%\" rx=\"8\" fill=\"#16181d\"/>\n<g font-family=\"ui-monospace,Menlo,Consolas,monospace\" font-size=\"%d\" fill=\"#d6dae3\" xml:space=\"preserve\">\n", fontSize)
	for i, l := range lines {
		fill := ""
		switch {
		case strings.HasPrefix(l, "   ok"):
			fill = ` fill="#7fd88f"`
		case strings.HasPrefix(l, "$"):
			fill = ` fill="#8ab4f8"`
		}
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\"%s>%s</text>\n", margin, margin+(i+1)*lineHeight-4, fill, html.EscapeString(l))
	}
	return b.String() + "</g>\n</svg>\n"
}
