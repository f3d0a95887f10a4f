package shell

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/sql/syntax"
)

// command is a meta command. It is written .name or \name.
type command struct {
	names []string
	args  string
	help  string
	run   func(sh *Shell, ctx context.Context, args []string) error
}

// commands is the table of meta commands, which .help lists. It is filled in by init, since .help
// is in it too.
var commands []command

func init() {
	commands = []command{
		{[]string{"tables", "dt"}, "", "list tables and views", (*Shell).tables},
		{[]string{"schema", "d"}, "[TABLE]", "columns of a table; without one, what there is", (*Shell).schema},
		{[]string{"mode"}, "[FORMAT]", "how results are written: " + strings.Join(modes(), ", "), (*Shell).mode},
		{[]string{"x"}, "", "rows as blocks of lines, or as before", (*Shell).expand},
		{[]string{"open"}, "SOURCE", "make a file, directory or topic a table", (*Shell).open},
		{[]string{"read", "i"}, "FILE", "run the statements of a file", (*Shell).read},
		{[]string{"timer", "timing"}, "[on|off]", "tell how long each statement took", (*Shell).setTimer},
		{[]string{"limit"}, "N|off", "take at most N rows of each result", (*Shell).limit},
		{[]string{"last"}, "[RESULT]", "show a result again: _ is the last one, _1 the first", (*Shell).lastResult},
		{[]string{"plot"}, "bar|line|hist X [Y] [RESULT]", "draw columns of a result", (*Shell).plot},
		{[]string{"export"}, "FILE [RESULT]", "write a result to a .csv, .json, .parquet or .md file", (*Shell).export},
		{[]string{"diff"}, "A B", "rows that only one of two results, tables or files has", (*Shell).diff},
		{[]string{"profile"}, "TABLE COLUMN", "nulls, distinct and top values, quantiles, histogram", (*Shell).profile},
		{[]string{"inspect"}, "FILE", "row groups, columns and pages of a Parquet file", (*Shell).inspect},
		{[]string{"prune"}, "QUERY", "what a query would read of Parquet files, and why not the rest", (*Shell).prune},
		{[]string{"watch"}, "[SECONDS] [TIMES]", "run the last statement again and again, until ctrl-c", (*Shell).watch},
		{[]string{"g"}, "", "run the statement without a semicolon, or the last one again", (*Shell).again},
		{[]string{"e", "edit"}, "", "write the statement in your editor", (*Shell).edit},
		{[]string{"history"}, "[TEXT]", "statements that you ran, with their time and rows", (*Shell).history},
		{[]string{"why"}, "", "why is there no output? of the stream that runs, or ran last", (*Shell).why},
		{[]string{"tui"}, "", "the screens, with the same session; ctrl-t does it too, and comes back", func(sh *Shell, ctx context.Context, _ []string) error { return sh.screens(ctx, "") }},
		{[]string{"jobs"}, "", "jobs of the job server", (*Shell).jobs},
		{[]string{"help", "?"}, "[COMMAND]", "this list", (*Shell).help},
		{[]string{"quit", "exit", "q"}, "", "leave; jobs go on", (*Shell).leave},
	}
}

// isMeta tells whether a line is a meta command.
func isMeta(line string) bool {
	if strings.HasPrefix(line, "!") || isMetaSlash(line) {
		return true
	}
	return len(line) > 1 && line[0] == '.' && (line[1] >= 'a' && line[1] <= 'z' || line[1] == '?')
}

func isMetaSlash(line string) bool { return len(line) > 1 && line[0] == '\\' }

