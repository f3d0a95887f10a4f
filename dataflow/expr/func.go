package expr

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// Errors of evaluation and resolution that callers test for.
var (
	ErrOverflow     = errors.New("number out of range")
	ErrDivideByZero = errors.New("division by zero")
	ErrBadText      = errors.New("text cannot be read as this type")
	ErrNoFunction   = errors.New("no such function")
	ErrArguments    = errors.New("function does not take these arguments")
)

// Kernel computes a function for the live rows of n. args are flat, constant or (only when the
// function says DictArgs) dictionary vectors of the resolved types; out is a vector of n rows of
// the result type whose nulls are already set where an argument is null (strict functions). sel
// lists the rows to compute; for a strict function rows with a null argument are not among them
// when the function is Fallible.
type Kernel func(c *Context, args []*vec.Vec, n int, sel []int32, out *vec.Vec) error

// Context is what a kernel may know beside its arguments.
type Context struct {
	ArgTypes []vec.Type
	Out      vec.Type
	Now      int64 // µs, UTC: the same for a whole statement
}

// Func is one entry of the function table.
type Func struct {
	Name      string
	Category  string // section of the SQL reference
	Args      string // signature for people: "text, start [, length]"
	Doc       string // one sentence
	Example   string // expression, "->", its text: checked by a test
	Infix     bool   // printed between its arguments
	Fallible  bool   // may fail or be costly for a row: not called for nulls and dead rows
	NotStrict bool   // sees nulls itself
	Volatile  bool   // may give different results for the same arguments
	// Resolve maps argument types to the types the kernel wants and the type it gives.
	Resolve func(args []vec.Type) (want []vec.Type, out vec.Type, ok bool)
	// Check refuses constant arguments that fail for every row, with a *BadArgument; nil: none do.
	Check  func(args []Expr) error
	Kernel Kernel
}

// BadArgument says that a constant argument can never be computed with. It is ErrArguments.
type BadArgument struct {
	Why   string
	Word  string   // the argument, when it had to be one of
	Known []string // these
}

func (e *BadArgument) Error() string { return e.Why }

// Unwrap makes errors.Is find ErrArguments.
func (e *BadArgument) Unwrap() error { return ErrArguments }

// textArg is the text of argument i, when it is constant.
func textArg(args []Expr, i int) (string, bool) {
	if i >= len(args) || !isTextLit(args[i]) {
		return "", false
	}
	return args[i].(*Lit).Val.S, true
}

// checkText is a Check of the text argument i by what reads it.
func checkText(i int, read func(text string) error) func([]Expr) error {
	return func(args []Expr) error {
		text, ok := textArg(args, i)
		if !ok {
			return nil
		}
		return asBadArgument(read(text))
	}
}

// asBadArgument makes an error of reading a constant argument one of resolution.
func asBadArgument(err error) error {
	if err == nil {
		return nil
	}
	return &BadArgument{Why: strings.TrimPrefix(err.Error(), ErrArguments.Error()+": ")}
}

var funcs = map[string]*Func{}

func register(fs ...*Func) {
	for _, f := range fs {
		if _, dup := funcs[f.Name]; dup {
			panic("expr: function registered twice: " + f.Name)
		}
		funcs[f.Name] = f
	}
}

// alias gives a function a second name.
func alias(name, of string) { aliases[name] = of }

var aliases = map[string]string{}

// Lookup finds a function by name or alias, in lower case.
func Lookup(name string) (*Func, bool) {
	if a, ok := aliases[name]; ok {
		name = a
	}
	f, ok := funcs[name]
	return f, ok
}

