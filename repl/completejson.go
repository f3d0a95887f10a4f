package repl

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/sql/syntax"
)

// Completion inside JSON columns: what stands in quotes behind -> and ->>, and in the paths of
// json_value, json_query and json_exists, is a field of the documents that the query's FROM has in
// that column. A schema does not know those, so a few rows are read.
//
//	payload -> 'user' ->> 'na|         path [user], typed na
//	json_value(payload, '$.user.na|    the same; the completion is the whole path

// How much is read of a column to learn its fields. A topic may be silent, so time bounds it too.
const (
	jsonSampleRows = 200
	jsonSampleTime = 800 * time.Millisecond
)

// jsonPlace is a place in a JSON column where the name of a field is expected.
type jsonPlace struct {
	column string   // as SQL text: payload, o.payload, "Pay Load"
	steps  []string // into the document: names of fields, numbers of elements
	typed  string   // of the field's name
	before string   // what a completion begins with: "$.user." of a path, "'" where no quote is yet
	after  string   // and ends with
}

// jsonPlace tells whether the cursor is at a field of a JSON column.
func (c *cursor) jsonPlace() (p jsonPlace, ok bool) {
	prev := c.last(1)
	switch {
	case prev.Kind == syntax.TokOp && (prev.Text == "->" || prev.Text == "->>") && (c.inString || c.word == ""):
		if c.inString {
			p.typed = c.word
		} else {
			p.before, p.after = "'", "'"
		}
		p.column, p.steps, ok = c.jsonChain(len(c.before) - 1)
	case prev.Kind == syntax.TokOp && prev.Text == "," && c.inString && strings.HasPrefix(c.word, "$"):
		open := len(c.before) - 2
		for open >= 0 && c.before[open].Text != "(" {
			open--
		}
		if open < 1 || !slices.Contains([]string{"json_value", "json_query", "json_exists"}, c.before[open-1].Text) {
			return p, false
		}
		p.column, p.steps, ok = c.jsonChain(len(c.before) - 1)
		dot := strings.LastIndexByte(c.word, '.')
		if dot < 0 {
			p.before, p.typed = "$.", strings.TrimPrefix(c.word, "$")
		} else {
			p.before, p.typed = c.word[:dot+1], c.word[dot+1:]
			p.steps = append(p.steps, pathSteps(c.word[:dot])...)
		}
	}
	return p, ok
}

// jsonChain reads back from the token at end, an arrow or a comma: a column, and the arrows behind it.
func (c *cursor) jsonChain(end int) (column string, steps []string, ok bool) {
	i := end - 1
	for i >= 1 && (c.before[i].Kind == syntax.TokString || c.before[i].Kind == syntax.TokInt) && c.before[i-1].Text == "->" {
		steps = append([]string{strings.Trim(c.text[c.before[i].Pos:c.before[i].End], "'")}, steps...)
		i -= 2
	}
	if i < 0 || c.before[i].Kind != syntax.TokIdent && c.before[i].Kind != syntax.TokQuoted {
		return "", nil, false
	}
	from := i
	for from >= 2 && c.before[from-1].Text == "." && (c.before[from-2].Kind == syntax.TokIdent || c.before[from-2].Kind == syntax.TokQuoted) {
		from -= 2
	}
	return c.text[c.before[from].Pos:c.before[i].End], steps, true
}

// pathSteps are the steps of a path such as $.user.tags[0].
func pathSteps(path string) (steps []string) {
	for _, s := range strings.FieldsFunc(strings.TrimPrefix(path, "$"), func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		steps = append(steps, strings.Trim(s, `"`))
	}
	return steps
}

// completeJSON lists the fields that sampled documents have at a place, the most frequent first, each
// with its kind, in how many rows it is, and a value.
func (s *Session) completeJSON(ctx context.Context, c *cursor, p jsonPlace) []Completion {
	docs := s.sampleJSON(ctx, c, p.column)
	fields := map[string]*jsonField{}
	for _, doc := range docs {
		var v any
		if json.Unmarshal([]byte(doc), &v) != nil {
			continue
		}
		object, _ := jsonAt(v, p.steps).(map[string]any)
		for name, value := range object {
			f := fields[name]
			if f == nil {
				f = &jsonField{}
				fields[name] = f
			}
			f.add(value)
		}
	}
	var out []Completion
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if m := matchRank(strings.ToLower(p.typed), strings.ToLower(name)); m >= 0 {
			out = append(out, Completion{Text: p.before + p.write(name) + p.after, Kind: KindField, Detail: fields[name].detail(len(docs)), score: m*10_000 - fields[name].rows})
		}
	}
	slices.SortStableFunc(out, func(a, b Completion) int { return a.score - b.score })
	return out[:min(len(out), maxCompletions)]
}

