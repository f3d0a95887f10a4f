package syntax

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// typeNames maps the names of types, in lower case, to their canonical ones. FLOAT is 4 bytes wide,
// as in Flink and DuckDB.
var typeNames = map[string]string{
	"boolean": "BOOLEAN", "bool": "BOOLEAN",
	"tinyint": "TINYINT", "int1": "TINYINT",
	"smallint": "SMALLINT", "int2": "SMALLINT",
	"integer": "INTEGER", "int": "INTEGER", "int4": "INTEGER",
	"bigint": "BIGINT", "int8": "BIGINT", "long": "BIGINT",
	"utinyint": "UTINYINT", "usmallint": "USMALLINT", "uinteger": "UINTEGER", "ubigint": "UBIGINT",
	"real": "REAL", "float4": "REAL", "float": "REAL",
	"double": "DOUBLE", "float8": "DOUBLE",
	"decimal": "DECIMAL", "numeric": "DECIMAL", "dec": "DECIMAL",
	"date": "DATE", "time": "TIME",
	"timestamp": "TIMESTAMP", "datetime": "TIMESTAMP",
	"timestamptz": "TIMESTAMPTZ", "timestamp_ltz": "TIMESTAMPTZ",
	"interval": "INTERVAL",
	"varchar":  "VARCHAR", "string": "VARCHAR", "text": "VARCHAR",
	"char": "CHAR", "character": "CHAR",
	"varbinary": "VARBINARY", "binary": "VARBINARY", "bytes": "VARBINARY", "blob": "VARBINARY", "bytea": "VARBINARY",
	"uuid": "UUID", "json": "JSON",
	"array": "ARRAY", "map": "MAP", "row": "ROW", "struct": "ROW",
}

// maxParams says how many numbers in parentheses a type takes; absent means none.
var maxParams = map[string]int{"DECIMAL": 2, "VARCHAR": 1, "CHAR": 1, "VARBINARY": 1, "TIME": 1,
	"TIMESTAMP": 1, "TIMESTAMPTZ": 1}

// typ parses a data type with any number of [] behind it.
func (p *parser) typ() *Type {
	if !p.enter() {
		return &Type{}
	}
	defer p.leave()
	start := p.start()
	t := p.baseType()
	for n := 0; p.isOp("[") && p.ahead(1).isOp("]"); n++ {
		p.pos += 2
		t = &Type{Span: p.span(start), Name: "ARRAY", Elem: t}
		if n >= maxDepth {
			p.tooDeep()
		}
	}
	return t
}

func (p *parser) baseType() *Type {
	tok := p.at()
	name, ok := typeNames[tok.Text]
	if tok.Kind != TokIdent || !ok {
		p.unknownType(tok)
		return &Type{}
	}
	p.pos++
	t := &Type{Name: name}
	switch name {
	case "ARRAY":
		p.expectOp("<", "behind ARRAY")
		t.Elem = p.nestedType()
		p.expectOp(">", "to close ARRAY<")
	case "MAP":
		p.expectOp("<", "behind MAP")
		t.Key = p.nestedType()
		p.expectOp(",", "between key and value of MAP")
		t.Elem = p.nestedType()
		p.expectOp(">", "to close MAP<")
	case "ROW":
		p.rowFields(t)
	case "DOUBLE":
		p.accept("precision")
	case "CHAR":
		if p.accept("varying") {
			t.Name = "VARCHAR"
		}
		t.Params = p.typeParams(t.Name)
	case "REAL":
		if tok.Text == "float" && p.isOp("(") {
			t.Name = p.floatType()
		}
	case "INTERVAL":
		if _, ok := unitNames[p.at().Text]; ok && p.at().Kind == TokIdent {
			p.units()
		}
	default:
		t.Params = p.typeParams(name)
		p.timeZone(t)
	}
	t.Span = p.span(tok.Pos)
	return t
}

// unknownType fails at a token that is no type name.
func (p *parser) unknownType(t Token) {
	if t.Kind != TokIdent || reserved[t.Text] {
		p.expected("a data type", "")
		return
	}
	hint := ""
	if near := Suggest(t.Text, slices.Sorted(maps.Keys(typeNames))); near != "" {
		hint = "did you mean " + strings.ToUpper(near) + "?"
	}
	p.fail(t, "unknown data type "+p.show(t), hint)
}

// nestedType parses a part of a nested type, which may say NOT NULL.
func (p *parser) nestedType() *Type {
	t := p.typ()
	if p.accept("not", "null") {
		t.NotNull = true
	} else {
		p.accept("null")
	}
	return t
}

// rowFields parses <a T, …> or (a T, …).
func (p *parser) rowFields(t *Type) {
	closing := ">"
	if p.acceptOp("(") {
		closing = ")"
	} else {
		p.expectOp("<", "behind ROW")
	}
	t.Fields = list(p, func() TypeField {
		start := p.start()
		f := TypeField{Name: p.label("a field name"), Type: p.nestedType()}
		f.Span = p.span(start)
		return f
	})
	p.expectOp(closing, "to close the fields of ROW")
}

// typeParams parses (n, …) behind a type that takes parameters.
func (p *parser) typeParams(name string) []int {
	if !p.isOp("(") {
		return nil
	}
	open := p.at()
	if maxParams[name] == 0 {
		p.fail(open, "type "+name+" takes no parameters", "")
		return nil
	}
	p.pos++
	params := list(p, func() int { return p.smallInt("a number") })
	p.expectOp(")", "behind the parameters of "+name)
	if len(params) > maxParams[name] {
		p.failSpan(p.span(open.Pos), "too many parameters for type "+name, "")
	}
	return params
}

// floatType parses (n) behind FLOAT: up to 24 bits of mantissa fit REAL.
func (p *parser) floatType() string {
	p.expectOp("(", "")
	bits := p.smallInt("a number of bits")
	p.expectOp(")", "behind the number of bits")
	if bits > 24 {
		return "DOUBLE"
	}
	return "REAL"
}

func (p *parser) smallInt(what string) int {
	t := p.at()
	n, err := strconv.Atoi(t.Text)
	switch {
	case t.Kind != TokInt:
		p.expected(what, "")
	case err != nil || n > 1<<31-1:
		p.fail(t, "number is too large", "")
	default:
		p.pos++
		return n
	}
	return 0
}

// timeZone parses WITH [LOCAL] TIME ZONE or WITHOUT TIME ZONE behind TIME and TIMESTAMP.
func (p *parser) timeZone(t *Type) {
	if t.Name != "TIMESTAMP" && t.Name != "TIME" {
		return
	}
	switch with := p.at(); {
	case p.accept("without", "time", "zone"):
	case p.accept("with", "time", "zone"), p.accept("with", "local", "time", "zone"):
		if t.Name == "TIME" {
			p.fail(with, "TIME WITH TIME ZONE is not supported", "use TIME or TIMESTAMP WITH TIME ZONE")
		}
		t.Name = "TIMESTAMPTZ"
	}
}
