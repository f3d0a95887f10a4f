package expr

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/riffle-io/riffle/dataflow/vec"
)

func init() {
	register(
		text1("lower", "Lower case.", "lower('AbC') -> abc", bytes.ToLower),
		text1("upper", "Upper case.", "upper('AbC') -> ABC", bytes.ToUpper),
		text1("reverse", "Characters in reverse order.", "reverse('abc') -> cba", reverse),
		textInt("length", "Number of characters.", "length('héé') -> 3", utf8.RuneCount),
		textInt("octet_length", "Number of bytes.", "octet_length('hé') -> 3", func(s []byte) int { return len(s) }),
		textInt("ascii", "Code of the first character.", "ascii('A') -> 65", func(s []byte) int {
			r, n := utf8.DecodeRune(s)
			if n == 0 {
				return 0
			}
			return int(r)
		}),
		&Func{Name: "||", Category: "Text", Args: "a || b", Infix: true, Doc: "Joins two texts.", Example: "'a' || 'b' -> ab",
			Resolve: resolveConcat, Kernel: kernelConcat},
		&Func{Name: "concat", Category: "Text", Args: "a, b, …", NotStrict: true, Doc: "Joins texts; NULLs are left out.", Example: "concat('a', NULL, 1) -> a1",
			Resolve: resolveAllText, Kernel: kernelConcat},
		&Func{Name: "like", Category: "Text", Args: "a LIKE pattern [ESCAPE c]", Doc: "Matches % (any text) and _ (one character).", Example: "'riffle' LIKE 'r%e' -> true",
			Resolve: resolveTexts(2, 3, vec.TBool), Check: checkLike, Kernel: kernelLike(false)},
		&Func{Name: "ilike", Category: "Text", Args: "a ILIKE pattern [ESCAPE c]", Doc: "LIKE without regard to case.", Example: "'Riffle' ILIKE 'r%' -> true",
			Resolve: resolveTexts(2, 3, vec.TBool), Check: checkLike, Kernel: kernelLike(true)},
		&Func{Name: "regexp_matches", Category: "Text", Args: "text, pattern", Fallible: true, Doc: "True when the pattern (RE2) matches a part of the text.", Example: "regexp_matches('abc', 'b.') -> true",
			Resolve: resolveTexts(2, 2, vec.TBool), Check: checkText(1, checkRegexp), Kernel: kernelRegexp},
		&Func{Name: "substring", Category: "Text", Args: "text, start [, length]", Fallible: true, Doc: "Part of a text; the first character is 1.", Example: "substring('riffle', 2, 3) -> iff",
			Resolve: resolveShape(vec.TString, 2, vec.TString, vec.TInt64, vec.TInt64), Kernel: kernelSubstring},
		&Func{Name: "left", Category: "Text", Args: "text, n", Doc: "The first n characters; all but the last -n when n is negative.", Example: "left('riffle', 3) -> rif",
			Resolve: resolveShape(vec.TString, 2, vec.TString, vec.TInt64), Kernel: kernelSide(true)},
		&Func{Name: "right", Category: "Text", Args: "text, n", Doc: "The last n characters; all but the first -n when n is negative.", Example: "right('riffle', 2) -> le",
			Resolve: resolveShape(vec.TString, 2, vec.TString, vec.TInt64), Kernel: kernelSide(false)},
		&Func{Name: "position", Category: "Text", Args: "needle, text", Doc: "Place of the first occurrence, from 1; 0 when there is none.", Example: "position('f', 'riffle') -> 3",
			Resolve: resolveTexts(2, 2, vec.TInt64), Kernel: kernelPosition},
		&Func{Name: "starts_with", Category: "Text", Args: "text, prefix", Doc: "True when the text begins with the prefix.", Example: "starts_with('riffle', 'rif') -> true",
			Resolve: resolveTexts(2, 2, vec.TBool), Kernel: kernelPair(bytes.HasPrefix)},
		&Func{Name: "ends_with", Category: "Text", Args: "text, suffix", Doc: "True when the text ends with the suffix.", Example: "ends_with('riffle', 'le') -> true",
			Resolve: resolveTexts(2, 2, vec.TBool), Kernel: kernelPair(bytes.HasSuffix)},
		&Func{Name: "contains", Category: "Text", Args: "text, part", Doc: "True when the part occurs in the text.", Example: "contains('riffle', 'ff') -> true",
			Resolve: resolveTexts(2, 2, vec.TBool), Kernel: kernelPair(bytes.Contains)},
		trim("btrim", "Takes characters (blanks by default) off both ends.", "btrim('  a ') -> a", true, true),
		trim("ltrim", "Takes characters off the beginning.", "ltrim('xxa', 'x') -> a", true, false),
		trim("rtrim", "Takes characters off the end.", "rtrim('a  ') -> a", false, true),
		&Func{Name: "replace", Category: "Text", Args: "text, from, to", Doc: "Replaces every occurrence.", Example: "replace('aXbX', 'X', '-') -> a-b-",
			Resolve: resolveTexts(3, 3, vec.TString), Kernel: texts(func(dst []byte, a [][]byte) []byte {
				if len(a[1]) == 0 {
					return append(dst, a[0]...)
				}
				return append(dst, bytes.ReplaceAll(a[0], a[1], a[2])...)
			})},
		&Func{Name: "overlay", Category: "Text", Args: "text, new, start [, length]", Fallible: true, Doc: "Replaces a part by its place.", Example: "overlay('abcdef', 'X', 2, 3) -> aXef",
			Resolve: resolveShape(vec.TString, 3, vec.TString, vec.TString, vec.TInt64, vec.TInt64), Kernel: kernelOverlay},
		&Func{Name: "repeat", Category: "Text", Args: "text, n", Fallible: true, Doc: "The text n times.", Example: "repeat('ab', 3) -> ababab",
			Resolve: resolveShape(vec.TString, 2, vec.TString, vec.TInt64), Kernel: kernelRepeat},
		pad("lpad", "Fills up with blanks or a given text on the left, to a length.", "lpad('7', 3, '0') -> 007", true),
		pad("rpad", "Fills up on the right, to a length.", "rpad('7', 3, '.') -> 7..", false),
		&Func{Name: "split_part", Category: "Text", Args: "text, separator, n", Fallible: true, Doc: "The n-th field, from 1; empty when there is none.", Example: "split_part('a,b,c', ',', 2) -> b",
			Resolve: resolveShape(vec.TString, 3, vec.TString, vec.TString, vec.TInt64), Kernel: kernelSplitPart},
		&Func{Name: "chr", Category: "Text", Args: "code", Fallible: true, Doc: "The character of a code.", Example: "chr(65) -> A",
			Resolve: resolveShape(vec.TString, 1, vec.TInt64), Kernel: func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
				return fillText(n, sel, out, func(dst []byte, i int) ([]byte, error) {
					return utf8.AppendRune(dst, rune(a[0].I64[a[0].Index(i)])), nil
				})
			}},
	)
	alias("substr", "substring")
	alias("char_length", "length")
	alias("character_length", "length")
	alias("len", "length")
	alias("trim", "btrim")
	alias("strpos", "instr")
	register(&Func{Name: "instr", Category: "Text", Args: "text, needle", Doc: "Place of the first occurrence, from 1; 0 when there is none.", Example: "instr('riffle', 'f') -> 3",
		Resolve: resolveTexts(2, 2, vec.TInt64), Kernel: func(c *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
			return kernelPosition(c, []*vec.Vec{a[1], a[0]}, n, sel, out)
		}})
}

