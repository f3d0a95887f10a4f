// Package tpch compares answers to the queries derived from TPC-H with known ones.
//
// The answers are text, a line each row, fields separated by |. Numbers agree when they are equal as
// decimals; where a column is DOUBLE, when they differ by a billionth of their size at most. Rows
// are compared in order.
//
// What it does not do: it runs nothing; the tests do.
package tpch

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// tolerance is the relative difference that a column of floats may have: sums of 64-bit floats of
// the sizes here lose about 1e-12 with the order of their terms.
const tolerance = 1e-9

// Parse splits the text of an answer into rows; the first line names the columns. NULL is empty.
func Parse(text string) (rows [][]string) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for _, line := range lines[1:] {
		rows = append(rows, strings.Split(line, "|"))
	}
	return rows
}

// Diff is "" when got agrees with want, else the first difference. float tells, for each column,
// whether it holds floats. Columns in skip are not compared.
func Diff(got, want [][]string, float []bool, skip ...int) string {
	for i := range min(len(got), len(want)) {
		if len(got[i]) != len(want[i]) {
			return fmt.Sprintf("row %d has %d columns %q, want %d: %q", i, len(got[i]), got[i], len(want[i]), want[i])
		}
		for c := range got[i] {
			if !slices.Contains(skip, c) && !equal(got[i][c], want[i][c], float[c]) {
				return fmt.Sprintf("row %d column %d is %s, want %s; the row is %q, want %q", i, c, got[i][c], want[i][c], got[i], want[i])
			}
		}
	}
	if len(got) != len(want) {
		return fmt.Sprintf("%d rows, want %d", len(got), len(want))
	}
	return ""
}

func equal(a, b string, float bool) bool {
	if a == b {
		return true
	}
	if float {
		x, err1 := strconv.ParseFloat(a, 64)
		y, err2 := strconv.ParseFloat(b, 64)
		return err1 == nil && err2 == nil && math.Abs(x-y) <= tolerance*max(math.Abs(x), math.Abs(y))
	}
	x, ok1 := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	return ok1 && ok2 && x.Cmp(y) == 0
}
