package jobs

import (
	_ "embed"
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"time"
)

// OpenAPI is the description of the API, as the file openapi.json of this package has it.
func OpenAPI() []byte { return openAPI }

//go:embed openapi.json
var openAPI []byte

var inPath = regexp.MustCompile(`\{(\w+)\}`)

// describe makes the description from the routes and the types of their bodies.
func describe() ([]byte, error) {
	schemas := map[string]any{}
	paths := map[string]map[string]any{}
	for _, rt := range routes() {
		op := map[string]any{"summary": rt.doc}
		var params []any
		for _, m := range inPath.FindAllStringSubmatch(rt.path, -1) {
			params = append(params, map[string]any{"name": m[1], "in": "path", "required": true, "schema": map[string]any{"type": "string"}})
		}
		for _, q := range rt.query {
			params = append(params, map[string]any{"name": q.name, "in": "query", "description": q.doc, "schema": map[string]any{"type": "string"}})
		}
		if params != nil {
			op["parameters"] = params
		}
		if rt.in != nil {
			op["requestBody"] = map[string]any{"required": true, "content": content("", schemaOf(reflect.TypeOf(rt.in), schemas))}
		}
		var out any
		if rt.out != nil {
			out = schemaOf(reflect.TypeOf(rt.out), schemas)
		}
		op["responses"] = map[string]any{
			"200":     map[string]any{"description": "done", "content": content(rt.media, out)},
			"default": map[string]any{"description": "an error", "content": content("", schemaOf(reflect.TypeFor[Problem](), schemas))},
		}
		if paths[rt.path] == nil {
			paths[rt.path] = map[string]any{}
		}
		paths[rt.path][strings.ToLower(rt.method)] = op
	}
	return json.MarshalIndent(map[string]any{
		"openapi": "3.1.0",
		"info":    map[string]any{"title": "riffle job server", "version": "1", "description": "Looks at streaming jobs and steers them. On a unix socket access is by the socket's permissions; on TCP it needs TLS and a bearer token."},
		"paths":   paths, "components": map[string]any{"schemas": schemas},
	}, "", " ")
}

func content(media string, schema any) map[string]any {
	if media == "" {
		media = "application/json"
	}
	body := map[string]any{}
	if schema != nil {
		body["schema"] = schema
	}
	return map[string]any{media: body}
}

// schemaOf describes a Go type as encoding/json writes it; structs go into schemas by their names.
func schemaOf(t reflect.Type, schemas map[string]any) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[Duration]():
		return map[string]any{"type": "string", "example": "10s"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		s := schemaOf(t.Elem(), schemas)
		if ref, ok := s["$ref"]; ok {
			return map[string]any{"oneOf": []any{map[string]any{"$ref": ref}, map[string]any{"type": "null"}}}
		}
		s["type"] = []any{s["type"], "null"}
		return s
	case reflect.Slice, reflect.Array:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem(), schemas)}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem(), schemas)}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Struct:
		return structOf(t, schemas)
	}
	return map[string]any{"type": "integer"}
}

func structOf(t reflect.Type, schemas map[string]any) map[string]any {
	name := t.Name()
	ref := map[string]any{"$ref": "#/components/schemas/" + name}
	if _, done := schemas[name]; done && name != "" {
		return ref
	}
	props := map[string]any{}
	out := map[string]any{"type": "object", "properties": props}
	if name != "" {
		schemas[name] = out
	}
	var required []string
	for _, f := range reflect.VisibleFields(t) {
		tag, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || tag == "" {
			continue
		}
		props[tag] = schemaOf(f.Type, schemas)
		if !strings.Contains(opts, "omit") {
			required = append(required, tag)
		}
	}
	if required != nil {
		out["required"] = required
	}
	if name == "" {
		return out
	}
	return ref
}