// resolveShape wants types in order, of which the first least must be there, and gives out.
func resolveShape(out vec.Type, least int, types ...vec.Type) func([]vec.Type) ([]vec.Type, vec.Type, bool) {
	return func(a []vec.Type) ([]vec.Type, vec.Type, bool) {
		if len(a) < least || len(a) > len(types) {
			return nil, vec.Type{}, false
		}
		for i, t := range a {
			w := types[i]
			if t.Kind != vec.Null && t != w && !(w.IsNumeric() && t.IsNumeric()) && !(w.IsText() && t.IsText()) {
				return nil, vec.Type{}, false
			}
		}
		return types[:len(a)], out, true
	}
}

func resolveTexts(least, most int, out vec.Type) func([]vec.Type) ([]vec.Type, vec.Type, bool) {
	types := make([]vec.Type, most)
	for i := range types {
		types[i] = vec.TString
	}
	return resolveShape(out, least, types...)
}

// resolveAllText takes anything that has a text.
func resolveAllText(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	want := make([]vec.Type, len(a))
	for i := range want {
		want[i] = vec.TString
	}
	return want, vec.TString, len(a) > 0
}

func resolveConcat(a []vec.Type) ([]vec.Type, vec.Type, bool) {
	if len(a) != 2 || !(a[0].IsText() || a[1].IsText() || a[0].Kind == vec.Null && a[1].Kind == vec.Null) {
		return nil, vec.Type{}, false
	}
	return resolveAllText(a)
}

