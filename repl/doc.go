// Package repl is a session: statements in, results and notices out.
//
//	text ── syntax ─► sql.Bind ─► optimizer ─► exec ─► render ─► stdout
//	          ▲ Catalog: declared tables, views, files, topics, generators
//
// A Session keeps what statements declare and set. It is what the command line, the line REPL and
// the terminal screens drive; none of them knows the engine.
//
// What it does not do: it parses no flags and owns no terminal.
package repl
