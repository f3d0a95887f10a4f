package repl

import (
	"context"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/datasets/gen"
	"github.com/riffle-io/riffle/sql/syntax"
)

// The kinds of completions.
const (
	KindColumn   = "column"
	KindTable    = "table"
	KindView     = "view"
	KindResult   = "result"
	KindFunction = "function"
	KindKeyword  = "keyword"
	KindFile     = "file"
	KindDir      = "dir"
	KindSetting  = "setting"
	KindAlias    = "alias"
	KindTopic    = "topic"
	KindField    = "field" // of a JSON column
)

// Completion is one way to go on.
type Completion struct {
	Text   string // takes the place of the text from the returned offset to the cursor
	Kind   string
	Detail string // type of a column, arguments of a function
	score  int    // smaller is better
}

// maxCompletions is how many completions a list has at most.
const maxCompletions = 200

// Complete lists how the text may go on at byte pos, best first; from is where the word that it
// takes the place of begins. Which names fit depends on the clause: behind FROM tables and files,
// elsewhere the columns of this query's own FROM, found by binding it. Opening what FROM names may
// take time; ctx bounds it.
func (s *Session) Complete(ctx context.Context, text string, pos int) (from int, list []Completion) {
	pos = min(max(pos, 0), len(text))
	c := newCursor(text, pos)
	if p, ok := c.jsonPlace(); ok {
		return c.wordAt, s.completeJSON(ctx, c, p)
	}
	if c.inString {
		return c.wordAt, s.completePath(c)
	}
	if c.none {
		return pos, nil
	}
	b := &completer{s: s, ctx: ctx, c: c, prefix: strings.ToLower(c.word)}
	b.collect()
	sort.SliceStable(b.list, func(i, j int) bool {
		if b.list[i].score != b.list[j].score {
			return b.list[i].score < b.list[j].score
		}
		return b.list[i].Text < b.list[j].Text
	})
	b.list = slices.CompactFunc(b.list, func(x, y Completion) bool { return x.Text == y.Text && x.Kind == y.Kind })
	return c.wordAt, b.list[:min(len(b.list), maxCompletions)]
}

// completer collects what fits at a cursor.
type completer struct {
	s      *Session
	ctx    context.Context
	c      *cursor
	prefix string // lower case
	list   []Completion
}

// Ranks of groups: what comes first when the word says nothing yet.
const (
	rankTime     = 0 // event time, in a window function
	rankColumn   = 10
	rankAlias    = 12
	rankTable    = 10
	rankNext     = 20 // the keywords that often follow here
	rankFunction = 30
	rankFile     = 15
	rankKeyword  = 50
)

// add puts a completion on the list when the word fits it.
func (b *completer) add(text, match, kind, detail string, rank int) {
	m := matchRank(b.prefix, strings.ToLower(match))
	if m < 0 {
		return
	}
	b.list = append(b.list, Completion{Text: text, Kind: kind, Detail: detail, score: m*100 + rank})
}

// matchRank is how well a word that was typed fits a name: 0 its beginning, 1 the beginning of one
// of its parts, 2 its letters in order, -1 not at all.
func matchRank(typed, name string) int {
	switch {
	case strings.HasPrefix(name, typed):
		return 0
	case strings.Contains(name, "_"+typed), strings.Contains(name, "."+typed), strings.Contains(name, "/"+typed):
		return 1
	case len(typed) > 1 && name != "" && typed[0] == name[0] && subsequence(typed, name):
		return 2
	}
	return -1
}