// maxColumn bounds the texts of a batch that a function makes: offsets are int32, and what a batch
// holds is not counted in the budget. Tests lower it.
var maxColumn = 1 << 30

func errColumn(n int) error {
	return fmt.Errorf("%w: texts of %d rows come to more than %d MB", ErrOverflow, n, maxColumn>>20)
}

// fillText appends the text of each live row and keeps the offsets of the rows between. It fails
// when they come to more than maxColumn.
func fillText(n int, sel []int32, out *vec.Vec, f func(dst []byte, i int) ([]byte, error)) error {
	at := 0
	var err error
	each(n, sel, func(i int) {
		for ; at <= i; at++ {
			out.Off[at] = int32(len(out.Data))
		}
		if err != nil {
			return
		}
		if out.Data, err = f(out.Data, i); err == nil && len(out.Data) > maxColumn {
			err = errColumn(n)
		}
	})
	for ; at <= n; at++ {
		out.Off[at] = int32(len(out.Data))
	}
	return err
}

// texts is a kernel over texts that gives a text.
func texts(f func(dst []byte, a [][]byte) []byte) Kernel {
	return func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
		args := make([][]byte, len(a))
		return fillText(n, sel, out, func(dst []byte, i int) ([]byte, error) {
			for k, v := range a {
				args[k] = v.Str(i)
			}
			return f(dst, args), nil
		})
	}
}

func text1(name, doc, example string, f func([]byte) []byte) *Func {
	return &Func{Name: name, Category: "Text", Args: "text", Doc: doc, Example: example, Resolve: resolveTexts(1, 1, vec.TString),
		Kernel: texts(func(dst []byte, a [][]byte) []byte { return append(dst, f(a[0])...) })}
}

func textInt(name, doc, example string, f func([]byte) int) *Func {
	return &Func{Name: name, Category: "Text", Args: "text", Doc: doc, Example: example, Resolve: resolveTexts(1, 1, vec.TInt64),
		Kernel: func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
			each(n, sel, func(i int) { out.I64[i] = int64(f(a[0].Str(i))) })
			return nil
		}}
}

func kernelPair(f func(a, b []byte) bool) Kernel {
	return func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
		each(n, sel, func(i int) { out.B[i] = f(a[0].Str(i), a[1].Str(i)) })
		return nil
	}
}

func reverse(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for len(s) > 0 {
		_, n := utf8.DecodeLastRune(s)
		out = append(out, s[len(s)-n:]...)
		s = s[:len(s)-n]
	}
	return out
}

func kernelConcat(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	return fillText(n, sel, out, func(dst []byte, i int) ([]byte, error) {
		for _, v := range a {
			if !v.IsNull(i) {
				dst = append(dst, v.Str(i)...)
			}
		}
		return dst, nil
	})
}

func kernelPosition(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	each(n, sel, func(i int) {
		s := a[1].Str(i)
		if out.I64[i] = 0; bytes.Contains(s, a[0].Str(i)) {
			out.I64[i] = int64(utf8.RuneCount(s[:bytes.Index(s, a[0].Str(i))])) + 1
		}
	})
	return nil
}

func checkRegexp(pattern string) error {
	_, err := regexp.Compile(pattern)
	return err
}

func kernelRegexp(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	var re *regexp.Regexp
	var pattern string
	var err error
	each(n, sel, func(i int) {
		if p := a[1].Str(i); err == nil && (re == nil || pattern != string(p)) {
			pattern = string(p)
			if re, err = regexp.Compile(pattern); err != nil {
				err = fmt.Errorf("%w: pattern: %w", ErrArguments, err)
			}
		}
		if err == nil {
			out.B[i] = re.Match(a[0].Str(i))
		}
	})
	return err
}

// runeOffset is the byte offset of character k of s, clipped to its ends.
func runeOffset(s []byte, k int64) int {
	if k <= 0 {
		return 0
	}
	at := 0
	for ; k > 0 && at < len(s); k-- {
		_, n := utf8.DecodeRune(s[at:])
		at += n
	}
	return at
}

func kernelSubstring(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	return fillText(n, sel, out, func(dst []byte, i int) ([]byte, error) {
		s, start := a[0].Str(i), a[1].I64[a[1].Index(i)]
		from := runeOffset(s, start-1)
		if len(a) == 2 {
			return append(dst, s[from:]...), nil
		}
		l := a[2].I64[a[2].Index(i)]
		if l < 0 {
			return dst, fmt.Errorf("%w: negative length in substring", ErrArguments)
		}
		to := runeOffset(s, min(start-1, 1<<40)+min(l, 1<<40))
		return append(dst, s[from:max(from, to)]...), nil
	})
}

