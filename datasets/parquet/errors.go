package parquet

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that callers test for.
var (
	// ErrNotParquet marks a file without Parquet's magic bytes.
	ErrNotParquet = errors.New("not a Parquet file")
	// ErrCorrupt marks a file whose content contradicts itself or the format.
	ErrCorrupt = errors.New("corrupt Parquet file")
	// ErrUnsupported marks a feature of the format that is not read.
	ErrUnsupported = errors.New("not supported in Parquet files")
)

// Error says where in a file reading went wrong.
type Error struct {
	File     string
	RowGroup int    // -1: not in one
	Column   string // "": not in one
	Page     int    // -1: not in one; the dictionary page is page 0
	Err      error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.RowGroup >= 0 {
		fmt.Fprintf(&b, " row group %d", e.RowGroup)
	}
	if e.Column != "" {
		b.WriteString(" column " + e.Column)
	}
	if e.Page >= 0 {
		fmt.Fprintf(&b, " page %d", e.Page)
	}
	return b.String() + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// fileError is an Error about a file as a whole.
func fileError(file string, err error) error {
	return &Error{File: file, RowGroup: -1, Page: -1, Err: err}
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}