// meta runs a meta command, or a word of plain mode.
func (sh *Shell) meta(ctx context.Context, line string) error {
	if cmd, ok := strings.CutPrefix(line, "!"); ok {
		return sh.system(ctx, strings.TrimSpace(cmd))
	}
	if sh.isWord(line) && !isMeta(line) {
		return sh.word(line)
	}
	args, err := splitArgs(strings.TrimRight(line[1:], "; "))
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return fmt.Errorf("a command begins with its name: .help lists them")
	}
	if args[0] == "prune" { // takes a query as it is
		args = []string{"prune", strings.TrimSpace(strings.TrimPrefix(line[1:], "prune"))}
	}
	c, ok := lookup(args[0])
	if !ok {
		if args[0] == "promote" && sh.o.Promote != nil {
			fctx, done := sh.foreground(ctx)
			defer done()
			return sh.o.Promote(fctx, args[1:])
		}
		return unknown(line[:1], args[0])
	}
	fctx, done := sh.foreground(ctx)
	defer done()
	if err := c.run(sh, fctx, args[1:]); err != nil && fctx.Err() == nil {
		return err
	}
	return nil
}

func lookup(name string) (command, bool) {
	for _, c := range commands {
		for _, n := range c.names {
			if n == name {
				return c, true
			}
		}
	}
	return command{}, false
}

// unknown is the error for a command that is not there.
func unknown(mark, name string) error {
	var names []string
	for _, c := range commands {
		names = append(names, c.names...)
	}
	if near := syntax.Suggest(name, names); near != "" {
		return fmt.Errorf("there is no command %s%s; did you mean %s%s?", mark, name, mark, near)
	}
	return fmt.Errorf("there is no command %s%s; .help lists them", mark, name)
}

// splitArgs cuts a line at blanks; what is in quotes stays together, with its quotes when they are
// single ones, since that is how SQL names files.
func splitArgs(line string) (out []string, err error) {
	var b strings.Builder
	quote, in := byte(0), false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote != 0:
			if c != quote || quote == '\'' {
				b.WriteByte(c)
			}
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote, in = c, true
			if c == '\'' {
				b.WriteByte(c)
			}
		case c == ' ' || c == '\t':
			if in {
				out = append(out, b.String())
				b.Reset()
			}
			in = false
		default:
			in = true
			b.WriteByte(c)
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote %c is not closed", quote)
	}
	if in {
		out = append(out, b.String())
	}
	return out, nil
}

// unquote takes the single quotes off a file's name.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
		return strings.ReplaceAll(s[1:len(s)-1], "''", "'")
	}
	return s
}

// takes checks the number of arguments.
func takes(name string, args []string, least, most int) error {
	if len(args) >= least && len(args) <= most {
		return nil
	}
	c, _ := lookup(name)
	return fmt.Errorf("usage: .%s %s", name, c.args)
}

func (sh *Shell) help(_ context.Context, args []string) error {
	var b strings.Builder
	if len(args) == 1 {
		c, ok := lookup(strings.TrimLeft(args[0], ".\\"))
		if !ok {
			return unknown(".", args[0])
		}
		fmt.Fprintf(&b, ".%s %s\n  %s\n", strings.Join(c.names, ", ."), c.args, c.help)
		sh.print(b.String())
		return nil
	}
	b.WriteString("Statements end with a semicolon. Commands are written .name or \\name:\n")
	for _, c := range commands {
		names := append([]string{}, c.names...)
		for i := range names {
			names[i] = "." + names[i]
		}
		fmt.Fprintf(&b, "  %-36s %s\n", strings.Join(names, " ")+" "+c.args, c.help)
	}
	if sh.o.Promote != nil {
		fmt.Fprintf(&b, "  %-36s %s\n", ".promote [QUERY] --name N …", "make a query, or the last one, a running job; .promote --help")
	}
	b.WriteString("  !COMMAND                             run a command of the system\n")
	b.WriteString("Results are tables: _ is the last one, _1 the first. ctrl-c cancels, ctrl-d leaves.\n")
	if sh.o.Plain {
		b.WriteString("While a stream runs: pause, resume, status, why, top N COLUMN, late, bad, stop.\n")
	}
	sh.print(b.String())
	return nil
}

