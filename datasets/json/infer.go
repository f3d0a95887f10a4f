package json

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
)

// Infer finds the columns of a sample of records: the fields of their outer objects in order of
// first appearance, each with the narrowest type that fits all its values: BOOLEAN, BIGINT, DOUBLE,
// TIMESTAMP or DATE (text that reads so throughout), JSON for nested values, else VARCHAR.
func Infer(records [][]byte) (*vec.Schema, error) {
	var order []string
	types := map[string]vec.Type{}
	for n, rec := range records {
		dec := json.NewDecoder(strings.NewReader(string(rec)))
		dec.UseNumber()
		tok, err := dec.Token()
		if err != nil || tok != json.Delim('{') {
			return nil, fmt.Errorf("%w: record %d of the sample is not an object", ErrSyntax, n+1)
		}
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				return nil, fmt.Errorf("%w: record %d of the sample: %w", ErrSyntax, n+1, err)
			}
			var raw any
			if err := dec.Decode(&raw); err != nil {
				return nil, fmt.Errorf("%w: record %d of the sample: %w", ErrSyntax, n+1, err)
			}
			name := key.(string)
			old, known := types[name]
			if !known {
				order = append(order, name)
			}
			types[name] = widen(old, typeOf(raw), known)
		}
	}
	s := &vec.Schema{}
	for _, name := range order {
		t := types[name]
		if t.Kind == vec.Null {
			t = vec.TString
		}
		s.Fields = append(s.Fields, vec.Field{Name: name, Type: t})
	}
	return s, nil
}

func typeOf(v any) vec.Type {
	switch v := v.(type) {
	case nil:
		return vec.TNull
	case bool:
		return vec.TBool
	case json.Number:
		if _, err := v.Int64(); err == nil {
			return vec.TInt64
		}
		return vec.TFloat64
	case string:
		return TextType(v)
	}
	return vec.TJSON
}

// TextType is the type that a text looks like: DATE, TIMESTAMP or VARCHAR.
func TextType(s string) vec.Type {
	if len(s) < 8 || s[0] < '0' || s[0] > '9' {
		return vec.TString
	}
	if _, ok := expr.ParseTimestamp(s); !ok {
		return vec.TString
	}
	if strings.ContainsAny(s, ":") {
		return vec.TTimestamp
	}
	return vec.TDate
}

func widen(a, b vec.Type, known bool) vec.Type {
	switch {
	case !known || a.Kind == vec.Null || a == b:
		return b
	case b.Kind == vec.Null:
		return a
	case a.IsNumeric() && b.IsNumeric():
		return vec.TFloat64
	case a.Kind == vec.Date && b.Kind == vec.Timestamp, a.Kind == vec.Timestamp && b.Kind == vec.Date:
		return vec.TTimestamp
	}
	return vec.TString
}
