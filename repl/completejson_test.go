package repl

import (
	"os"
	"strings"
	"testing"
)

// TestCompleteJSON completes names of fields from the documents that are there.
func TestCompleteJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	doc := `{"id":1,"payload":{"user":{"name":"ann","tags":["x",{"deep":true}]},"amount":3}}
{"id":2,"payload":{"user":{"name":"bob","odd name":null},"amount":"many"}}
`
	if err := os.WriteFile("ev.ndjson", []byte(doc), 0o644); err != nil {
		t.Fatal(err)
	}
	s, _ := memSession(t)
	for _, c := range []struct {
		text string
		want string // "field: detail" of each, in order
	}{
		{"SELECT payload->'|' FROM 'ev.ndjson'", "amount: mixed 3, in 2 of 2 rows; user: object {\"name\":\"ann\",\"tags\":[\"x\",{\"deep\":true}]}, in 2 of 2 rows"},
		{"SELECT payload->>'am| FROM 'ev.ndjson'", "amount: mixed 3, in 2 of 2 rows"}, // the quote is still open
		{"SELECT payload->>'am|' FROM 'ev.ndjson'", "amount: mixed 3, in 2 of 2 rows"},
		{"SELECT payload->'user'->'|' FROM 'ev.ndjson'", "name: string \"ann\", in 2 of 2 rows; odd name: null, in 1 of 2 rows; tags: array [\"x\",{\"deep\":true}], in 1 of 2 rows"},
		{"SELECT payload->'user'->'tags'->1->>'|' FROM 'ev.ndjson'", "deep: boolean true, in 1 of 2 rows"},
		{"SELECT e.payload -> | FROM 'ev.ndjson' e", "'amount': mixed 3, in 2 of 2 rows; 'user': object {\"name\":\"ann\",\"tags\":[\"x\",{\"deep\":true}]}, in 2 of 2 rows"},
		{"SELECT json_value(payload, '$.user.na|') FROM 'ev.ndjson'", "$.user.name: string \"ann\", in 2 of 2 rows"},
		{"SELECT json_query(payload, '$|') FROM 'ev.ndjson'", "$.amount: mixed 3, in 2 of 2 rows; $.user: object {\"name\":\"ann\",\"tags\":[\"x\",{\"deep\":true}]}, in 2 of 2 rows"},
		{"SELECT json_exists(payload, '$.user.odd|') FROM 'ev.ndjson'", "$.user.\"odd name\": null, in 1 of 2 rows"},
		{"SELECT json_exists(payload, '$.user.tags[1].|') FROM 'ev.ndjson'", "$.user.tags[1].deep: boolean true, in 1 of 2 rows"},
		{"SELECT payload->'amount'->'|' FROM 'ev.ndjson'", ""},
		{"SELECT nope->'|' FROM 'ev.ndjson'", ""},
		{"SELECT id->'|' FROM 'ev.ndjson'", ""},
	} {
		_, list := completions(t, s, c.text)
		var got []string
		for _, x := range list {
			if x.Kind != KindField {
				t.Errorf("%s: a %s", c.text, x.Kind)
			}
			got = append(got, x.Text+": "+x.Detail)
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.text, strings.Join(got, "; "), c.want)
		}
	}
	if len(s.Results()) > 0 {
		t.Errorf("the samples became results")
	}
}