func (b *completer) collect() {
	if q := b.qualifier(); q != nil {
		b.qualified(q)
		return
	}
	cl, _ := b.c.clause()
	switch cl {
	case atStart:
		b.keywords(rankNext, "SELECT", "WITH", "CREATE", "INSERT INTO", "EXPLAIN", "DESCRIBE", "SHOW", "SET", "COPY", "DROP", "RESET", "VALUES")
		return
	case atExplain:
		b.keywords(rankNext, "SELECT", "WITH", "ANALYZE", "ALL", "VALUES", "INSERT INTO")
		return
	case atFrom:
		b.tables()
		b.files()
		b.keywords(rankKeyword, "LATERAL", "TABLE", "SELECT", "TUMBLE", "HOP", "CUMULATE")
		return
	case atTarget:
		b.tables()
		return
	case atTable:
		b.keywords(rankNext, "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "JOIN", "LEFT JOIN", "ON", "AS", "HAVING", "UNION ALL", "CROSS JOIN", "USING", "VALUES", "SELECT", "WITH")
		return
	case atSet:
		for _, st := range settings {
			b.add(st.name, st.name, KindSetting, st.doc, rankColumn)
		}
		return
	case atShow:
		b.keywords(rankNext, "TABLES", "VIEWS", "FUNCTIONS", "ALL")
		return
	case atCreate:
		b.keywords(rankNext, "TABLE", "VIEW", "OR REPLACE", "INTO", "IF EXISTS", "IF NOT EXISTS", "WITH", "TO", "WATERMARK FOR", "VARCHAR", "BIGINT", "INTEGER", "DOUBLE", "TIMESTAMP", "DATE", "BOOLEAN", "DECIMAL")
		b.tables()
		return
	case atLimit:
		b.keywords(rankNext, "OFFSET", "UNION ALL")
		return
	}
	b.values(cl)
}

// values lists what an expression can be made of: columns first.
func (b *completer) values(cl clause) {
	rel := b.s.scopeOf(b.ctx, b.c)
	if _, from := b.c.fromClause(); from == "" {
		b.openColumns()
	}
	window := b.inWindow()
	for _, col := range rel.columns() {
		rank := rankColumn
		switch {
		case window && col.time:
			rank = rankTime
		case col.hidden:
			rank = rankFunction
		}
		text := quoteName(col.name)
		if col.ambiguous {
			text = quoteName(col.table) + "." + text
		}
		detail := col.typ
		if col.watermark {
			detail += ", event time"
		}
		b.add(text, col.name, KindColumn, detail, rank)
	}
	for _, a := range rel.aliases() {
		b.add(quoteName(a), a, KindAlias, "table", rankAlias)
	}
	if cl == atOrder || cl == atGroup || cl == atHaving {
		for _, a := range b.c.outputNames() {
			b.add(quoteName(a), a, KindAlias, "of this query", rankColumn-1)
		}
	}
	b.functions()
	switch cl {
	case atValue:
		b.keywords(rankNext, "FROM", "AS", "DISTINCT", "CASE")
	case atWhere, atOn, atHaving:
		b.keywords(rankNext, "AND", "OR", "NOT", "IS NULL", "IS NOT NULL", "IN", "BETWEEN", "LIKE", "GROUP BY", "ORDER BY", "LIMIT")
	case atGroup:
		b.keywords(rankNext, "BY", "HAVING", "ORDER BY", "LIMIT", "TUMBLE", "HOP")
	case atOrder:
		b.keywords(rankNext, "BY", "DESC", "ASC", "NULLS LAST", "NULLS FIRST", "LIMIT")
	}
	b.keywords(rankKeyword, syntax.Keywords()...)
}

// openColumns lists the columns of tables that are open anyway: those of the command line and in
// memory. They are what a query may read that has no FROM yet.
func (b *completer) openColumns() {
	c := b.s.cat
	c.mu.RLock()
	defer c.mu.RUnlock()
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(c.tables)) {
		d := c.tables[name]
		t := d.table
		if d.mem != nil {
			t = d.mem
		}
		if t == nil {
			continue
		}
		for _, f := range t.Schema().Fields {
			if !seen[f.Name] {
				seen[f.Name] = true
				b.add(quoteName(f.Name), f.Name, KindColumn, f.Type.String()+" of "+name, rankColumn)
			}
		}
	}
}

