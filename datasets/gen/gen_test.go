package gen

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// small are arguments that make each table in little time, but more than one split of some.
var small = map[string]string{"sf": "0.02", "events": "300_000", "rows": "3e5"}

func openSmall(t *testing.T, tb Table) Generator {
	t.Helper()
	values := map[string]string{}
	for _, p := range tb.Params {
		if v, ok := small[p.Name]; ok {
			values[p.Name] = v
		}
	}
	g, err := tb.Open(values)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// columnsBut lists the columns of s except free text, which takes time to make.
func columnsBut(s *vec.Schema, suffix string) (cols []int) {
	for i, f := range s.Fields {
		if !strings.HasSuffix(f.Name, suffix) {
			cols = append(cols, i)
		}
	}
	return cols
}

func splits(t *testing.T, s *Source) []dataflow.Split {
	t.Helper()
	out, err := s.Splits(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func openSplit(t *testing.T, s *Source, split dataflow.Split, pos []byte) dataflow.Reader {
	t.Helper()
	r, err := s.Open(context.Background(), split, pos, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// TestEveryTable reads every table through its source and checks shapes, counts and event times.
func TestEveryTable(t *testing.T) {
	for _, tb := range Tables() {
		g := openSmall(t, tb)
		schema := g.Schema()
		cols := columnsBut(schema, "comment")
		s := NewSource(tb.Name, g, cols)
		timed := slices.Index(cols, schema.Index(tb.EventTime))
		if tb.EventTime != "" && timed < 0 {
			t.Fatalf("%s: no column %s", tb.Name, tb.EventTime)
		}
		rows := int64(0)
		for _, split := range splits(t, s) {
			rows += readSplit(t, s, split, timed)
		}
		if want := g.Rows(); tb.Name == "tpch_lineitem" {
			if rows < want*99/100 || rows > want*101/100 {
				t.Errorf("%s: %d rows, about %d expected", tb.Name, rows, want)
			}
		} else if rows != want {
			t.Errorf("%s: %d rows, want %d", tb.Name, rows, want)
		}
	}
}

func readSplit(t *testing.T, s *Source, split dataflow.Split, timed int) (rows int64) {
	t.Helper()
	r := openSplit(t, s, split, nil)
	for {
		b, err := r.Next()
		if err == io.EOF {
			return rows
		}
		if err != nil || b.N == 0 || b.N > vec.MaxRows {
			t.Fatalf("%s: %d rows, %v", split.ID, b.N, err)
		}
		for i, v := range b.Cols {
			if v.Len() < b.N || v.Type != s.Schema().Fields[i].Type {
				t.Fatalf("%s: column %d has %d values of %v for %d rows", split.ID, i, v.Len(), v.Type, b.N)
			}
		}
		if timed >= 0 && slices.Min(b.Cols[timed].I64[:b.N]) < split.MinTime {
			t.Fatalf("%s: an event is before the split's first, %d", split.ID, split.MinTime)
		}
		rows += int64(b.N)
	}
}

func TestGoingOn(t *testing.T) {
	tb, err := Lookup("nexmark_bid")
	if err != nil {
		t.Fatal(err)
	}
	s := NewSource(tb.Name, openSmall(t, *tb), []int{0, 2})
	split := splits(t, s)[1]
	first := openSplit(t, s, split, nil)
	if _, err := first.Next(); err != nil {
		t.Fatal(err)
	}
	second := openSplit(t, s, split, first.Position())
	for {
		a, errA := first.Next()
		b, errB := second.Next()
		if errA != errB {
			t.Fatalf("%v and %v", errA, errB)
		}
		if errA == io.EOF {
			break
		}
		if !slices.Equal(a.Cols[0].I64, b.Cols[0].I64) || !slices.Equal(a.Cols[1].I64, b.Cols[1].I64) {
			t.Fatal("a reader that goes on at a position makes other rows")
		}
	}
	for _, pos := range [][]byte{{1}, make([]byte, 8)} {
		if _, err := s.Open(context.Background(), split, pos, nil); !errors.Is(err, ErrPosition) {
			t.Errorf("position %v: %v", pos, err)
		}
	}
}

func TestArguments(t *testing.T) {
	for _, c := range []struct{ table, name, value, say string }{
		{"tpch_orders", "sf", "0", "between 0.001 and 10000"},
		{"tpch_orders", "sf", "one", "not a number"},
		{"tpch_orders", "sf", "NaN", "not a number"},
		{"tpch_orders", "events", "5", "takes sf"},
		{"nexmark", "events", "-1", "between 0 and"},
		{"nexmark_bid", "events", "1.5", "whole number"},
		{"rows", "groups", "0", "groups 1 or more"},
		{"ysb_campaigns", "events", "1", "takes none"},
	} {
		tb, err := Lookup(c.table)
		if err != nil {
			t.Fatal(err)
		}
		_, err = tb.Open(map[string]string{c.name: c.value})
		if !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s(%s => %s): %v", c.table, c.name, c.value, err)
		}
	}
	if _, err := Lookup("nexmark_bids"); !errors.Is(err, ErrNoTable) || !strings.Contains(err.Error(), "nexmark_bid") {
		t.Errorf("unknown table: %v", err)
	}
}

func TestEmptyTables(t *testing.T) {
	for _, name := range []string{"nexmark", "nexmark_person", "ysb_events"} {
		tb, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		g, err := tb.Open(map[string]string{"events": "0"})
		if err != nil {
			t.Fatal(err)
		}
		if got := splits(t, NewSource(name, g, nil)); len(got) != 0 {
			t.Errorf("%s of 0 events has %d splits", name, len(got))
		}
	}
}
