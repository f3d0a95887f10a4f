package expr

// LowerMaxColumn bounds the texts of a batch by n bytes until restore is called.
func LowerMaxColumn(n int) (restore func()) {
	was := maxColumn
	maxColumn = n
	return func() { maxColumn = was }
}