// Funcs lists the table by name.
func Funcs() []*Func {
	var out []*Func
	for _, f := range funcs {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *Func) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Names lists all names that Lookup knows, for did-you-mean and completion.
func Names() []string {
	var out []string
	for n := range funcs {
		out = append(out, n)
	}
	for n := range aliases {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// NewCall resolves a call: it finds the function, casts arguments to the types it wants, and
// returns ErrNoFunction, ErrArguments, wrapped, or a *BadArgument when that cannot be done.
func NewCall(name string, args ...Expr) (Expr, error) {
	f, ok := Lookup(name)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoFunction, name)
	}
	types := make([]vec.Type, len(args))
	for i, a := range args {
		types[i] = a.Type()
	}
	want, out, ok := f.Resolve(types)
	if !ok {
		want, out, ok = f.Resolve(literalTypes(args, types))
	}
	if !ok {
		return nil, fmt.Errorf("%w: %s(%s)", ErrArguments, name, typeList(types))
	}
	cast := make([]Expr, len(args))
	for i, a := range args {
		c, err := NewCast(a, want[i])
		if err != nil {
			return nil, fmt.Errorf("argument %d of %s: %w", i+1, name, err)
		}
		cast[i] = c
	}
	if f.Check != nil {
		if err := f.Check(cast); err != nil {
			return nil, err
		}
	}
	return &Call{Fn: f, Args: cast, T: out}, nil
}

// literalTypes lets a text literal take the type of its neighbours, as PostgreSQL's unknown does:
// date = '2001-01-01' compares dates. A lone literal stays text.
func literalTypes(args []Expr, types []vec.Type) []vec.Type {
	out := slices.Clone(types)
	var other vec.Type
	for i, a := range args {
		if !isTextLit(a) && types[i].Kind != vec.Null {
			if other.Kind == vec.Null || types[i].IsTemporal() {
				other = types[i]
			}
		}
	}
	if other.Kind == vec.Null || other.Phys() == vec.PhysStr && other.Kind != vec.UUID && other.Kind != vec.Bytes {
		return out
	}
	for i, a := range args {
		if isTextLit(a) && litReadsAs(a.(*Lit), other) {
			out[i] = other
			if other.Kind == vec.Decimal || other.IsInteger() {
				out[i] = vec.TFloat64
				if _, err := parseAs(a.(*Lit).Val.S, other); err == nil {
					out[i] = other
				}
			}
		}
	}
	return out
}

func isTextLit(e Expr) bool {
	l, ok := e.(*Lit)
	return ok && l.T.Kind == vec.String && !l.Val.Null
}

func litReadsAs(l *Lit, t vec.Type) bool {
	if _, err := parseAs(l.Val.S, t); err == nil {
		return true
	}
	if t.IsNumeric() {
		_, err := parseAs(l.Val.S, vec.TFloat64)
		return err == nil
	}
	// An interval beside a timestamp: ts - '1 hour' is not guessed; the text is read as t.
	return t.IsTemporal()
}

func typeList(ts []vec.Type) string {
	s := make([]string, len(ts))
	for i, t := range ts {
		s[i] = t.String()
	}
	return strings.Join(s, ", ")
}

// NewCast converts e to t where that makes sense; a cast to e's own type is e. Literals are
// converted at once.
func NewCast(e Expr, t vec.Type) (Expr, error) {
	from := e.Type()
	if from == t {
		return e, nil
	}
	if l, ok := e.(*Lit); ok && l.Val.Null {
		return NullOf(t), nil
	}
	if !CanCast(from, t) {
		return nil, fmt.Errorf("%w: cannot cast %s to %s", ErrArguments, from, t)
	}
	c := &Cast{Arg: e, To: t}
	if _, ok := e.(*Lit); ok {
		return Fold(c)
	}
	return c, nil
}

// NewCase builds a CASE whose branches share one type.
func NewCase(whens []When, els Expr) (Expr, error) {
	if els == nil {
		els = NullOf(vec.TNull)
	}
	all := []Expr{els}
	for _, w := range whens {
		all = append(all, w.Then)
	}
	cast, err := Unify(all)
	if err != nil {
		return nil, fmt.Errorf("branches of CASE: %w", err)
	}
	out := &Case{Else: cast[0]}
	for i, w := range whens {
		if w.Cond.Type().Kind != vec.Bool && w.Cond.Type().Kind != vec.Null {
			return nil, fmt.Errorf("%w: condition of WHEN is %s, not BOOLEAN", ErrArguments, w.Cond.Type())
		}
		cond, err := NewCast(w.Cond, vec.TBool)
		if err != nil {
			return nil, err
		}
		out.Whens = append(out.Whens, When{cond, cast[i+1]})
	}
	return out, nil
}

// Unify casts expressions to one common type.
func Unify(es []Expr) ([]Expr, error) {
	types := make([]vec.Type, len(es))
	for i, e := range es {
		types[i] = e.Type()
	}
	types = literalTypes(es, types)
	t := types[0]
	for _, u := range types[1:] {
		c, ok := Common(t, u)
		if !ok {
			return nil, fmt.Errorf("%w: %s and %s have no common type", ErrArguments, t, u)
		}
		t = c
	}
	out := make([]Expr, len(es))
	for i, e := range es {
		c, err := NewCast(e, t)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

// Common is the type that values of a and b both convert to without loss of kind.
func Common(a, b vec.Type) (vec.Type, bool) {
	switch {
	case a == b, b.Kind == vec.Null:
		return a, true
	case a.Kind == vec.Null:
		return b, true
	case a.IsInteger() && b.IsInteger():
		return vec.Type{Kind: max(a.Kind, b.Kind)}, true
	case a.IsNumeric() && b.IsNumeric():
		if a.IsFloat() || b.IsFloat() {
			if a.Kind == vec.Float32 && b.Kind == vec.Float32 {
				return vec.TFloat32, true
			}
			return vec.TFloat64, true
		}
		return commonDecimal(asDecimal(a), asDecimal(b)), true
	case a.Kind == vec.Date && b.Kind == vec.Timestamp, a.Kind == vec.Timestamp && b.Kind == vec.Date:
		return vec.TTimestamp, true
	case a.IsTemporal() && b.IsTemporal() && a.Kind != vec.Time && b.Kind != vec.Time:
		return vec.TTimestampTZ, true
	case a.IsText() && b.IsText():
		return vec.TString, true
	}
	return vec.Type{}, false
}

// asDecimal is the DECIMAL that holds every value of an exact numeric type.
func asDecimal(t vec.Type) vec.Type {
	switch t.Kind {
	case vec.Int8:
		return vec.TDecimal(3, 0)
	case vec.Int16:
		return vec.TDecimal(5, 0)
	case vec.Int32:
		return vec.TDecimal(10, 0)
	case vec.Int64:
		return vec.TDecimal(19, 0)
	}
	return t
}

func commonDecimal(a, b vec.Type) vec.Type {
	scale := max(int(a.Scale), int(b.Scale))
	whole := max(int(a.Prec)-int(a.Scale), int(b.Prec)-int(b.Scale))
	return vec.TDecimal(min(whole+scale, vec.MaxPrec), scale)
}

// Fold evaluates a constant expression.
func Fold(e Expr) (*Lit, error) {
	if l, ok := e.(*Lit); ok {
		return l, nil
	}
	ev, err := Compile(e)
	if err != nil {
		return nil, err
	}
	v, err := ev.Eval(&vec.Batch{N: 1})
	if err != nil {
		return nil, err
	}
	return &Lit{Val: v.Value(0), T: e.Type()}, nil
}
