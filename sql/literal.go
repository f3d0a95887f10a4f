package sql

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/sql/syntax"
)

func (b *binder) literal(e *syntax.Literal) (expr.Expr, error) {
	switch e.Kind {
	case syntax.BoolLit:
		return expr.Bool(strings.EqualFold(e.Text, "true")), nil
	case syntax.IntLit, syntax.DecimalLit, syntax.FloatLit:
		return b.number(e, e.Text)
	case syntax.StringLit:
		return expr.Str(e.Text), nil
	case syntax.BytesLit:
		raw, err := hex.DecodeString(e.Text)
		if err != nil {
			return nil, b.fail(e, "invalid hexadecimal string")
		}
		return &expr.Lit{Val: vec.StringValue(string(raw)), T: vec.TBytes}, nil
	}
	return expr.NullOf(vec.TNull), nil
}

// number types a number by its text, as PostgreSQL does: INTEGER, else BIGINT, else an exact
// DECIMAL of its digits; DOUBLE with an exponent or with more digits than a DECIMAL holds.
func (b *binder) number(n syntax.Node, text string) (expr.Expr, error) {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		t := vec.TInt64
		if i == int64(int32(i)) {
			t = vec.TInt32
		}
		return &expr.Lit{Val: vec.IntValue(i), T: t}, nil
	}
	if !strings.ContainsAny(text, "eE") {
		whole, frac, _ := strings.Cut(strings.TrimLeft(text, "-"), ".")
		prec := max(len(strings.TrimLeft(whole, "0"))+len(frac), 1)
		if prec <= vec.MaxPrec {
			t := vec.TDecimal(prec, len(frac))
			v, err := expr.ParseValue(text, t)
			return &expr.Lit{Val: v, T: t}, b.at(n, err)
		}
	}
	v, err := expr.ParseValue(text, vec.TFloat64)
	if err != nil {
		return nil, b.fail(n, "number %s is out of range", text)
	}
	return &expr.Lit{Val: v, T: vec.TFloat64}, nil
}

// parse reads text as a value of t.
func (b *binder) parse(n syntax.Node, text string, t vec.Type) (expr.Expr, error) {
	v, err := expr.ParseValue(text, t)
	if err != nil {
		return nil, b.fail(n, "invalid input syntax for type %s: %q", strings.ToLower(t.String()), text)
	}
	return &expr.Lit{Val: v, T: t}, nil
}

// interval reads INTERVAL 'value' FROM TO.
func (b *binder) interval(e *syntax.Interval) (expr.Expr, error) {
	text, sign := strings.TrimSpace(e.Value), ""
	if e.To != "" && strings.HasPrefix(text, "-") {
		text, sign = text[1:], "-"
	}
	switch {
	case e.To == "":
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			text += " " + e.From
		}
	case e.From == "YEAR" || e.From == "QUARTER":
		years, months, _ := strings.Cut(text, "-")
		text = sign + years + " year " + sign + months + " month"
	case e.From == "DAY":
		days, clock, _ := strings.Cut(text, " ")
		if e.To == "HOUR" {
			clock += ":00"
		}
		text = sign + days + " day " + sign + clock
	case e.From == "MINUTE":
		text = sign + "00:" + text
	default:
		text = sign + text
	}
	iv, ok := expr.ParseInterval(text)
	if !ok {
		hint := ""
		if _, err := strconv.ParseFloat(e.Value, 64); err == nil && e.From == "" {
			hint = "name a unit, such as INTERVAL '1' DAY"
		}
		return nil, b.failHint(e, hint, "invalid input syntax for type interval: %q", e.Value)
	}
	return &expr.Lit{Val: vec.IvValue(iv), T: vec.TInterval}, nil
}

// kinds maps canonical names of types without parameters. Unsigned integers take the next wider
// signed type.
var kinds = map[string]vec.Type{
	"BOOLEAN": vec.TBool, "TINYINT": vec.TInt8, "SMALLINT": vec.TInt16, "INTEGER": vec.TInt32, "BIGINT": vec.TInt64,
	"UTINYINT": vec.TInt16, "USMALLINT": vec.TInt32, "UINTEGER": vec.TInt64, "UBIGINT": vec.TDecimal(20, 0),
	"REAL": vec.TFloat32, "DOUBLE": vec.TFloat64, "DATE": vec.TDate, "TIME": vec.TTime, "TIMESTAMP": vec.TTimestamp,
	"TIMESTAMPTZ": vec.TTimestampTZ, "INTERVAL": vec.TInterval, "VARCHAR": vec.TString, "CHAR": vec.TString,
	"VARBINARY": vec.TBytes, "UUID": vec.TUUID, "JSON": vec.TJSON,
}

// typ resolves a type as written. DECIMAL alone is DECIMAL(18,3), as in DuckDB; lengths of text and
// precisions of times are not enforced.
func (b *binder) typ(t *syntax.Type) (vec.Type, error) {
	if t.Name == "DECIMAL" {
		prec, scale := 18, 3
		if len(t.Params) > 0 {
			prec, scale = t.Params[0], 0
		}
		if len(t.Params) > 1 {
			scale = t.Params[1]
		}
		switch {
		case prec < 1 || prec > vec.MaxPrec:
			return vec.Type{}, b.fail(t, "DECIMAL precision %d must be between 1 and %d", prec, vec.MaxPrec)
		case scale < 0 || scale > prec:
			return vec.Type{}, b.fail(t, "DECIMAL scale %d must be between 0 and precision %d", scale, prec)
		}
		return vec.TDecimal(prec, scale), nil
	}
	if k, ok := kinds[t.Name]; ok {
		return k, nil
	}
	return vec.Type{}, b.unsupported(t, "type "+t.Name)
}