// write is a field's name as the place wants it: in quotes where a path would read it as something else.
func (p jsonPlace) write(name string) string {
	if strings.HasPrefix(p.before, "$") && strings.ContainsAny(name, `.[]"' `) {
		name = `"` + name + `"`
	}
	return strings.ReplaceAll(name, "'", "''")
}

// jsonAt walks into a document; nil when there is nothing.
func jsonAt(v any, steps []string) any {
	for _, s := range steps {
		switch x := v.(type) {
		case map[string]any:
			v = x[s]
		case []any:
			i, err := strconv.Atoi(s)
			if err != nil || i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// jsonField is what the sample says of a field.
type jsonField struct {
	rows         int
	kind, sample string
}

func (f *jsonField) add(value any) {
	f.rows++
	kind := ""
	switch value.(type) {
	case nil:
		return
	case string:
		kind = "string"
	case float64:
		kind = "number"
	case bool:
		kind = "boolean"
	case map[string]any:
		kind = "object"
	default:
		kind = "array"
	}
	switch f.kind {
	case "":
		f.kind = kind
		text, _ := json.Marshal(value) // it came from JSON
		f.sample = clip(string(text))
	case kind:
	default:
		f.kind = "mixed"
	}
}

func (f *jsonField) detail(of int) string {
	if f.kind == "" {
		return fmt.Sprintf("null, in %d of %d rows", f.rows, of)
	}
	return fmt.Sprintf("%s %s, in %d of %d rows", f.kind, f.sample, f.rows, of)
}

// sampleJSON reads the first documents of a column of the query at the cursor. What it read is kept
// as long as a scope.
func (s *Session) sampleJSON(ctx context.Context, c *cursor, column string) []string {
	text := s.sampleText(c, column)
	if text == "" {
		return nil
	}
	s.mu.Lock()
	kept, ok := s.samples[text]
	s.mu.Unlock()
	if ok && time.Since(kept.at) < scopeKeep {
		return kept.docs
	}
	docs := s.firstTexts(ctx, text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.samples == nil || len(s.samples) > 16 {
		s.samples = map[string]keptSample{}
	}
	if ctx.Err() == nil {
		s.samples[text] = keptSample{docs, time.Now()}
	}
	return docs
}

type keptSample struct {
	docs []string
	at   time.Time
}

// sampleText is the query that samples a column: of the FROM at the cursor, or without one of an open
// table that has such a column; "" when there is none.
func (s *Session) sampleText(c *cursor, column string) string {
	with, from := c.fromClause()
	if from == "" && c.inString { // the quote is still open, and what follows was read as part of it
		with, from = newCursor(c.text[:c.pos]+"'"+c.text[c.pos:], c.pos).fromClause()
	}
	if from == "" {
		cat := s.cat
		cat.mu.RLock()
		defer cat.mu.RUnlock()
		for _, name := range slices.Sorted(maps.Keys(cat.tables)) {
			if t := cat.tables[name].table; t != nil && slices.ContainsFunc(t.Schema().Fields, func(f vec.Field) bool { return quoteName(f.Name) == column }) {
				return fmt.Sprintf("SELECT %s FROM %s WHERE %[1]s IS NOT NULL LIMIT %[3]d", column, quoteDotted(name), jsonSampleRows)
			}
		}
		return ""
	}
	text, refs := repairFrom(with, from)
	if refs == nil {
		return ""
	}
	return fmt.Sprintf("%sSELECT %s FROM %s WHERE %[2]s IS NOT NULL LIMIT %[4]d", with, column, text[len(with+"SELECT * FROM "):], jsonSampleRows)
}

// firstTexts runs a query of one column and returns what it gave in jsonSampleTime.
func (s *Session) firstTexts(ctx context.Context, text string) (out []string) {
	ctx, cancel := context.WithTimeout(ctx, jsonSampleTime)
	defer cancel()
	keep := &textWriter{}
	err := s.executeTo(ctx, text, Output{Result: func(render.Options) (render.Writer, error) { return keep, nil }, Notice: func(string, ...any) {}}, nil)
	if err != nil && ctx.Err() == nil {
		return nil // no such column: nothing to offer
	}
	keep.mu.Lock()
	defer keep.mu.Unlock()
	return keep.texts
}

// textWriter keeps the texts of a result's first column.
type textWriter struct {
	discard
	mu    sync.Mutex // a query that was given up may still write
	texts []string
}

func (w *textWriter) Write(b *vec.Batch) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	col := b.Cols[0]
	if !col.Type.IsText() {
		return nil
	}
	for k := range b.Live() {
		if v := col.Value(b.Row(k)); !v.Null {
			w.texts = append(w.texts, v.S)
		}
	}
	return nil
}
