package repl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sort"
	"strconv"
	"strings"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen"
	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
	"github.com/riffle-io/riffle/streaming"
)

// Catalog finds tables: those that statements declared, the command line's sources, files, topics
// and generators. It implements sql.Catalog.
type Catalog struct {
	s      *Session
	ctx    context.Context // of the statement that is being bound
	tables map[string]*declared
	views  map[string]*sql.View
	stdin  *stdin
}

var _ sql.Catalog = (*Catalog)(nil)

// declared is a table of CREATE TABLE, or a source of the command line.
type declared struct {
	def   *sql.TableDef // nil for a source
	table plan.Table    // opened, and kept
	mem   *memTable     // of a declaration without connector
}

func newCatalog(s *Session) *Catalog {
	return &Catalog{s: s, ctx: context.Background(), tables: map[string]*declared{}, views: map[string]*sql.View{}}
}

func key(name []string) string { return strings.Join(name, ".") }

// Table finds a declared table, or stdin.
func (c *Catalog) Table(name []string, rng *syntax.Range) (plan.Table, *plan.Watermark, error) {
	if len(name) == 1 && name[0] == "stdin" && c.tables["stdin"] == nil {
		t, err := c.standardInput()
		return t, nil, err
	}
	d, ok := c.tables[key(name)]
	if !ok {
		return nil, nil, sql.ErrNoTable
	}
	if d.def == nil {
		return d.table, nil, nil
	}
	if d.mem != nil {
		return d.mem, watermarkOf(d.def), nil
	}
	t, err := c.open(d.def, rng)
	if err != nil {
		return nil, nil, err
	}
	return t, watermarkOf(d.def), nil
}

// watermarkOf is how the table's declaration derives event time.
func watermarkOf(def *sql.TableDef) *plan.Watermark {
	if def.Watermark == nil {
		return nil
	}
	w := &plan.Watermark{Col: def.Watermark.Col, Expr: def.Watermark.Expr}
	if d, err := duration(def.Options["scan.watermark.idle-timeout"]); err == nil {
		w.Idle = d.Microseconds()
	}
	return w
}

// View finds a view.
func (c *Catalog) View(name []string) (*sql.View, bool) {
	v, ok := c.views[key(name)]
	return v, ok
}

// File opens a path or URL.
func (c *Catalog) File(path string, rng *syntax.Range) (plan.Table, error) {
	if path == "-" {
		return c.standardInput()
	}
	if kafka.IsURL(path) {
		u, err := kafka.ParseURL(path)
		if err != nil {
			return nil, err
		}
		r, err := kafkaRange(rng)
		if err != nil {
			return nil, err
		}
		return kafka.OpenTable(c.ctx, kafka.TableOptions{Config: kafka.Config{Brokers: u.Brokers}, Topic: u.Topic, Range: r, UntilEnd: c.s.UntilEnd})
	}
	if rng != nil {
		return nil, fmt.Errorf("a range such as %s is for topics; %s is a file", rng, path)
	}
	return openFiles(path, "", nil)
}

// kafkaRange reads a syntax tree's range as the kafka package does.
func kafkaRange(rng *syntax.Range) (kafka.Range, error) {
	if rng == nil {
		return kafka.Range{Partition: kafka.AllPartitions}, nil
	}
	return kafka.ParseRange("@" + strings.TrimPrefix(rng.String(), "@"))
}

// Function opens a generated table: gen.NAME(argument => value).
func (c *Catalog) Function(name []string, args sql.Args) (plan.Table, *plan.Watermark, error) {
	if len(name) != 2 || name[0] != "gen" {
		return nil, nil, sql.ErrNoTable
	}
	t, err := gen.Lookup(name[1])
	if err != nil {
		return nil, nil, fmt.Errorf("%w: gen.%s", sql.ErrNoTable, name[1])
	}
	vals := map[string]string{}
	for i, p := range args.Positional {
		if i >= len(t.Params) {
			return nil, nil, fmt.Errorf("gen.%s takes %d arguments at most", t.Name, len(t.Params))
		}
		vals[t.Params[i].Name] = p.Val.Format(p.T)
	}
	stream := false
	for k, p := range args.Named {
		if k == "stream" {
			stream = p.Val.I != 0
			continue
		}
		vals[k] = p.Val.Format(p.T)
	}
	gt, err := newGenTable(t, vals, stream)
	if err != nil {
		return nil, nil, err
	}
	return gt, gt.watermark(), nil
}

// Target finds a declared table to write to.
func (c *Catalog) Target(name []string) (plan.Target, error) {
	d, ok := c.tables[key(name)]
	if !ok || d.def == nil {
		return nil, sql.ErrNoTable
	}
	return c.targetOf(d)
}

// targetOf makes a declared table writable.
func (c *Catalog) targetOf(d *declared) (plan.Target, error) {
	switch {
	case d.mem == nil:
		return c.target(d.def)
	case c.s.State != "":
		return nil, fmt.Errorf("table %s is in memory and would not outlive a job with --state; declare it WITH ('connector' = …)", d.mem.name)
	}
	return d.mem, nil
}

// FileTarget makes a target of a path or URL.
func (c *Catalog) FileTarget(path, format string, options map[string]string, schema *vec.Schema) (plan.Target, error) {
	if kafka.IsURL(path) {
		u, err := kafka.ParseURL(path)
		if err != nil {
			return nil, err
		}
		return kafka.NewTarget(kafka.TargetOptions{Config: kafka.Config{Brokers: u.Brokers}, Topic: u.Topic, Schema: schema, Transactional: c.s.State != ""}), nil
	}
	return fileTarget(path, format, options, schema)
}

