//go:build !collide

package invariants

// Collide makes every hash 0, so that all keys collide: of tables, partitions and key groups.
const Collide = false
