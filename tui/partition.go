package tui

import (
	"strings"

	"github.com/riffle-io/riffle/tui/canvas"
)

// shortName is what tells a partition from the others of its topic.
func shortName(name string) string {
	if i := strings.LastIndexAny(name, "/ "); i >= 0 && i < len(name)-1 {
		return name[i+1:]
	}
	return name
}

// partitionWord says what a partition does to the watermark.
func partitionWord(holds, idle, ended bool) (string, canvas.Style) {
	switch {
	case holds:
		return "HOLD", canvas.Warn
	case idle:
		return "IDLE", canvas.Warn
	case ended:
		return "END", canvas.Dim
	}
	return "ok", canvas.Dim
}

// remarkableFirst puts the partitions that are remarkable before the others.
func remarkableFirst[P any](in []P, remarkable func(P) bool) []P {
	var first, rest []P
	for _, p := range in {
		if remarkable(p) {
			first = append(first, p)
		} else {
			rest = append(rest, p)
		}
	}
	return append(first, rest...)
}
