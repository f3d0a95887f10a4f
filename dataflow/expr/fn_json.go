package expr

import (
	"strings"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func init() {
	register(
		&Func{Name: "->", Category: "JSON", Args: "json -> name or index or path", Infix: true, Fallible: true, Doc: "A part of a JSON value, as JSON; NULL when it is not there.",
			Example: `'{"a":[1,2]}' -> 'a' -> [1,2]`, Resolve: resolveJSONStep(vec.TJSON), Check: checkText(1, checkStep), Kernel: kernelJSON(parseJSONStep, func(v []byte) ([]byte, bool) { return v, true })},
		&Func{Name: "->>", Category: "JSON", Args: "json ->> name or index or path", Infix: true, Fallible: true, Doc: "A part of a JSON value, as text; NULL when it is not there or null.",
			Example: `'{"a":{"b":"x"}}' ->> '$.a.b' -> x`, Resolve: resolveJSONStep(vec.TString), Check: checkText(1, checkStep), Kernel: kernelJSON(parseJSONStep, jsonText)},
		&Func{Name: "json_value", Category: "JSON", Args: "json, path", Fallible: true, Doc: "The string, number or boolean at a path, as text; NULL when there is none.",
			Example: `json_value('{"a":[{"b":7}]}', '$.a[0].b') -> 7`, Resolve: resolveTexts(2, 2, vec.TString), Check: checkText(1, checkPath), Kernel: kernelJSON(parseJSONPath, func(v []byte) ([]byte, bool) {
				if isNested(v) {
					return nil, false
				}
				return jsonText(v)
			})},
		&Func{Name: "json_query", Category: "JSON", Args: "json, path", Fallible: true, Doc: "The object or array at a path; NULL when there is none.",
			Example: `json_query('{"a":[1,2]}', '$.a') -> [1,2]`, Resolve: resolveTexts(2, 2, vec.TJSON), Check: checkText(1, checkPath), Kernel: kernelJSON(parseJSONPath, func(v []byte) ([]byte, bool) { return v, isNested(v) })},
		&Func{Name: "json_exists", Category: "JSON", Args: "json, path", Fallible: true, Doc: "True when something is at the path.",
			Example: `json_exists('{"a":null}', '$.a') -> true`, Resolve: resolveTexts(2, 2, vec.TBool), Check: checkText(1, checkPath), Kernel: kernelJSONExists},
	)
}

func isNested(value []byte) bool { return value[0] == '{' || value[0] == '[' }

// resolveJSONStep takes a text or JSON and, to its right, a name, a path or the number of an element.
func resolveJSONStep(out vec.Type) func([]vec.Type) ([]vec.Type, vec.Type, bool) {
	return func(a []vec.Type) ([]vec.Type, vec.Type, bool) {
		if len(a) != 2 || !a[0].IsText() && a[0].Kind != vec.Null {
			return nil, vec.Type{}, false
		}
		switch {
		case a[1].IsText() || a[1].Kind == vec.Null:
			return two(vec.TString), out, true
		case a[1].IsInteger():
			return []vec.Type{vec.TString, vec.TInt64}, out, true
		}
		return nil, vec.Type{}, false
	}
}

// parseJSONStep reads what stands to the right of -> as text: a path when it begins with $, else a name.
func parseJSONStep(text string) ([]jsonStep, error) {
	if strings.HasPrefix(text, "$") {
		return parseJSONPath(text)
	}
	return []jsonStep{{member: true, key: text}}, nil
}

func checkStep(text string) error {
	_, err := parseJSONStep(text)
	return err
}

func checkPath(text string) error {
	_, err := parseJSONPath(text)
	return err
}

// jsonSteps gives the steps of each row, and reads a constant once.
func jsonSteps(v *vec.Vec, parse func(string) ([]jsonStep, error)) (steps func(i int) ([]jsonStep, error), err error) {
	of := func(i int) ([]jsonStep, error) {
		if v.Type.Kind == vec.Int64 {
			return []jsonStep{{index: int(v.I64[v.Index(i)])}}, nil
		}
		return parse(string(v.Str(i)))
	}
	if v.Form != vec.Const {
		return of, nil
	}
	one, err := of(0)
	return func(int) ([]jsonStep, error) { return one, nil }, err
}

// kernelJSON finds a value and gives what show makes of it; NULL when either fails.
func kernelJSON(parse func(string) ([]jsonStep, error), show func(value []byte) ([]byte, bool)) Kernel {
	return func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
		steps, err := jsonSteps(a[1], parse)
		if err != nil {
			return err
		}
		return fillText(n, sel, out, func(dst []byte, i int) ([]byte, error) {
			at, err := steps(i)
			if err != nil {
				return dst, err
			}
			value, ok := findJSON(a[0].Str(i), at)
			if ok {
				value, ok = show(value)
			}
			if !ok {
				out.SetNull(i)
			}
			return append(dst, value...), nil
		})
	}
}

func kernelJSONExists(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	steps, err := jsonSteps(a[1], parseJSONPath)
	each(n, sel, func(i int) {
		at, bad := steps(i)
		if bad != nil && err == nil {
			err = bad
		}
		_, out.B[i] = findJSON(a[0].Str(i), at)
	})
	return err
}
