// Package syntax turns SQL text into a syntax tree and back.
//
//	text ──► Scan ──► tokens ──► Parse ──► Script{Stmts} + ErrorList
//	                                           │
//	text ◄──────────── Format ◄────────────────┘
//
// The lexer and the parser are hand-written: recursive descent for statements and queries,
// precedence climbing (Pratt) for expressions with PostgreSQL's precedence. The dialect is
// PostgreSQL's for queries and Flink's for tables and time.
//
// Invariants:
//   - Parse never panics and always ends: nesting is limited to maxDepth, operator chains to
//     maxChain.
//   - One call reports every broken statement: after an error the parser skips to the next
//     semicolon. A statement with an error is left out of the Script, never half built.
//   - Every node knows its byte range in the source (Pos, End).
//   - Parse(Format(n)) is n again, positions aside. Format therefore serves as view text and as
//     the name of unnamed columns.
//
// How errors work inside: the parser keeps the first error of a statement in a field and from then
// on sees only end of input, so every loop ends and every caller unwinds without testing for the
// error (the pattern of bufio.Scanner). While it tests the current token for keywords it remembers
// what it tested; that list gives the "expected …" and "did you mean …" texts their candidates.
//
// The package knows nothing of tables, types or functions: names are resolved by the binder. It
// imports the standard library only.
//
// Sources: PostgreSQL manual, "Operator Precedence" (4.1.6) and appendix C; Flink SQL manual,
// "CREATE statements" and "Windowing TVF".
package syntax
