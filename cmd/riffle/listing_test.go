package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestCommandsAreListed: the page of commands, help, spec and completion know every command, and the
// page names no other.
func TestCommandsAreListed(t *testing.T) {
	page, err := os.ReadFile("../../docs/guide/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	outputs := map[string]string{}
	for what, args := range map[string][]string{"riffle help": {"help"}, "riffle spec": {"spec"}, "completion": {"__complete", ""}, "completion of help": {"__complete", "help", ""}} {
		code, out, e := riffle(t, args...)
		if code != 0 {
			t.Fatalf("%s: exit %d: %s", what, code, e)
		}
		outputs[what] = out
	}
	var names []string
	root := (&app{}).root()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Hidden || c.Name() == "help" {
			continue
		}
		name := regexp.QuoteMeta(c.Name())
		names = append(names, name)
		for what, re := range map[string]string{
			"riffle help":        `(?m)^  ` + name + ` `,
			"riffle spec":        `"path":"riffle ` + name + `"`,
			"completion":         `(?m)^` + name + `(\t|$)`,
			"completion of help": `(?m)^` + name + `(\t|$)`,
		} {
			if !regexp.MustCompile(re).MatchString(outputs[what]) {
				t.Errorf("%s does not know %s", what, c.Name())
			}
		}
		if !regexp.MustCompile("`(riffle )?" + name + "[ `]").Match(page) {
			t.Errorf("docs/guide/commands.md does not name %s", c.Name())
		}
	}
	known := regexp.MustCompile("^(" + strings.Join(names, "|") + "|help|JOB|COMMAND)$")
	for _, m := range regexp.MustCompile("`riffle ([a-zA-Z]+)").FindAllSubmatch(page, -1) {
		if !known.Match(m[1]) {
			t.Errorf("docs/guide/commands.md names riffle %s", m[1])
		}
	}
}
