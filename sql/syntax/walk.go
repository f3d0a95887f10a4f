package syntax

import "reflect"

// Walk calls fn with n and, when fn returns true, walks the nodes below it in the order of their
// declaration. It works by reflection and is meant for tools over a statement, not for binding.
func Walk(n Node, fn func(Node) bool) { walk(reflect.ValueOf(n), fn) }

func walk(v reflect.Value, fn func(Node) bool) {
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			walk(v.Elem(), fn)
		}
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		if n, ok := v.Interface().(Node); ok && !fn(n) {
			return
		}
		walkFields(v.Elem(), fn)
	case reflect.Struct:
		walkFields(v, fn)
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), fn)
		}
	}
}

func walkFields(v reflect.Value, fn func(Node) bool) {
	if v.Kind() != reflect.Struct {
		return
	}
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			walk(v.Field(i), fn)
		}
	}
}
