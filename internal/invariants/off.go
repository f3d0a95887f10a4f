//go:build !invariants && !race

package invariants

// Enabled tells that this is a test build.
const Enabled = false