// inWindow tells whether the cursor is in the arguments of a window function.
func (b *completer) inWindow() bool {
	depth := 0
	for i := len(b.c.before) - 1; i > 0; i-- {
		t := b.c.before[i]
		if t.Kind != syntax.TokOp {
			continue
		}
		switch t.Text {
		case ")":
			depth++
		case "(":
			if depth--; depth < 0 {
				switch b.c.before[i-1].Text {
				case "tumble", "hop", "cumulate", "descriptor":
					return true
				}
				return false
			}
		}
	}
	return false
}

func (b *completer) functions() {
	for _, f := range expr.Funcs() {
		if !f.Infix {
			b.add(f.Name+"(", f.Name, KindFunction, f.Args, rankFunction)
		}
	}
	for _, f := range expr.AggFuncs() {
		b.add(f.Name+"(", f.Name, KindFunction, f.Args+" (aggregate)", rankFunction-1)
	}
}

func (b *completer) keywords(rank int, words ...string) {
	if b.prefix == "" && rank == rankKeyword {
		return
	}
	for _, w := range words {
		b.add(w, w, KindKeyword, "", rank)
	}
}

// tables lists what FROM may name.
func (b *completer) tables() {
	b.s.cat.mu.RLock()
	for n, d := range b.s.cat.tables {
		detail := "table"
		if d.def != nil && d.def.Options["connector"] != "" {
			detail = d.def.Options["connector"]
		} else if d.def == nil {
			detail = d.table.Name()
		}
		b.add(n, n, KindTable, detail, rankTable)
	}
	for n := range b.s.cat.views {
		b.add(n, n, KindView, "view", rankTable)
	}
	b.s.cat.mu.RUnlock()
	for _, n := range b.c.withNames() {
		b.add(quoteName(n), n, KindTable, "of this query", rankTable-1)
	}
	for _, r := range b.s.Results() {
		b.add(r.Name(), r.Name(), KindResult, "result", rankNext)
	}
	for _, t := range gen.Tables() {
		b.add("gen."+t.Name, "gen."+t.Name, KindTable, "generated", rankFunction)
	}
}

// qualifier is the names before the dot that the word follows; nil without.
func (b *completer) qualifier() []string {
	var out []string
	i := len(b.c.before) - 1
	for i >= 1 && b.c.before[i].Kind == syntax.TokOp && b.c.before[i].Text == "." {
		t := b.c.before[i-1]
		if t.Kind != syntax.TokIdent && t.Kind != syntax.TokQuoted {
			return nil
		}
		out = append([]string{t.Text}, out...)
		i -= 2
	}
	return out
}

// qualified lists what may follow a dot: columns of a table, tables of a schema.
func (b *completer) qualified(q []string) {
	last := q[len(q)-1]
	cl, _ := b.c.clause()
	if cl == atFrom || cl == atTarget {
		full := strings.Join(q, ".") + "."
		for _, n := range b.s.cat.Names() {
			if rest, ok := strings.CutPrefix(n, full); ok {
				b.add(rest, rest, KindTable, "", rankTable)
			}
		}
		return
	}
	for _, col := range b.s.scopeOf(b.ctx, b.c).columns() {
		if strings.EqualFold(col.table, last) {
			b.add(quoteName(col.name), col.name, KindColumn, col.typ, rankColumn)
		}
	}
	b.add("*", "*", KindKeyword, "all columns", rankNext)
}

// quoteName is a name as SQL writes it.
func quoteName(n string) string {
	plain := n != "" && !syntax.IsReserved(n)
	for i, r := range n {
		if !(r == '_' || r >= 'a' && r <= 'z' || i > 0 && r >= '0' && r <= '9') {
			plain = false
		}
	}
	if plain {
		return n
	}
	return `"` + strings.ReplaceAll(n, `"`, `""`) + `"`
}
