package datadriven

import (
	"fmt"
	"strings"
	"testing"
)

func runSample(t *testing.T, c *Case) string {
	switch c.Cmd {
	case "echo":
		return c.Input
	case "lines":
		return strings.TrimSuffix(strings.Repeat("line\n\n", c.Int(t, "n", 1)), "\n")
	case "args":
		var sb strings.Builder
		for _, a := range c.Args {
			sb.WriteString(a.Key)
			if a.Values != nil {
				fmt.Fprintf(&sb, " = %s", strings.Join(c.Values(a.Key), "|"))
			}
			sb.WriteByte('\n')
		}
		return sb.String()
	}
	t.Fatalf("%s: unknown command %s", c.Pos, c.Cmd)
	return ""
}

func TestSample(t *testing.T) {
	Walk(t, "testdata", func(t *testing.T, path string) { Run(t, path, runSample) })
}

// Rendering with the recorded outputs gives the file back, with others a file that parses to them.
func TestRenderParse(t *testing.T) {
	text := "# c\n\ncmd a=1\nin\n----\nout\n\ncmd\n----\n----\na\n\nb\n----\n----\n"
	blocks, err := parse("f", text)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		if b.c != nil {
			b.got = b.c.Want
		}
	}
	if got := render(blocks); got != text {
		t.Errorf("rendered\n%s\nwant\n%s", got, text)
	}
	for _, out := range []string{"", "x\n", "\n", "a\n\nb\n", "----\nb\n", "a\n----\nb\n"} {
		blocks[2].got = out
		again, err := parse("f", render(blocks))
		if err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if got := again[2].c.Want; got != out {
			t.Errorf("wrote %q, read %q", out, got)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"cmd\ninput\n":         "f:1: no ---- after the command",
		"\ncmd x='a\n----\n":   "f:2: quote ' is not closed",
		"cmd\n----\n----\nx\n": "f:1: the output has no closing ----/----",
	} {
		if _, err := parse("f", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}
