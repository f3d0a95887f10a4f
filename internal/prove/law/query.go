package law

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator writes random queries. Every column of a relation has a name of its own, so that
// relations nest without qualifiers.
type generator struct {
	r     *rand.Rand
	next  int
	parts []string // every query that became part of another, and the last one
}

// kind is the type of a generated column.
type kind byte

const (
	number  kind = 'n' // integers
	decimal kind = 'd'
	text    kind = 's'
	moment  kind = 't'
)

type column struct {
	name string
	kind kind
}

// relation is a query in text and what it returns.
type relation struct {
	sql  string
	cols []column
}

func (g *generator) name() string {
	g.next++
	return fmt.Sprintf("c%d", g.next)
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// base reads one of some tables, its columns renamed.
func (g *generator) base(tables ...string) relation {
	var out relation
	var items []string
	for i, k := range []kind{number, number, number, decimal, text, moment} {
		c := column{g.name(), k}
		items = append(items, columns.Fields[i].Name+" AS "+c.name)
		out.cols = append(out.cols, c)
	}
	out.sql = fmt.Sprintf("SELECT %s FROM %s", strings.Join(items, ", "), pick(g.r, tables))
	return out
}

// relation nests up to depth operations.
func (g *generator) relation(depth int) relation {
	out := g.any(depth)
	g.parts = append(g.parts, out.sql)
	return out
}

func (g *generator) any(depth int) relation {
	if depth == 0 {
		return g.base("a", "b", "e")
	}
	switch g.r.IntN(13) {
	case 0, 1:
		return g.filter(depth)
	case 2:
		return g.project(depth)
	case 3, 4:
		return g.join(depth)
	case 5:
		return g.half(depth)
	case 6, 7:
		return g.group(depth)
	case 8:
		return g.distinct(depth)
	case 9:
		return g.union(depth)
	case 10:
		return g.top(depth)
	case 11:
		return g.star()
	}
	return g.window()
}

func (g *generator) filter(depth int) relation {
	in := g.relation(depth - 1)
	return relation{fmt.Sprintf("SELECT * FROM (%s) WHERE %s", in.sql, g.predicate(in.cols, 2)), in.cols}
}

func (g *generator) of(cols []column, k kind) (string, bool) {
	var have []string
	for _, c := range cols {
		if c.kind == k {
			have = append(have, c.name)
		}
	}
	if len(have) == 0 {
		return "", false
	}
	return pick(g.r, have), true
}

// value is an expression of integers over cols.
func (g *generator) value(cols []column, depth int) string {
	c, ok := g.of(cols, number)
	if !ok || g.r.IntN(6) == 0 {
		return fmt.Sprint(g.r.IntN(20) - 5)
	}
	if depth == 0 {
		return c
	}
	other := g.value(cols, depth-1)
	switch g.r.IntN(8) {
	case 0:
		return fmt.Sprintf("(%s + %s)", c, other)
	case 1:
		return fmt.Sprintf("(%s - %s)", c, other)
	case 2:
		return fmt.Sprintf("(%s %% 7)", c)
	case 3:
		return fmt.Sprintf("coalesce(%s, %s)", c, other)
	case 4:
		return fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", g.predicate(cols, depth-1), c, other)
	case 5:
		return fmt.Sprintf("abs(%s)", c)
	}
	return c
}

func (g *generator) predicate(cols []column, depth int) string {
	if depth > 0 && g.r.IntN(3) == 0 {
		l, r := g.predicate(cols, depth-1), g.predicate(cols, depth-1)
		return pick(g.r, []string{
			fmt.Sprintf("(%s AND %s)", l, r), fmt.Sprintf("(%s OR %s)", l, r), fmt.Sprintf("NOT %s", l),
		})
	}
	c := pick(g.r, cols)
	if g.r.IntN(6) == 0 {
		return fmt.Sprintf("(%s IS %sNULL)", c.name, pick(g.r, []string{"", "NOT "}))
	}
	op := pick(g.r, []string{"=", "<>", "<", "<=", ">", ">="})
	switch c.kind {
	case decimal:
		return fmt.Sprintf("(%s %s %d.5)", c.name, op, g.r.IntN(1000))
	case text:
		return pick(g.r, []string{fmt.Sprintf("(%s %s 'ab')", c.name, op), fmt.Sprintf("(%s LIKE '%%b%%')", c.name), fmt.Sprintf("(%s IN ('a', 'abc', ''))", c.name)})
	case moment:
		return fmt.Sprintf("(%s %s TIMESTAMP '1970-01-12 13:50:00')", c.name, op)
	}
	if g.r.IntN(4) == 0 {
		return fmt.Sprintf("(%s BETWEEN %d AND %d)", c.name, g.r.IntN(5)-5, g.r.IntN(10))
	}
	return fmt.Sprintf("(%s %s %s)", c.name, op, g.value(cols, 1))
}

func (g *generator) project(depth int) relation {
	in := g.relation(depth - 1)
	var out relation
	var items []string
	for range 1 + g.r.IntN(3) {
		c := column{g.name(), number}
		items = append(items, g.value(in.cols, 2)+" AS "+c.name)
		out.cols = append(out.cols, c)
	}
	for _, c := range in.cols {
		if g.r.IntN(2) == 0 {
			items, out.cols = append(items, c.name), append(out.cols, c)
		}
	}
	out.sql = fmt.Sprintf("SELECT %s FROM (%s)", strings.Join(items, ", "), in.sql)
	return out
}

// on equates a column of each side, and sometimes demands more.
func (g *generator) on(l, r relation) string {
	for range 20 {
		c := pick(g.r, l.cols)
		if o, ok := g.of(r.cols, c.kind); ok {
			cond := fmt.Sprintf("%s = %s", c.name, o)
			if g.r.IntN(3) == 0 {
				cond += " AND " + g.predicate(append(append([]column{}, l.cols...), r.cols...), 1)
			}
			return cond
		}
	}
	return g.predicate(append(append([]column{}, l.cols...), r.cols...), 1)
}

func (g *generator) join(depth int) relation {
	l, r := g.relation(depth-1), g.relation(g.r.IntN(depth))
	kind := pick(g.r, []string{"JOIN", "JOIN", "LEFT JOIN"})
	return g.narrow(relation{fmt.Sprintf("SELECT * FROM (%s) %s (%s) ON %s", l.sql, kind, r.sql, g.on(l, r)), append(append([]column{}, l.cols...), r.cols...)})
}

// narrow keeps at most eight columns, so that nested joins stay readable.
func (g *generator) narrow(in relation) relation {
	if len(in.cols) <= 8 {
		return in
	}
	var names []string
	g.r.Shuffle(len(in.cols), func(i, k int) { in.cols[i], in.cols[k] = in.cols[k], in.cols[i] })
	in.cols = in.cols[:8]
	for _, c := range in.cols {
		names = append(names, c.name)
	}
	in.sql = fmt.Sprintf("SELECT %s FROM (%s)", strings.Join(names, ", "), in.sql)
	return in
}

// half is a join that keeps rows of the left only: IN, EXISTS, comparison with a scalar.
func (g *generator) half(depth int) relation {
	l, r := g.relation(depth-1), g.relation(g.r.IntN(depth))
	ln, ok1 := g.of(l.cols, number)
	rn, ok2 := g.of(r.cols, number)
	if !ok1 || !ok2 {
		return l
	}
	not := pick(g.r, []string{"", "", "NOT "})
	cond := pick(g.r, []string{
		fmt.Sprintf("%s %sIN (SELECT %s FROM (%s))", ln, not, rn, r.sql),
		fmt.Sprintf("%sEXISTS (SELECT 1 FROM (%s) WHERE %s = %s)", not, r.sql, rn, ln),
		fmt.Sprintf("%s < (SELECT avg(%s) FROM (%s))", ln, rn, r.sql),
		fmt.Sprintf("(%s > 3 OR %s IN (SELECT %s FROM (%s)))", ln, ln, rn, r.sql),
	})
	return relation{fmt.Sprintf("SELECT * FROM (%s) WHERE %s", l.sql, cond), l.cols}
}

// aggregates are calls over cols that do not depend on the order of rows.
func (g *generator) aggregates(cols []column) (items []string, out []column) {
	add := func(call string, k kind) {
		c := column{g.name(), k}
		items, out = append(items, call+" AS "+c.name), append(out, c)
	}
	add("count(*)", number)
	for range 1 + g.r.IntN(3) {
		c := pick(g.r, cols)
		if g.r.IntN(4) == 0 {
			add(fmt.Sprintf("count(DISTINCT %s)", c.name), number)
			continue
		}
		filter := ""
		if g.r.IntN(4) == 0 {
			filter = fmt.Sprintf(" FILTER (WHERE %s)", g.predicate(cols, 0))
		}
		call := pick(g.r, []string{"min", "max", "count", "sum"})
		switch {
		case call == "count":
			add(fmt.Sprintf("count(%s)%s", c.name, filter), number)
		case call != "sum":
			add(fmt.Sprintf("%s(%s)%s", call, c.name, filter), c.kind)
		case c.kind == number:
			add(fmt.Sprintf("CAST(sum(%s)%s %% 1000 AS BIGINT)", c.name, filter), number)
		case c.kind == decimal:
			add(fmt.Sprintf("CAST(sum(%s)%s AS DECIMAL(30,2))", c.name, filter), 'x')
		}
	}
	return items, out
}

func (g *generator) group(depth int) relation {
	in := g.relation(depth - 1)
	var keys, items []string
	var out relation
	for range g.r.IntN(3) {
		c := pick(g.r, in.cols)
		k := column{g.name(), c.kind}
		keys, items, out.cols = append(keys, c.name), append(items, c.name+" AS "+k.name), append(out.cols, k)
	}
	aggs, cols := g.aggregates(in.cols)
	out.cols = append(out.cols, cols...)
	out.sql = fmt.Sprintf("SELECT %s FROM (%s)", strings.Join(append(items, aggs...), ", "), in.sql)
	if len(keys) > 0 {
		out.sql += " GROUP BY " + strings.Join(keys, ", ")
		if g.r.IntN(3) == 0 {
			out.sql += " HAVING count(*) > 1"
		}
	}
	return out
}

// star joins a table with a smaller one by one key, and groups by columns of that one with aggregates of
// the first, as reports do.
func (g *generator) star() relation {
	l, r := g.base("a"), g.base("b", "e", "e")
	col := g.r.IntN(3)
	aggs, cols := g.aggregates(l.cols)
	key := pick(g.r, append(append([]column{}, l.cols...), r.cols...))
	k := column{g.name(), key.kind}
	return relation{fmt.Sprintf("SELECT %s AS %s, %s FROM (%s) JOIN (%s) ON %s = %s GROUP BY %s",
		key.name, k.name, strings.Join(aggs, ", "), l.sql, r.sql, l.cols[col].name, r.cols[col].name, key.name), append([]column{k}, cols...)}
}

func (g *generator) distinct(depth int) relation {
	in := g.relation(depth - 1)
	c, o := pick(g.r, in.cols), pick(g.r, in.cols)
	a, b := column{g.name(), c.kind}, column{g.name(), o.kind}
	return relation{fmt.Sprintf("SELECT DISTINCT %s AS %s, %s AS %s FROM (%s)", c.name, a.name, o.name, b.name, in.sql), []column{a, b}}
}

func (g *generator) union(depth int) relation {
	l, r := g.relation(depth-1), g.relation(g.r.IntN(depth))
	a, ok1 := g.of(l.cols, number)
	b, ok2 := g.of(r.cols, number)
	if !ok1 || !ok2 {
		return l
	}
	c := column{g.name(), number}
	return relation{fmt.Sprintf("SELECT %s AS %s FROM (%s) UNION ALL SELECT %s FROM (%s)", a, c.name, l.sql, b, r.sql), []column{c}}
}

// top is the first rows in an order of all columns, which leaves no choice.
func (g *generator) top(depth int) relation {
	in := g.relation(depth - 1)
	var keys []string
	for _, c := range in.cols {
		keys = append(keys, c.name+pick(g.r, []string{"", " DESC", " NULLS FIRST", " DESC NULLS LAST"}))
	}
	in.sql = fmt.Sprintf("SELECT * FROM (%s) ORDER BY %s LIMIT %d OFFSET %d", in.sql, strings.Join(keys, ", "), g.r.IntN(30), g.r.IntN(4))
	in.sql = "SELECT * FROM (" + in.sql + ")"
	return in
}

// windowOf is a call of TUMBLE or HOP.
func (g *generator) windowOf(table string) string {
	if g.r.IntN(2) == 0 {
		return fmt.Sprintf("TUMBLE(TABLE %s, DESCRIPTOR(ts), INTERVAL '%d' SECOND)", table, 1+g.r.IntN(90))
	}
	size := 2 + g.r.IntN(60)
	return fmt.Sprintf("HOP(TABLE %s, DESCRIPTOR(ts), INTERVAL '%d' SECOND, INTERVAL '%d' SECOND)", table, 1+g.r.IntN(size), size)
}

// window aggregates a table by windows of event time.
func (g *generator) window() relation {
	aggs, cols := g.aggregates([]column{{"k", number}, {"g", number}, {"v", number}, {"d", decimal}, {"s", text}})
	start, key := column{g.name(), moment}, column{g.name(), number}
	sql := fmt.Sprintf("SELECT window_start AS %s, g AS %s, %s FROM %s GROUP BY window_start, window_end, g",
		start.name, key.name, strings.Join(aggs, ", "), g.windowOf(pick(g.r, []string{"a", "b", "e"})))
	return relation{sql, append([]column{start, key}, cols...)}
}
