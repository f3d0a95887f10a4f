package repl

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/sql/syntax"
)

// ErrNoOwnTarget means that a job's statements cannot be given another place for their rows.
var ErrNoOwnTarget = errors.New("the place of the rows is not found in the statements")

// ForkSpec is a job under another name whose rows go to a place of their own: beside the old one,
// named as the new job. Nothing else in the statements changes. target is that place, old the one
// before it. Two jobs that write to one place would break each other's output, so statements whose
// place is not found are refused with ErrNoOwnTarget; the job is forked with statements of a file
// then.
func ForkSpec(spec JobSpec, name string) (fork JobSpec, old, target string, err error) {
	if err := jobs.CheckName(name); err != nil {
		return fork, "", "", err
	}
	script, err := syntax.Parse(spec.SQL)
	if err != nil {
		return fork, "", "", fmt.Errorf("statements of job %s: %w", spec.Name, err)
	}
	at, key, old := placeOfRows(script)
	if old == "" {
		return fork, "", "", fmt.Errorf("job %s: %w; riffle fork %s %s -f FILE starts one with statements that you write", spec.Name, ErrNoOwnTarget, spec.Name, name)
	}
	target = beside(old, name, key != "topic")
	text := syntax.FormatString(target)
	if key != "" {
		text = syntax.FormatString(key) + "=" + text
	}
	fork = spec
	fork.Name, fork.From, fork.Adapt = name, "", false
	fork.SQL = spec.SQL[:at.Start] + text + spec.SQL[at.Stop:]
	if first, rest, ok := strings.Cut(fork.SQL, "\n"); ok && strings.HasPrefix(first, "-- Job "+spec.Name) { // which promotion wrote
		fork.SQL = "-- Job " + name + ", forked from the state of " + spec.Name + ".\n" + rest
	}
	for _, dir := range []*string{&fork.Late, &fork.Bad} {
		if *dir != "" {
			*dir = beside(*dir, name+"-"+path.Base(strings.TrimRight(*dir, "/")), true)
		}
	}
	return fork, old, target, nil
}

// placeOfRows finds where the INSERT of a job says that its rows go: the span of its path, or of the
// option of the table that it names, with that option's key.
func placeOfRows(script *syntax.Script) (at syntax.Span, key, place string) {
	var table string
	for _, stmt := range script.Stmts {
		insert, ok := stmt.(*syntax.Insert)
		if !ok {
			continue
		}
		switch t := insert.Target.(type) {
		case *syntax.FileTable:
			return t.Span, "", t.Path
		case *syntax.TableName:
			table = dotted(t.Name)
		}
	}
	for _, stmt := range script.Stmts {
		create, ok := stmt.(*syntax.CreateTable)
		if !ok || dotted(create.Name) != table {
			continue
		}
		for _, o := range create.With {
			if o.Key == "path" || o.Key == "topic" {
				at, key, place = o.Span, o.Key, o.Value
			}
		}
	}
	return at, key, place
}

func dotted(name []syntax.Ident) string {
	parts := make([]string, len(name))
	for i, n := range name {
		parts[i] = n.Name
	}
	return strings.Join(parts, ".")
}

// beside puts a name in the place of the last part of a path or URL. A path keeps the ending that
// says its format, and the slash of a directory.
func beside(old, name string, isPath bool) string {
	rest := strings.TrimRight(old, "/")
	slash := old[len(rest):]
	cut := strings.LastIndexByte(rest, '/') + 1
	if isPath && slash == "" {
		name += path.Ext(rest[cut:])
	}
	if rest[:cut]+name+slash == old { // the job was named after something else
		name += "_2"
	}
	return rest[:cut] + name + slash
}
