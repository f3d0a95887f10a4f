// Package datadriven runs golden text files: commands with their input and the output they must
// give, many to a file, reviewed as code and rewritten by one flag.
//
//	# a comment: everything outside a case that starts with #
//	explain rules=pushdown,fold limit=3
//	from lineitem | where true
//	----
//	Scan lineitem
//
// A case is a line with the command and its arguments, any lines of input, the separator ----, and
// the output up to the next blank line. An output that has blank lines itself is put between
// ----/---- and ----/---- (two separator lines each); it must not end with a line ----. Arguments are words or key=value; a value
// may be a list with commas and may be quoted: key='two words'.
//
// `go test ./pkg -rewrite` writes what the code gives now into the files; everything else in them
// stays as it is. A case whose output is empty has nothing between its separator and the blank
// line.
package datadriven

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the present output into the golden files")

// Case is one command of a file.
type Case struct {
	Pos   string // file:line of the command, for messages
	Cmd   string
	Args  []Arg
	Input string // the lines between command and separator, without the last newline
	Want  string // the recorded output, with a newline at its end unless it is empty
}

// Arg is a word or key=value of the command line.
type Arg struct {
	Key    string
	Values []string // nil for a plain word
}

// Has reports whether an argument of that name is there.
func (c *Case) Has(key string) bool {
	for _, a := range c.Args {
		if a.Key == key {
			return true
		}
	}
	return false
}

// Values returns the values of an argument; nil when it has none or is missing.
func (c *Case) Values(key string) []string {
	for _, a := range c.Args {
		if a.Key == key {
			return a.Values
		}
	}
	return nil
}

// Value returns the values of an argument joined as they were written, or fallback.
func (c *Case) Value(key, fallback string) string {
	if v := c.Values(key); v != nil {
		return strings.Join(v, ",")
	}
	return fallback
}

// Int returns the number an argument gives, or fallback when it is missing.
func (c *Case) Int(t testing.TB, key string, fallback int) int {
	t.Helper()
	if !c.Has(key) {
		return fallback
	}
	var n int
	if _, err := fmt.Sscanf(c.Value(key, ""), "%d", &n); err != nil {
		t.Fatalf("%s: %s=%s is not a number", c.Pos, key, c.Value(key, ""))
	}
	return n
}

// Run runs every case of a file as a subtest and compares what fn returns with the recorded
// output. A missing newline at the end of the result is added.
func Run(t *testing.T, path string, fn func(t *testing.T, c *Case) string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := parse(path, string(data))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		if b.c == nil {
			continue
		}
		t.Run(fmt.Sprintf("%s:%d", b.c.Cmd, b.line), func(t *testing.T) {
			b.got = fn(t, b.c)
			if b.got != "" && !strings.HasSuffix(b.got, "\n") {
				b.got += "\n"
			}
			if b.got != b.c.Want && !*rewrite {
				t.Errorf("%s: %s\n%s", b.c.Pos, b.c.Input, diff(b.c.Want, b.got))
			}
		})
	}
	if !*rewrite || t.Failed() {
		return
	}
	if text := render(blocks); text != string(data) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Walk calls fn as a subtest for every file under dir, in order; dot files are left out.
func Walk(t *testing.T, dir string, fn func(t *testing.T, path string)) {
	t.Helper()
	found := false
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		found = true
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		t.Run(filepath.ToSlash(name), func(t *testing.T) { fn(t, path) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !found {
		t.Fatalf("no files under %s", dir)
	}
}

// diff shows two outputs from the first line in which they differ.
func diff(want, got string) string {
	w, g := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	n := 0
	for n < len(w) && n < len(g) && w[n] == g[n] {
		n++
	}
	return fmt.Sprintf("differs from line %d on\nwant:\n%sgot:\n%s(-rewrite accepts it)",
		n+1, strings.Join(w[n:], ""), strings.Join(g[n:], ""))
}