// Names lists what could be meant by a misspelt name.
func (c *Catalog) Names() []string {
	out := append(c.list(false), c.list(true)...)
	for _, t := range gen.Tables() {
		out = append(out, "gen."+t.Name)
	}
	return out
}

func (c *Catalog) list(views bool) []string {
	var out []string
	if views {
		for n := range c.views {
			out = append(out, n)
		}
	} else {
		for n := range c.tables {
			out = append(out, n)
		}
	}
	sort.Strings(out)
	return out
}

// AddSource makes a file, directory or topic of the command line a table: t, t2, … and by its file
// name.
func (c *Catalog) AddSource(ctx context.Context, source string) error {
	c.ctx = ctx
	if source == "-" {
		return nil // standard input is the table stdin anyhow
	}
	path, rng := source, (*syntax.Range)(nil)
	if kafka.IsURL(source) {
		if at := strings.LastIndexByte(source, '@'); at > 0 {
			r, err := syntax.ParseRange(source[at:])
			if err != nil {
				return misuse("%s: %w", source, err)
			}
			path, rng = source[:at], r
		}
	}
	t, err := c.File(path, rng)
	if err != nil {
		return err
	}
	name := "t"
	for n := 2; c.tables[name] != nil; n++ {
		name = "t" + strconv.Itoa(n)
	}
	d := &declared{table: t}
	c.tables[name] = d
	base := path[strings.LastIndexAny(path, "/\\")+1:]
	base, _, _ = strings.Cut(base, ".")
	if base != "" && c.tables[base] == nil {
		c.tables[base] = d
	}
	return nil
}

func (c *Catalog) addView(v *sql.CreateView) error {
	k := key(v.Name)
	if v.Materialized {
		return errors.New("CREATE MATERIALIZED VIEW needs the job server, which is not there yet; use INSERT INTO with --state")
	}
	if _, have := c.views[k]; have && !v.OrReplace {
		if v.IfNotExists {
			return nil
		}
		return fmt.Errorf("view %q already exists; CREATE OR REPLACE VIEW replaces it", k)
	}
	view := v.View
	c.views[k] = &view
	return nil
}

func (c *Catalog) drop(d *sql.Drop) error {
	for _, n := range d.Names {
		k := key(n)
		t, isTable := c.tables[k]
		_, isView := c.views[k]
		if !isTable && !isView && !d.IfExists {
			return fmt.Errorf("%q does not exist", k)
		}
		if isTable && t.mem != nil {
			t.mem.drop()
		}
		delete(c.tables, k)
		delete(c.views, k)
	}
	return nil
}

// createTable declares a table; AS also fills it. A table without connector is in memory.
func (s *Session) createTable(ctx context.Context, st *sql.CreateTable) (err error) {
	k := key(st.Name)
	old, have := s.cat.tables[k]
	if have && !st.OrReplace {
		if st.IfNotExists {
			return nil
		}
		return fmt.Errorf("table %q already exists; CREATE OR REPLACE TABLE replaces it", k)
	}
	def := st.TableDef
	if err := checkDef(&def); err != nil {
		return misuse("table %s: %w", k, err)
	}
	d := &declared{def: &def}
	if def.Options["connector"] == "" {
		if d.mem, err = s.newMemTable(&def); err != nil {
			return misuse("table %s: %w", k, err)
		}
	}
	if st.Query != nil {
		if err := s.fill(ctx, d, st.Query); err != nil {
			return err
		}
	}
	if have && old.mem != nil {
		old.mem.drop()
	}
	s.cat.tables[k] = d
	return nil
}

// fill writes the query of CREATE TABLE AS.
func (s *Session) fill(ctx context.Context, d *declared, q *sql.Query) error {
	t, err := s.cat.targetOf(d)
	if err != nil {
		return err
	}
	return s.write(ctx, &plan.Sink{In: q.Plan, Target: t})
}

// genTable is a generated table in the catalog.
type genTable struct {
	t      *gen.Table
	g      gen.Generator
	stream bool
}

func newGenTable(t *gen.Table, args map[string]string, stream bool) (*genTable, error) {
	g, err := t.Open(args)
	if err != nil {
		return nil, err
	}
	if stream && t.EventTime == "" {
		return nil, fmt.Errorf("gen.%s has no event time and cannot be a stream", t.Name)
	}
	return &genTable{t, g, stream}, nil
}

func (g *genTable) Name() string        { return "gen." + g.t.Name }
func (g *genTable) Schema() *vec.Schema { return g.g.Schema() }
func (g *genTable) Stats() plan.Stats   { return plan.Stats{Rows: float64(g.g.Rows()), Bytes: -1} }
func (g *genTable) Unbounded() bool     { return g.stream }

// watermark of a generated stream: its rows are in order of event time.
func (g *genTable) watermark() *plan.Watermark {
	if !g.stream {
		return nil
	}
	w, err := streaming.Ascending(g.Schema(), g.t.EventTime)
	if err != nil { // the generator's own declaration says that it is one
		panic(err)
	}
	return w
}

func (g *genTable) Source(scan *plan.Scan) (dataflow.Source, error) {
	src := gen.NewSource(g.Name(), g.g, scan.Cols)
	if g.stream {
		return streamed{src}, nil
	}
	return src, nil
}

// streamed is a bounded source that is treated as a stream: its splits are in order of event time.
type streamed struct{ dataflow.Source }

func (streamed) Unbounded() bool { return true }
func (streamed) Ordered() bool   { return true }

// IsMissing tells whether an error means that a file or table is not there.
func IsMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, os.ErrNotExist) || errors.Is(err, sql.ErrNoTable)
}
