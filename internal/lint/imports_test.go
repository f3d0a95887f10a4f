package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/riffle-io/riffle"

// row says what a package may import of this module, by the names of the rows that cover it. The
// packages of one row may import each other, and everybody may import internal/invariants.
type row struct {
	pkg     string
	allowed []string
	// only: packages below pkg are not covered and need a row of their own.
	only bool
	// outside says which packages outside this module it may import; nil is all.
	outside []string
	// tests: the rule holds for the package's tests as well.
	tests bool
}

// std in row.outside is the standard library.
const std = "std"

var table = []row{
	{pkg: "dataflow/vec", only: true, outside: []string{std}},
	{pkg: "dataflow/vec/arrowvec", only: true, allowed: []string{"dataflow/vec"},
		outside: []string{std, "github.com/apache/arrow-go/"}},
	{pkg: "dataflow", only: true, allowed: []string{"dataflow/vec"}},
	{pkg: "dataflow/expr", allowed: []string{"dataflow/vec"}},
	{pkg: "dataflow/plan", allowed: []string{"dataflow/vec", "dataflow/expr"}},
	{pkg: "spill", allowed: []string{"dataflow/vec", "dataflow/vec/arrowvec", "internal/vfs"}},
	{pkg: "dataflow/state", allowed: []string{"dataflow", "dataflow/vec", "dataflow/vec/arrowvec", "spill", "internal/vfs"}},
	{pkg: "dataflow/op", allowed: []string{"dataflow", "dataflow/vec", "dataflow/expr", "dataflow/state", "spill"}},
	{pkg: "dataflow/exec", allowed: []string{"dataflow", "dataflow/vec", "dataflow/expr", "dataflow/plan",
		"dataflow/state", "dataflow/op", "spill", "internal/vfs"}},
	{pkg: "optimizer", allowed: []string{"dataflow/vec", "dataflow/plan", "dataflow/expr"}},
	{pkg: "batch", allowed: policy},
	{pkg: "streaming", allowed: append(slices.Clone(policy), "dataflow/op")},
	{pkg: "datasets", allowed: []string{"dataflow", "dataflow/vec", "dataflow/vec/arrowvec", "dataflow/expr",
		"dataflow/plan", "internal/vfs"}},
	{pkg: "sql/syntax", outside: []string{std}},
	{pkg: "sql", allowed: []string{"sql/syntax", "dataflow/vec", "dataflow/plan", "dataflow/expr"}},
	{pkg: "jobs", allowed: []string{"dataflow", "dataflow/vec", "dataflow/plan", "optimizer", "dataflow/exec", "sql/syntax",
		"datasets", "sql", "dataflow/state", "spill", "batch", "streaming", "internal/vfs"}},
	{pkg: "repl", allowed: []string{"sql", "sql/syntax", "dataflow/state", "jobs", "batch", "streaming", "dataflow/plan", "datasets",
		"dataflow/vec", "dataflow/expr", "optimizer", "spill", "dataflow/exec", "dataflow", "internal/vfs"}},
	{pkg: "tui", allowed: []string{"repl"}, tests: true},
	{pkg: "cmd", allowed: []string{anything}},
	{pkg: "internal/vfs", outside: []string{std, "golang.org/x/sys/"}},
	{pkg: "internal/invariants", outside: []string{std}},
	{pkg: "internal/datadriven", outside: []string{std}},
	{pkg: "internal/lint"},
	{pkg: "internal/prove", allowed: []string{anything}},
}

// policy is what the bounded and the unbounded front of the engine share.
var policy = []string{"dataflow/vec", "dataflow/expr", "dataflow/plan", "optimizer", "dataflow/exec", "dataflow", "spill"}

// anything in row.allowed is the whole module.
const anything = "*"

// rowOf returns the row that covers a package of this module: the one with the longest name.
func rowOf(pkg string) *row {
	var best *row
	for i := range table {
		r := &table[i]
		covers := pkg == r.pkg || (!r.only && strings.HasPrefix(pkg, r.pkg+"/"))
		if covers && (best == nil || len(r.pkg) > len(best.pkg)) {
			best = r
		}
	}
	return best
}

