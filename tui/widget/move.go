package widget

// moveRow is the row that a key moves to, of n rows of which height are shown; ok is false for keys
// that move nowhere. The result is a row, or 0 when there is none.
func moveRow[T int | int64](key string, row, n, height T) (to T, ok bool) {
	height = max(height, 2)
	switch key {
	case "j", "down":
		row++
	case "k", "up":
		row--
	case "g g", "home":
		row = 0
	case "G", "end":
		row = n - 1
	case "ctrl+d":
		row += height / 2
	case "ctrl+u":
		row -= height / 2
	case "ctrl+f", "pgdown":
		row += height - 1
	case "ctrl+b", "pgup":
		row -= height - 1
	default:
		return row, false
	}
	return max(0, min(row, n-1)), true
}