func (sh *Shell) leave(context.Context, []string) error {
	sh.quit = true
	return nil
}

// system runs a command of the system's shell.
func (sh *Shell) system(ctx context.Context, cmd string) error {
	if cmd == "" {
		return fmt.Errorf("usage: !COMMAND")
	}
	if sh.o.Shell == nil {
		return fmt.Errorf("commands of the system are switched off")
	}
	fctx, done := sh.foreground(ctx)
	defer done()
	return sh.o.Shell(fctx, cmd)
}

// Complete lists how a line may go on at byte pos, for the tab key: meta commands and their
// arguments, and SQL, which may have begun on the lines before. head and tail are what stays.
func (sh *Shell) Complete(ctx context.Context, line string, pos int) (head string, list []string, tail string) {
	pos = min(max(pos, 0), len(line))
	if sh.text == "" && isMetaStart(line) {
		return sh.completeMeta(line, pos)
	}
	from, found := sh.s.Complete(ctx, sh.text+line, len(sh.text)+pos)
	from = max(0, from-len(sh.text))
	return line[:from], fits(found, line[from:pos]), line[pos:]
}

// fits keeps the completions that go on from the word as it was typed, since a line editor puts
// what they have in common in its place. Keywords take the word's case. When there are none, a
// single other one, such as a name that needs quotes, takes the place of the word.
func fits(found []repl.Completion, word string) (list []string) {
	lower := word != "" && word == strings.ToLower(word)
	for _, c := range found {
		text := c.Text
		if lower && c.Kind == repl.KindKeyword {
			text = strings.ToLower(text)
		}
		if len(text) >= len(word) && strings.EqualFold(text[:len(word)], word) {
			list = append(list, word+text[len(word):])
		}
	}
	if len(list) == 0 && len(found) == 1 {
		list = []string{found[0].Text}
	}
	return list
}

func isMetaStart(line string) bool {
	return strings.HasPrefix(line, ".") || strings.HasPrefix(line, "\\")
}

func (sh *Shell) completeMeta(line string, pos int) (head string, list []string, tail string) {
	before := line[:pos]
	at := strings.LastIndexByte(before, ' ') + 1
	word := before[at:]
	if at == 0 {
		for _, c := range commands {
			for _, n := range withPrefix(c.names, word[1:]) {
				list = append(list, word[:1]+n)
			}
		}
		if sh.o.Promote != nil && strings.HasPrefix("promote", word[1:]) {
			list = append(list, word[:1]+"promote")
		}
		sort.Strings(list)
		return "", list, line[pos:]
	}
	name := strings.Fields(before[1:])[0]
	switch name {
	case "mode":
		list = withPrefix(modes(), word)
	case "help", "?":
		for _, c := range commands {
			list = append(list, withPrefix(c.names, word)...)
		}
	case "timer", "timing":
		list = withPrefix([]string{"on", "off"}, word)
	case "plot":
		list = withPrefix(plotKinds, word)
	case "open", "read", "i", "inspect":
		list = filesLike(word)
	default:
		list = withPrefix(sh.s.Catalog().Names(), word)
	}
	return line[:at], list, line[pos:]
}

func withPrefix(words []string, prefix string) (out []string) {
	for _, w := range words {
		if strings.HasPrefix(w, prefix) {
			out = append(out, w)
		}
	}
	return out
}

// filesLike lists the files whose path begins with prefix.
func filesLike(prefix string) (out []string) {
	dir := prefix[:strings.LastIndexByte(prefix, '/')+1]
	at := dir
	if at == "" {
		at = "."
	}
	list, err := os.ReadDir(at)
	if err != nil {
		return nil
	}
	for _, e := range list {
		name := dir + e.Name()
		if e.IsDir() {
			name += "/"
		}
		if strings.HasPrefix(name, prefix) && (!strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(prefix, dir+".")) {
			out = append(out, name)
		}
	}
	return out
}
