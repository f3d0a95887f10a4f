// Package sql binds syntax trees to logical plans: names become columns, types are checked, and
// subqueries become joins.
//
//	text ── syntax.Parse ──► tree ── Bind(stmt, catalog) ──► Statement{Plan} ──► optimizer
//
// How a SELECT is bound:
//
//	FROM ─► WHERE ─► GROUP BY ─► HAVING ─► select list ─► DISTINCT ─► ORDER BY ─► LIMIT
//
// A relation is the plan so far with the names of its columns. Binding an expression may widen the
// relation: a scalar subquery is cross joined to it, IN in an expression becomes a mark join, and
// the short GROUP BY TUMBLE(…) appends the bounds of the window. New columns only ever come behind
// the old ones, so expressions that are bound already stay valid.
//
// In a grouped query expressions are bound over the input of the aggregation, with marks (column
// numbers from aggBase and pendBase) in the place of aggregates and subqueries. Then whatever equals
// a grouping expression is replaced by the key's column; a column of the input that is left over is
// the mistake "must appear in the GROUP BY clause".
//
// Correlated subqueries: conjuncts of the subquery's WHERE may use columns of the query around it
// (numbers from outerBase). They are pulled up into the condition of the join that the subquery
// becomes: EXISTS and IN become semi, anti or mark joins; a correlated aggregate becomes a left
// join on the subquery grouped by its side of the equalities, or, when the correlation is another
// comparison, grouped by the distinct outer values (T. Neumann, A. Kemper, "Unnesting Arbitrary
// Queries", BTW 2015).
//
// Names, scopes, defaults of column names and the wording of errors follow PostgreSQL; windows of
// time follow Flink. Every error is a *syntax.Error with its place in the text.
//
// What it does not do: it opens nothing (tables come from a Catalog), and it does not optimise
// beyond what needs the text, such as giving literals the type of the column they are compared with.
package sql