// allows reports whether a package under r may import path.
func (r *row) allows(path string) bool {
	inside, isInside := strings.CutPrefix(path, module+"/")
	if !isInside {
		return r.allowsOutside(path)
	}
	to := rowOf(inside)
	return to != nil && (to == r || to.pkg == "internal/invariants" ||
		slices.Contains(r.allowed, to.pkg) || slices.Contains(r.allowed, anything))
}

func (r *row) allowsOutside(path string) bool {
	if r.outside == nil {
		return true
	}
	for _, o := range r.outside {
		first, _, _ := strings.Cut(path, "/")
		if (o == std && !strings.Contains(first, ".")) || (o != std && strings.HasPrefix(path, o)) {
			return true
		}
	}
	return false
}

// check returns one message for each offending edge of a package.
func check(p listed) []string {
	name, ok := strings.CutPrefix(p.ImportPath, module+"/")
	if !ok {
		return []string{fmt.Sprintf("%s: the module root holds no code; put it into one of its folders", p.ImportPath)}
	}
	r := rowOf(name)
	if r == nil {
		return []string{fmt.Sprintf("%s: no row of the table in internal/lint covers this package; "+
			"add one that names the packages it may import, or move the package under one that is there", name)}
	}
	var bad []string
	report := func(imports []string, where string) {
		for _, path := range imports {
			if !r.allows(path) && path != p.ImportPath {
				bad = append(bad, fmt.Sprintf("%s%s imports %s: row %q does not allow it",
					name, where, strings.TrimPrefix(path, module+"/"), r.pkg))
			}
		}
	}
	report(p.Imports, "")
	if r.tests {
		report(append(slices.Clone(p.TestImports), p.XTestImports...), " (test)")
	}
	return bad
}

// listed is the part of `go list -json` that the rules need.
type listed struct {
	ImportPath   string
	Name         string
	Doc          string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// list returns the packages of the module.
func list(t *testing.T) []listed {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Name,Doc,GoFiles,Imports,TestImports,XTestImports", module+"/...")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func TestImports(t *testing.T) {
	for _, p := range list(t) {
		for _, message := range check(p) {
			t.Error(message)
		}
	}
}

// Every name in the table must be a row, else a typing error would forbid or allow in silence.
func TestTable(t *testing.T) {
	for _, r := range table {
		for _, name := range r.allowed {
			known := slices.ContainsFunc(table, func(o row) bool { return o.pkg == name })
			if !known && name != anything {
				t.Errorf("row %s allows %s, which is no row", r.pkg, name)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct{ pkg, imports, want string }{
		{"dataflow/op", "dataflow/exec", `dataflow/op imports dataflow/exec: row "dataflow/op" does not allow it`},
		{"dataflow/op/optest", "dataflow/op", ""},
		{"dataflow/op", "internal/invariants", ""},
		{"dataflow/vec", "github.com/apache/arrow-go/v18/arrow", `row "dataflow/vec" does not allow it`},
		{"dataflow/vec/arrowvec", "github.com/apache/arrow-go/v18/arrow", ""},
		{"dataflow/newthing", "fmt", "no row of the table"},
		{"sql/syntax", "dataflow/vec", `row "sql/syntax" does not allow it`},
		{"sql", "sql/syntax", ""},
		{"batch", "streaming", `row "batch" does not allow it`},
		{"datasets/kafka", "sql", `row "datasets" does not allow it`},
		{"datasets", "datasets/kafka", ""},
		{"tui", "dataflow/vec", `row "tui" does not allow it`},
		{"cmd/riffle", "tui", ""},
	} {
		path := c.imports
		if rowOf(path) != nil {
			path = module + "/" + path
		}
		got := strings.Join(check(listed{ImportPath: module + "/" + c.pkg, Imports: []string{path}}), "; ")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s imports %s: got %q, want %q", c.pkg, c.imports, got, c.want)
		}
	}
	test := listed{ImportPath: module + "/tui", XTestImports: []string{module + "/dataflow"}}
	if got := check(test); len(got) != 1 {
		t.Errorf("test of tui that imports dataflow: %q", got)
	}
}
