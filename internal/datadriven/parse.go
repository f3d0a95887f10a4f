package datadriven

import (
	"fmt"
	"strings"
)

const separator = "----"

// block is a case, or text between cases that is kept as it is.
type block struct {
	line int    // of the command
	head string // text, or the case up to and with its first separator line
	c    *Case  // nil for text
	got  string // the new output
}

// parse cuts a file into blocks. Joining them as render does gives the file back.
func parse(path, text string) ([]*block, error) {
	var blocks []*block
	lines := strings.SplitAfter(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	for i := 0; i < len(lines); {
		if line := strings.TrimSpace(lines[i]); line == "" || strings.HasPrefix(line, "#") {
			blocks = append(blocks, &block{head: lines[i]})
			i++
			continue
		}
		b, next, err := parseCase(path, lines, i)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, b)
		i = next
	}
	return blocks, nil
}

// parseCase reads the case that starts at line i and returns the index of the line after it.
func parseCase(path string, lines []string, i int) (*block, int, error) {
	pos := fmt.Sprintf("%s:%d", path, i+1)
	b := &block{line: i + 1, head: lines[i]}
	cmd, args, err := parseCommand(strings.TrimSpace(lines[i]))
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", pos, err)
	}
	var input, want strings.Builder
	for i++; ; i++ {
		if i == len(lines) {
			return nil, 0, fmt.Errorf("%s: no %s after the command", pos, separator)
		}
		b.head += lines[i]
		if isSeparator(lines, i) {
			break
		}
		input.WriteString(lines[i])
	}
	i++
	if isSeparator(lines, i) {
		for i++; !(isSeparator(lines, i) && isSeparator(lines, i+1)); i++ {
			if i >= len(lines) {
				return nil, 0, fmt.Errorf("%s: the output has no closing %s/%s", pos, separator, separator)
			}
			want.WriteString(lines[i])
		}
		i += 2
	} else {
		for ; i < len(lines) && strings.TrimSpace(lines[i]) != ""; i++ {
			want.WriteString(lines[i])
		}
	}
	b.c = &Case{Pos: pos, Cmd: cmd, Args: args, Input: strings.TrimSuffix(input.String(), "\n"), Want: want.String()}
	return b, i, nil
}

func isSeparator(lines []string, i int) bool {
	return i < len(lines) && strings.TrimRight(lines[i], " \t\r\n") == separator
}

// render is the file with the new outputs.
func render(blocks []*block) string {
	var sb strings.Builder
	for _, b := range blocks {
		sb.WriteString(b.head)
		if b.c == nil {
			continue
		}
		if !strings.HasSuffix(b.head, "\n") {
			sb.WriteByte('\n')
		}
		if needsFence(b.got) {
			fmt.Fprintf(&sb, "%s\n%s%s\n%s\n", separator, b.got, separator, separator)
		} else {
			sb.WriteString(b.got)
		}
	}
	return sb.String()
}

// needsFence tells whether a blank line in the output would end it too early, or its first line
// would be taken for a fence.
func needsFence(out string) bool {
	if strings.HasPrefix(out, separator) {
		return true
	}
	for _, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
		if out != "" && strings.TrimSpace(line) == "" {
			return true
		}
	}
	return false
}

// parseCommand cuts a command line into words. Quotes of either kind keep spaces and commas.
func parseCommand(line string) (string, []Arg, error) {
	words, err := splitQuoted(line, ' ')
	if err != nil {
		return "", nil, err
	}
	var args []Arg
	for _, w := range words[1:] {
		if w == "" {
			continue
		}
		key, value, hasValue := strings.Cut(w, "=")
		arg := Arg{Key: unquote(key)}
		if hasValue {
			values, err := splitQuoted(value, ',')
			if err != nil {
				return "", nil, err
			}
			for _, v := range values {
				arg.Values = append(arg.Values, unquote(v))
			}
		}
		args = append(args, arg)
	}
	return words[0], args, nil
}

// splitQuoted cuts s at each sep that is not inside quotes; the quotes stay.
func splitQuoted(s string, sep byte) ([]string, error) {
	var parts []string
	var quote byte
	start := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == sep:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("quote %c is not closed in %q", quote, s)
	}
	return append(parts, s[start:]), nil
}

func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '\'' || s[0] == '"') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}
