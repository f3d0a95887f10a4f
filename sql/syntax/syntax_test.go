package syntax

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/internal/datadriven"
)

// dump prints a tree without positions, empty fields, and the quotes of names that need them.
func dump(n any) string {
	var sb strings.Builder
	dumpValue(&sb, reflect.ValueOf(n))
	return sb.String()
}

func dumpValue(sb *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			sb.WriteString("nil")
			return
		}
		dumpValue(sb, v.Elem())
	case reflect.Slice:
		sb.WriteString("[")
		for i := range v.Len() {
			if i > 0 {
				sb.WriteString(" ")
			}
			dumpValue(sb, v.Index(i))
		}
		sb.WriteString("]")
	case reflect.Struct:
		dumpStruct(sb, v)
	case reflect.String:
		fmt.Fprintf(sb, "%q", v.String())
	default:
		fmt.Fprint(sb, v.Interface())
	}
}

func dumpStruct(sb *strings.Builder, v reflect.Value) {
	if id, ok := v.Interface().(Ident); ok {
		if id.Quoted && !reserved[id.Name] {
			fmt.Fprintf(sb, "%q", id.Name)
		} else {
			sb.WriteString(id.Name)
		}
		return
	}
	sb.WriteString("(" + v.Type().Name())
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Name == "Span" || v.Field(i).IsZero() {
			continue
		}
		sb.WriteString(" " + f.Name + "=")
		dumpValue(sb, v.Field(i))
	}
	sb.WriteString(")")
}

// checkSpans fails when a node of the tree lies outside its parent or the source.
func checkSpans(t *testing.T, src string, v reflect.Value, outer Span) {
	t.Helper()
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			checkSpans(t, src, v.Elem(), outer)
		}
	case reflect.Slice:
		for i := range v.Len() {
			checkSpans(t, src, v.Index(i), outer)
		}
	case reflect.Struct:
		if f := v.FieldByName("Span"); f.IsValid() {
			s := f.Interface().(Span)
			if s.Start < outer.Start || s.Stop > outer.Stop || s.Start > s.Stop {
				t.Fatalf("%s at %v is outside of its parent at %v in %q", v.Type(), s, outer, src)
			}
			outer = s
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "Span" {
				checkSpans(t, src, v.Field(i), outer)
			}
		}
	}
}

// roundTrip checks that s prints as text with the same tree, and the same text again.
func roundTrip(t *testing.T, s Stmt) {
	t.Helper()
	text := Format(s)
	again, err := Parse(text)
	if err != nil {
		t.Fatalf("printed statement does not parse: %v\nprinted: %s\ntree: %s", err, text, dump(s))
	}
	if len(again.Stmts) != 1 || dump(again.Stmts[0]) != dump(s) {
		t.Fatalf("printed statement has another tree\nprinted: %s\nwas: %s\nis:  %s", text, dump(s), dump(again.Stmts))
	}
	if text2 := Format(again.Stmts[0]); text2 != text {
		t.Fatalf("printing is not stable\nfirst:  %s\nsecond: %s", text, text2)
	}
}

// TestGolden runs testdata/golden: format prints statements canonically, tree dumps an expression, errors
// shows the errors and what still parsed.
func TestGolden(t *testing.T) {
	datadriven.Walk(t, "testdata/golden", func(t *testing.T, path string) {
		datadriven.Run(t, path, golden)
	})
}

func golden(t *testing.T, c *datadriven.Case) string {
	src := strings.TrimSuffix(c.Input, "\n")
	if c.Cmd == "tree" {
		e, err := ParseExpr(src)
		if err != nil {
			return err.Error()
		}
		return dump(e)
	}
	s, err := Parse(src)
	var out []string
	for _, stmt := range s.Stmts {
		out = append(out, Format(stmt)+";")
		roundTrip(t, stmt)
		checkSpans(t, src, reflect.ValueOf(stmt), Span{0, len(src)})
	}
	var list ErrorList
	if errors.As(err, &list) {
		out = append(out, list.Format(src))
	}
	if wantErr := c.Cmd == "errors"; wantErr != (err != nil) {
		t.Errorf("%s: error %v of\n%s", c.Pos, err, src)
	}
	return strings.Join(out, "\n")
}

