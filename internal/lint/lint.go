// Package lint holds the rules of the house as tests; it has no code of its own.
//
//   - imports_test.go: the table of who may import whom. The graph comes from `go list`; a package
//     that no row covers fails too, so that every new package gets a decision.
//   - source_test.go: every package has a package comment, and no file has a note of work left
//     undone.
//
// To add a package, add a row to the table with the least it needs. An interface is declared where
// it is used, and a shared type that forces a cycle moves down as vocabulary, so most new edges
// point to a design question rather than to a missing entry.
package lint