func kernelSide(left bool) Kernel {
	return func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
		return fillText(n, sel, out, func(dst []byte, i int) ([]byte, error) {
			s, k := a[0].Str(i), a[1].I64[a[1].Index(i)]
			chars := int64(utf8.RuneCount(s))
			if k < 0 {
				k = max(0, chars+k)
			}
			k = min(k, chars)
			if left {
				return append(dst, s[:runeOffset(s, k)]...), nil
			}
			return append(dst, s[runeOffset(s, chars-k):]...), nil
		})
	}
}

func trim(name, doc, example string, left, right bool) *Func {
	return &Func{Name: name, Category: "Text", Args: "text [, characters]", Doc: doc, Example: example, Resolve: resolveTexts(1, 2, vec.TString),
		Kernel: texts(func(dst []byte, a [][]byte) []byte {
			set := " "
			if len(a) == 2 {
				set = string(a[1])
			}
			s := a[0]
			if left {
				s = bytes.TrimLeft(s, set)
			}
			if right {
				s = bytes.TrimRight(s, set)
			}
			return append(dst, s...)
		})}
}

// maxText bounds texts that a function can blow up.
const maxText = 64 << 20

func kernelRepeat(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	return fillText(n, sel, out, func(dst []byte, i int) ([]byte, error) {
		s, k := a[0].Str(i), max(0, a[1].I64[a[1].Index(i)])
		if len(s) > 0 && k > int64(maxText/len(s)) {
			return dst, fmt.Errorf("%w: repeat makes a text of more than %d MB", ErrOverflow, maxText>>20)
		}
		for ; k > 0; k-- {
			dst = append(dst, s...)
		}
		return dst, nil
	})
}

func pad(name, doc, example string, left bool) *Func {
	return &Func{Name: name, Category: "Text", Args: "text, length [, fill]", Fallible: true, Doc: doc, Example: example,
		Resolve: resolveShape(vec.TString, 2, vec.TString, vec.TInt64, vec.TString), Kernel: func(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
			return fillText(n, sel, out, func(dst []byte, i int) ([]byte, error) {
				s, want := a[0].Str(i), a[1].I64[a[1].Index(i)]
				fill := []byte(" ")
				if len(a) == 3 {
					fill = a[2].Str(i)
				}
				if want > maxText {
					return dst, fmt.Errorf("%w: %s to more than %d characters", ErrOverflow, name, maxText)
				}
				have := int64(utf8.RuneCount(s))
				if want <= have || len(fill) == 0 {
					return append(dst, s[:runeOffset(s, max(0, min(want, have)))]...), nil
				}
				padding := []rune(strings.Repeat(string(fill), int(want-have)/utf8.RuneCount(fill)+1))[:want-have]
				if left {
					return append(append(dst, string(padding)...), s...), nil
				}
				return append(append(dst, s...), string(padding)...), nil
			})
		}}
}

func kernelOverlay(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	return fillText(n, sel, out, func(dst []byte, i int) ([]byte, error) {
		s, put, start := a[0].Str(i), a[1].Str(i), a[2].I64[a[2].Index(i)]
		l := int64(utf8.RuneCount(put))
		if len(a) == 4 {
			l = a[3].I64[a[3].Index(i)]
		}
		if start < 1 || l < 0 {
			return dst, fmt.Errorf("%w: overlay starts at 1 and has no negative length", ErrArguments)
		}
		from := runeOffset(s, start-1)
		to := max(from, runeOffset(s, min(start-1, 1<<40)+min(l, 1<<40)))
		return append(append(append(dst, s[:from]...), put...), s[to:]...), nil
	})
}

func kernelSplitPart(_ *Context, a []*vec.Vec, n int, sel []int32, out *vec.Vec) error {
	return fillText(n, sel, out, func(dst []byte, i int) ([]byte, error) {
		s, sep, k := a[0].Str(i), a[1].Str(i), a[2].I64[a[2].Index(i)]
		if k == 0 {
			return dst, fmt.Errorf("%w: split_part counts fields from 1", ErrArguments)
		}
		parts := [][]byte{s}
		if len(sep) > 0 {
			parts = bytes.Split(s, sep)
		}
		if k < 0 {
			k += int64(len(parts)) + 1
		}
		if k < 1 || k > int64(len(parts)) {
			return dst, nil
		}
		return append(dst, parts[k-1]...), nil
	})
}