func TestSuggest(t *testing.T) {
	for _, c := range []struct{ word, want string }{
		{"selct", "SELECT"}, {"form", "FROM"}, {"GROPU", "GROUP"}, {"wehre", "WHERE"}, {"limt", "LIMIT"},
		{"banana", ""}, {"x", ""}, {"", ""}, {"from", "FROM"},
		{"sel", "SELECT"}, {"SELE", "SELECT"}, {"set", "SET"}, {"se", "SET"}, {"gro", "GROUP"}, {"group", "GROUP"}, {"lim", "LIMIT"},
	} {
		if got := Suggest(c.word, []string{"GROUPING", "SET", "SELECT", "FROM", "WHERE", "GROUP", "LIMIT", "OR"}); got != c.want {
			t.Errorf("Suggest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
}

func TestScan(t *testing.T) {
	for _, c := range []struct {
		src  string
		kind TokenKind
		text string
	}{
		{"Straße", TokIdent, "straße"}, {`"A""b"`, TokQuoted, `A"b`}, {"`A b`", TokQuoted, "A b"},
		{"'it''s'", TokString, "it's"}, {`E'a\n\'\x41\u00e4\101\\'`, TokString, "a\n'AäA\\"},
		{`E'\xff'`, TokInvalid, "string is not valid UTF-8"}, {`E'\uD800'`, TokInvalid, "invalid escape sequence in string"},
		{`'a\n'`, TokString, `a\n`}, {"X'0aFf'", TokHex, "0aff"}, {"x'0'", TokInvalid, "X'' takes an even number of digits"},
		{"12", TokInt, "12"}, {"1.", TokDecimal, "1."}, {".5", TokDecimal, ".5"}, {"1E-3", TokFloat, "1e-3"},
		{"${a.b}", TokInvalid, "parameter is not closed by }"}, {"${ab}", TokParam, "ab"}, {"$1", TokParam, "1"}, {"$", TokInvalid, "parameter has no name: write ${name}"},
		{"/* a /* b */ c */", TokComment, "/* a /* b */ c */"}, {"/* a", TokInvalid, "comment /* is not closed by */"},
		{"@-1h..now", TokRange, "-1h..now"}, {"!=", TokOp, "<>"}, {"->>", TokOp, "->>"}, {"'a", TokInvalid, "string is not closed by '"},
		{`""`, TokInvalid, "quoted name is empty"}, {"?", TokInvalid, "unexpected character '?'"}, {"\xff", TokInvalid, "text is not valid UTF-8"},
	} {
		if got := Scan(c.src)[0]; got.Kind != c.kind || got.Text != c.text {
			t.Errorf("Scan(%q) = %d %q, want %d %q", c.src, got.Kind, got.Text, c.kind, c.text)
		}
	}
}

func TestKeywords(t *testing.T) {
	all := Keywords()
	for _, w := range []string{"SELECT", "WATERMARK", "SEMI"} {
		if !strings.Contains(" "+strings.Join(all, " ")+" ", " "+w+" ") {
			t.Errorf("%s is missing", w)
		}
	}
	for _, w := range strings.Fields("date timestamp start end key value op time year type user row first") {
		if _, err := Parse("SELECT " + w + ", t." + w + " AS " + w + " FROM t GROUP BY " + w); err != nil {
			t.Errorf("%s is no column name: %v", w, err)
		}
		if IsReserved(w) {
			t.Errorf("%s is reserved", w)
		}
	}
}

func TestErrorValues(t *testing.T) {
	_, err := Parse("SELECT 1;\nSELECT\tx FROM ;")
	var one *Error
	if !errors.As(err, &one) || one.Line != 2 || one.Col != 15 || one.Pos != 24 {
		t.Fatalf("got %+v", one)
	}
	for src, atEnd := range map[string]bool{"SELECT a FROM": true, "SELECT 'a": true, "SELECT FROM t": false, "SELECT (a;": false} {
		_, err := Parse(src)
		if !errors.As(err, &one) || one.AtEnd != atEnd {
			t.Errorf("%q: AtEnd is not %v: %v", src, atEnd, err)
		}
	}
}

// TestDepth feeds what would overflow the stack or take quadratic time without limits.
func TestDepth(t *testing.T) {
	const n = 100_000
	for name, src := range map[string]string{
		"parentheses": "SELECT " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n),
		"open":        "SELECT " + strings.Repeat("(", n),
		"subqueries":  "SELECT " + strings.Repeat("(SELECT ", n),
		"queries":     strings.Repeat("(", n) + "SELECT 1" + strings.Repeat(")", n),
		"tables":      "SELECT * FROM " + strings.Repeat("(", n),
		"not":         "SELECT " + strings.Repeat("NOT ", n) + "a",
		"minus":       "SELECT " + strings.Repeat("- ", n) + "a",
		"sum":         "SELECT 1" + strings.Repeat("+1", n),
		"case":        "SELECT " + strings.Repeat("CASE WHEN ", n),
		"calls":       "SELECT " + strings.Repeat("f(", n),
		"union":       "SELECT 1" + strings.Repeat(" UNION SELECT 1", n),
		"joins":       "SELECT 1 FROM a" + strings.Repeat(" CROSS JOIN a", n),
		"explain":     strings.Repeat("EXPLAIN ", n) + "SELECT 1",
		"types":       "SELECT a::" + strings.Repeat("ARRAY<", n),
		"brackets":    "SELECT a::INT" + strings.Repeat("[]", n),
		"sets":        "SELECT 1 GROUP BY " + strings.Repeat("GROUPING SETS (", n),
		"intersect":   "SELECT 1" + strings.Repeat(" UNION (SELECT 1", n),
	} {
		_, err := Parse(src)
		if err == nil || !strings.Contains(err.Error(), "nested deeper") && !strings.Contains(err.Error(), "in a row") {
			t.Errorf("%s: no error about the limit, but %.200v", name, err)
		}
	}
	ok := "SELECT " + strings.Repeat("(", 400) + "1" + strings.Repeat(")", 400) + strings.Repeat("+1", 5000)
	if _, err := Parse(ok); err != nil {
		t.Error(err)
	}
}

func TestRange(t *testing.T) {
	for text, want := range map[string]string{
		"start..end": "start..end", "5": "5..", "START..": "start..", "..now": "start..now", "0:12..3:40": "0:12..3:40",
		"-1w2d3h..-500ms": "-1w2d3h..-500ms", "2026-11-21 10:00..2026-11-21T10:00:00+02:00": "2026-11-21T10:00..2026-11-21T10:00:00+02:00",
		"": "", "-": "", "-1": "", "--1h": "", "-h": "", "1h": "", "+1": "", ":5": "", "1:": "", "2026-13-01": "", "start..end..now": "", "-1d-1h": "",
	} {
		r, err := ParseRange(text)
		if (err != nil) != (want == "") || err == nil && r.String() != want {
			t.Errorf("ParseRange(%q) = %v, %v, want %q", text, r, err, want)
		}
	}
	r, err := ParseRange("1:7..2001-01-31T10:00:00.5+01:00")
	if err != nil || r.From.Partition != 1 || r.From.Offset != 7 || r.To.Time != 980931600500000 {
		t.Errorf("got %+v, %v", r, err)
	}
	if r, err := ParseRange("-1d1h30m"); err != nil || r.From.Ago.Minutes() != 25*60+30 || r.To != nil {
		t.Errorf("got %+v, %v", r, err)
	}
}

// shared is the folder of data that is not part of the project.
const shared = "../../../shared/data"

func TestTPCH(t *testing.T) {
	files, _ := filepath.Glob(shared + "/tpch/queries/*.sql")
	if len(files) == 0 {
		t.Skip("no TPC-H queries in " + shared)
	}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(string(src))
		if err != nil || len(s.Stmts) != 1 {
			t.Fatalf("%s: %v", f, err)
		}
		roundTrip(t, s.Stmts[0])
		checkSpans(t, string(src), reflect.ValueOf(s.Stmts), Span{0, len(src)})
	}
}

func TestSQLLogic(t *testing.T) {
	files, _ := filepath.Glob(shared + "/sqllogictest/*.test")
	if len(files) == 0 {
		t.Skip("no sqllogictest files in " + shared)
	}
	n := 0
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for rec := range strings.SplitSeq(string(data), "\n\n") {
			src, ok := sqlRecord(rec)
			if !ok {
				continue
			}
			s, err := Parse(src)
			if err != nil || len(s.Stmts) != 1 {
				t.Fatalf("%s: %v\n%s", f, err, src)
			}
			roundTrip(t, s.Stmts[0])
			n++
		}
	}
	t.Logf("%d records", n)
	if n < 5000 {
		t.Errorf("only %d records found", n)
	}
}

// sqlRecord returns the SQL of a sqllogictest record that must parse.
func sqlRecord(rec string) (string, bool) {
	lines := strings.Split(strings.TrimSpace(rec), "\n")
	for len(lines) > 0 && (strings.HasPrefix(lines[0], "#") || strings.HasPrefix(lines[0], "onlyif") || strings.HasPrefix(lines[0], "skipif")) {
		lines = lines[1:]
	}
	if len(lines) < 2 || !strings.HasPrefix(lines[0], "query") && lines[0] != "statement ok" {
		return "", false
	}
	src, _, _ := strings.Cut(strings.Join(lines[1:], "\n"), "\n----")
	return src, true
}

func BenchmarkParse(b *testing.B) {
	src := "SELECT a, sum(b * (1 - c)) AS s FROM t JOIN u ON t.k = u.k WHERE d BETWEEN 1 AND 2 AND e LIKE 'x%' GROUP BY a ORDER BY s DESC LIMIT 10"
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := Parse(src); err != nil {
			b.Fatal(err)
		}
	}
}
