package repl

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/datasets/gen"
)

var rewriteReference = flag.Bool("rewrite", false, "rewrite the reference pages")

const referenceFile = "../docs/guide/sql.md"

// TestReference holds the SQL reference against the tables of functions and generators.
func TestReference(t *testing.T) {
	got := reference()
	if *rewriteReference {
		if err := os.WriteFile(referenceFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is stale: go test ./repl -run TestReference -rewrite", referenceFile)
	}
}

func reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	byCategory := map[string][]*expr.Func{}
	for _, f := range expr.Funcs() {
		byCategory[f.Category] = append(byCategory[f.Category], f)
	}
	for _, c := range []string{"Comparison", "Logic", "Arithmetic", "Numbers", "Text", "JSON", "Date and time"} {
		fmt.Fprintf(&b, "\n### %s\n\n| function | meaning | example |\n|---|---|---|\n", c)
		for _, f := range byCategory[c] {
			sig := f.Args
			if !f.Infix && !strings.Contains(sig, " IS ") && !strings.Contains(sig, "LIKE") && !strings.HasPrefix(sig, "EXTRACT") && !strings.HasPrefix(sig, "NOT") && !strings.HasPrefix(sig, "-") {
				sig = f.Name + "(" + f.Args + ")"
			}
			example := ""
			if f.Example != "" {
				example = "`" + cell(f.Example) + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", cell(sig), cell(f.Doc), example)
		}
	}
	b.WriteString("\n## Aggregates\n\nEach takes `DISTINCT` and `FILTER (WHERE …)`.\n\n| function | meaning |\n|---|---|\n")
	for _, f := range expr.AggFuncs() {
		fmt.Fprintf(&b, "| `%s(%s)` | %s |\n", f.Name, cell(f.Args), cell(f.Doc))
	}
	b.WriteString("\n## Generated tables\n\n`FROM gen.NAME(argument => value, …)`; with `stream => true` a table with event time is read as a stream.\n\n| table | arguments | what |\n|---|---|---|\n")
	for _, t := range gen.Tables() {
		var args []string
		for _, p := range t.Params {
			args = append(args, fmt.Sprintf("`%s` %s", p.Name, cell(p.Doc)))
		}
		fmt.Fprintf(&b, "| `gen.%s` | %s | %s |\n", t.Name, strings.Join(args, "; "), cell(t.Doc))
	}
	b.WriteString("\n## Settings\n\n`SET name = value`, `RESET name`, `SHOW ALL`.\n\n| setting | meaning |\n|---|---|\n")
	for _, s := range settings {
		fmt.Fprintf(&b, "| `%s` | %s |\n", s.name, cell(s.doc))
	}
	return b.String()
}

func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", "\\|")
}

const referenceHead = `# SQL reference

This page is made from the code: ` + "`make docs`" + `.

Queries follow PostgreSQL and DuckDB; tables, time and windows follow Flink, so that a job can move there.

- ` + "`SELECT [DISTINCT] … FROM … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT … OFFSET …`" + `, ` + "`WITH`" + `, ` + "`UNION [ALL]`" + `, ` + "`INTERSECT`" + `, ` + "`EXCEPT`" + `,
  ` + "`VALUES`" + `, subqueries in FROM, IN, EXISTS and as values (correlated ones by equality), GROUPING SETS, ROLLUP, CUBE.
- Joins: inner, left, right, cross, semi, anti; USING and NATURAL. Two streams join by equality, inner only.
- Tables are names, ` + "`'file.parquet'`" + `, globs, directories, ` + "`'kafka://host:port/topic@from..to'`" + `, ` + "`stdin`" + ` and ` + "`gen.NAME(…)`" + `.
- Windows of event time: ` + "`TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR)`" + `, ` + "`HOP(TABLE t, DESCRIPTOR(ts), slide, size)`" + `,
  ` + "`CUMULATE`" + `, with or without Flink's ` + "`TABLE( )`" + ` around them, and the short ` + "`GROUP BY TUMBLE(ts, '1 minute')`" + `.
- ` + "`CREATE TABLE … WITH ('connector' = …)`" + `, ` + "`CREATE VIEW`" + `, ` + "`INSERT INTO`" + `, ` + "`COPY … TO 'file'`" + `, ` + "`EXPLAIN [ANALYZE|(COST)]`" + `,
  ` + "`DESCRIBE`" + `, ` + "`SHOW`" + `, ` + "`SET`" + `, ` + "`DROP`" + `. Parameters are ` + "`$name`" + ` or ` + "`${name}`" + `, set with ` + "`-p name=value`" + `.

Where the two parents differ: division of integers truncates; avg of integers and decimals is DOUBLE, from exact sums; names
that are not quoted fold to lower case; NULLs sort last ascending and first descending; strings compare by byte; overflow is
an error. Decimals that fit 18 digits are added and multiplied in 18 digits, and a result that does not fit is an error.

## Types

BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT, REAL, DOUBLE, DECIMAL(p,s) up to 38 digits, DATE, TIME, TIMESTAMP and TIMESTAMPTZ
(µs), INTERVAL, VARCHAR, VARBINARY, UUID, JSON (text). Unsigned integers of files become the next larger signed type.

## Functions
`
