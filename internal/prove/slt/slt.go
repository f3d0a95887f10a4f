// Package slt reads sqllogictest files and judges answers by them.
//
// A file is records, separated by blank lines:
//
//	statement ok              query IR rowsort label
//	CREATE TABLE t1(…)        SELECT a, avg(b) FROM t1
//	                          ----
//	                          1
//	                          2.000
//
// The letters after "query" are the columns: I integers, R numbers shown with three decimals, T
// text. nosort compares rows in the order in which they came, rowsort sorts them first, valuesort
// sorts single values. Above a threshold a file holds the MD5 of the values, a line each, in place
// of the values. Queries with the same label must have the same answer.
//
// What it does not do: it runs nothing. Records under onlyif or skipif name the system that they
// are for; Read leaves out those that are not for the system it is given.
//
// Source: D. R. Hipp, "About Sqllogictest", https://sqlite.org/sqllogictest
package slt

import (
	"bufio"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Sort is how the rows of an answer are ordered before they are compared.
type Sort string

// The sorts of a query record.
const (
	NoSort    Sort = "nosort"
	RowSort   Sort = "rowsort"
	ValueSort Sort = "valuesort"
)

// Record is one statement or query.
type Record struct {
	Line  int // of its first line
	SQL   string
	Fails bool   // a statement that must fail
	Types string // a letter for each column; "" for a statement
	Sort  Sort
	Label string
	Want  []string // values row by row, or the one line "30 values hashing to …"
}

// Read returns the records of a file that are meant for system.
func Read(r io.Reader, system string) ([]Record, error) {
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 16<<20)
	var out []Record
	var block []string
	line, from := 0, 0
	flush := func() error {
		if len(block) == 0 {
			return nil
		}
		rec, ok, err := parse(block, system)
		if err != nil {
			return fmt.Errorf("line %d: %w", from, err)
		}
		if ok {
			rec.Line = from
			out = append(out, rec)
		}
		block = block[:0]
		return nil
	}
	for sc.Scan() {
		line++
		text := strings.TrimRight(sc.Text(), " \t\r")
		switch {
		case text == "":
			if err := flush(); err != nil {
				return nil, err
			}
		case strings.HasPrefix(text, "#"):
		case strings.HasPrefix(text, "halt"):
			return out, flush()
		default:
			if len(block) == 0 {
				from = line
			}
			block = append(block, text)
		}
	}
	if err := sc.Err(); err != nil {
		return nil, err
	}
	return out, flush()
}

// parse reads the lines of one record; ok is false for one that is not for system.
func parse(lines []string, system string) (rec Record, ok bool, err error) {
	ok = true
	for len(lines) > 0 {
		f := strings.Fields(lines[0])
		switch f[0] {
		case "onlyif":
			ok = ok && f[1] == system
		case "skipif":
			ok = ok && f[1] != system
		case "hash-threshold": // the form of each answer shows whether it is a hash
		case "statement":
			rec.Fails = len(f) > 1 && f[1] == "error"
			rec.SQL = strings.Join(lines[1:], "\n")
			return rec, ok, nil
		case "query":
			if len(f) < 2 {
				return rec, false, fmt.Errorf("query without types")
			}
			rec.Types, rec.Sort = f[1], NoSort
			if len(f) > 2 {
				rec.Sort = Sort(f[2])
			}
			if len(f) > 3 {
				rec.Label = f[3]
			}
			end := slices.Index(lines, "----")
			if end < 0 {
				return rec, false, fmt.Errorf("query without answer")
			}
			rec.SQL, rec.Want = strings.Join(lines[1:end], "\n"), slices.Clone(lines[end+1:])
			return rec, ok, nil
		default:
			return rec, false, fmt.Errorf("unknown record %q", lines[0])
		}
		lines = lines[1:]
	}
	return rec, false, nil
}

// Arrange orders the rows of an answer as the record asks and returns its values, in one list.
func (r *Record) Arrange(rows [][]string) []string {
	if r.Sort == RowSort {
		slices.SortFunc(rows, slices.Compare)
	}
	values := slices.Concat(rows...)
	if r.Sort == ValueSort {
		slices.Sort(values)
	}
	return values
}

// Judge compares arranged values with the answer in the file. It returns "" when they agree, else
// what differs.
func (r *Record) Judge(values []string) string {
	if len(r.Want) == 1 && strings.Contains(r.Want[0], " values hashing to ") {
		n, sum, _ := strings.Cut(r.Want[0], " values hashing to ")
		if n != strconv.Itoa(len(values)) {
			return fmt.Sprintf("%d values, want %s", len(values), n)
		}
		if got := Hash(values); got != sum {
			return fmt.Sprintf("values %q have hash %s, want %s", head(values), got, sum)
		}
		return ""
	}
	if len(values) != len(r.Want) {
		return fmt.Sprintf("%d values %q, want %d: %q", len(values), head(values), len(r.Want), head(r.Want))
	}
	for i, v := range values {
		if v != r.Want[i] {
			return fmt.Sprintf("value %d is %q, want %q", i, v, r.Want[i])
		}
	}
	return ""
}

func head(values []string) []string { return values[:min(len(values), 40)] }

// Hash is the MD5 of values as the files have it.
func Hash(values []string) string {
	h := md5.New()
	for _, v := range values {
		io.WriteString(h, v)
		io.WriteString(h, "\n")
	}
	return hex.EncodeToString(h.Sum(nil))
}
