package expr

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestJSONPath(t *testing.T) {
	const doc = ` { "a" : {"b": [10, {"c d": "x\ty"}, null, [] ]}, "e\"f": true, "a": 2, "": -1.5e3, "ü":"ü" } `
	for _, c := range []struct{ path, want string }{
		{"$", doc[1 : len(doc)-1]},
		{"$.a.b[0]", "10"},
		{"lax $.a.b[1]", `{"c d": "x\ty"}`},
		{"$.a.b[1]['c d']", `"x\ty"`},
		{`$.a["b"][2]`, "null"},
		{"$.a.b[3]", "[]"},
		{`$['e"f']`, "true"},
		{"$['']", "-1.5e3"},
		{"$.ü", `"ü"`},
		{"$.a.b[4]", ""},
		{"$.a.b.c", ""},
		{"$.a[0]", ""},
		{"$.nothing", ""},
	} {
		steps, err := parseJSONPath(c.path)
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
		}
		if got, ok := findJSON([]byte(doc), steps); string(got) != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q %v, want %q", c.path, got, ok, c.want)
		}
	}
	for _, path := range []string{"", "a", "$a", "$.", "$[", "$[x]", "$[-1]", "$.*", "$['a"} {
		if _, err := parseJSONPath(path); !errors.Is(err, ErrArguments) {
			t.Errorf("%q: %v", path, err)
		}
	}
	for _, bad := range []string{"", "{", `{"a"`, `{"a":`, `{"a" 1}`, `{a:1}`, `[1`, `{"b":"x}`, "}", `{"x":1,"a":}`} {
		steps, _ := parseJSONPath("$.a")
		if got, ok := findJSON([]byte(bad), steps); ok {
			t.Errorf("%s: found %q", bad, got)
		}
	}
}

// FuzzFindJSON checks that every document is survived, and that in one that is JSON a value is found where
// the standard library finds it.
func FuzzFindJSON(f *testing.F) {
	f.Add(`{"a":{"b":[1,"x",null]},"c":"\u00e9"}`, "$.a.b[1]")
	f.Add(`[[],{},"\\\"",-1e9]`, "$[2]")
	f.Add(`{"a" : {"":0} }`, "$.a['']")
	f.Fuzz(func(t *testing.T, doc, path string) {
		steps, err := parseJSONPath(path)
		if err != nil {
			return
		}
		value, ok := findJSON([]byte(doc), steps)
		var whole any
		if json.Unmarshal([]byte(doc), &whole) != nil || repeated(doc) {
			return
		}
		want, there := walkJSON(whole, steps)
		if ok != there {
			t.Fatalf("%q in %q: found %v, want %v", path, doc, ok, there)
		}
		if !ok {
			return
		}
		var got any
		if err := json.Unmarshal(value, &got); err != nil {
			t.Fatalf("%q in %q: %q: %v", path, doc, value, err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if string(a) != string(b) {
			t.Fatalf("%q in %q: %s, want %s", path, doc, a, b)
		}
	})
}

func walkJSON(v any, steps []jsonStep) (any, bool) {
	for _, s := range steps {
		switch x := v.(type) {
		case map[string]any:
			part, ok := x[s.key]
			if !s.member || !ok {
				return nil, false
			}
			v = part
		case []any:
			if s.member || s.index >= len(x) {
				return nil, false
			}
			v = x[s.index]
		default:
			return nil, false
		}
	}
	return v, true
}

// repeated tells whether an object of a document may have a member twice: the standard library takes the
// last one, and so would count fewer members than there are.
func repeated(doc string) bool {
	names := map[string]bool{}
	d := json.NewDecoder(strings.NewReader(doc))
	for {
		tok, err := d.Token()
		if err != nil {
			return false
		}
		if s, ok := tok.(string); ok {
			if names[s] {
				return true
			}
			names[s] = true
		}
	}
}
