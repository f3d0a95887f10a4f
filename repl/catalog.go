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
	"sync"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen"
	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
	"github.com/riffle-io/riffle/streaming"
)

// Catalog is the tables and views that statements declared and the command line's sources. It is
// used from many goroutines; statements find tables in it, and files, topics and generators beside
// it.
type Catalog struct {
	s *Session

	mu      sync.RWMutex
	tables  map[string]*declared
	views   map[string]*sql.View
	ddl     map[string]string // statements that declared tables and views
	sources []string          // of the command line, in order
	stdin   *stdin
}

// declared is a table of CREATE TABLE, or a source of the command line.
type declared struct {
	def   *sql.TableDef // nil for a source
	table plan.Table    // opened, and kept
	from  string        // source as the command line has it
	mem   *memTable     // of a declaration without connector
}

func newCatalog(s *Session) *Catalog {
	return &Catalog{s: s, tables: map[string]*declared{}, views: map[string]*sql.View{}, ddl: map[string]string{}}
}

// lookup finds a declared table or a source by its dotted name.
func (c *Catalog) lookup(name string) (*declared, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	d, ok := c.tables[name]
	return d, ok
}

func key(name []string) string { return strings.Join(name, ".") }

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

// File opens a path or URL.
func (st *statement) File(path string, rng *syntax.Range) (plan.Table, error) {
	if path == "-" {
		return st.s.cat.standardInput(st.set.StdinFormat)
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
		return kafka.OpenTable(st.ctx, kafka.TableOptions{Config: kafka.Config{Brokers: u.Brokers}, Topic: u.Topic, Range: r, UntilEnd: st.set.UntilEnd})
	}
	if rng != nil {
		return nil, fmt.Errorf("a range such as %s is for topics; %s is a file", rng, path)
	}
	return openFiles(st.path(path), "", nil)
}

// kafkaRange reads a syntax tree's range as the kafka package does.
func kafkaRange(rng *syntax.Range) (kafka.Range, error) {
	if rng == nil {
		return kafka.Range{Partition: kafka.AllPartitions}, nil
	}
	text := rng.String()
	if rng.To != nil && rng.To.Partition >= 0 { // @0:5..0:7 is @0:5..7
		if rng.To.Partition != rng.From.Partition {
			return kafka.Range{}, misuse("range @%s: both ends must be in the same partition", text)
		}
		text = fmt.Sprintf("%s..%d", rng.From.Text, rng.To.Offset)
	}
	r, err := kafka.ParseRange("@" + text)
	if err != nil {
		return r, misuse("%w", err)
	}
	return r, nil
}

// Function opens a generated table: gen.NAME(argument => value).
func (st *statement) Function(name []string, args sql.Args) (plan.Table, *plan.Watermark, error) {
	if len(name) == 1 && name[0] == "savepoint" {
		t, err := st.savepointTable(args)
		return t, nil, err
	}
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
func (st *statement) Target(name []string) (plan.Target, error) {
	d, ok := st.s.cat.lookup(key(name))
	if !ok || d.def == nil {
		return nil, sql.ErrNoTable
	}
	return st.targetOf(d)
}

// targetOf makes a declared table writable.
func (st *statement) targetOf(d *declared) (plan.Target, error) {
	switch {
	case d.mem == nil:
		return st.target(d.def)
	case st.set.State != "":
		return nil, fmt.Errorf("table %s is in memory and would not outlive a job with --state; declare it WITH ('connector' = …)", d.mem.name)
	}
	return d.mem, nil
}

// FileTarget makes a target of a path or URL.
func (st *statement) FileTarget(path, format string, options map[string]string, schema *vec.Schema) (plan.Target, error) {
	if kafka.IsURL(path) {
		u, err := kafka.ParseURL(path)
		if err != nil {
			return nil, err
		}
		return kafka.NewTarget(kafka.TargetOptions{Config: kafka.Config{Brokers: u.Brokers}, Topic: u.Topic, Schema: schema, Transactional: st.set.State != ""}), nil
	}
	return fileTarget(st.path(path), format, options, schema)
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
	c.mu.RLock()
	defer c.mu.RUnlock()
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
	if source == "-" {
		return nil // standard input is the table stdin anyhow
	}
	path, rng, err := splitRange(source)
	if err != nil {
		return err
	}
	t, err := c.s.begin(ctx, c.s.out, nil).File(path, rng)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sources = append(c.sources, source)
	name := "t"
	for n := 2; c.tables[name] != nil; n++ {
		name = "t" + strconv.Itoa(n)
	}
	d := &declared{table: t, from: source}
	c.tables[name] = d
	base := path[strings.LastIndexAny(path, "/\\")+1:]
	base, _, _ = strings.Cut(base, ".")
	if base != "" && c.tables[base] == nil {
		c.tables[base] = d
	}
	return nil
}

// splitRange parts a source into file or topic and the range behind the @ of a topic; nil without.
func splitRange(source string) (path string, rng *syntax.Range, err error) {
	at := strings.LastIndexByte(source, '@')
	if !kafka.IsURL(source) || at < strings.LastIndexByte(source, '/') { // an @ before belongs to the address
		return source, nil, nil
	}
	if rng, err = syntax.ParseRange(source[at+1:]); err != nil {
		return "", nil, misuse("%s: %w; %s", source, err, syntax.PointHint)
	}
	return source[:at], rng, nil
}

func (c *Catalog) addView(v *sql.CreateView) error {
	k := key(v.Name)
	if v.Materialized {
		return errors.New("CREATE MATERIALIZED VIEW needs the job server, which is not there yet; use INSERT INTO with --state")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
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
	c.mu.Lock()
	defer c.mu.Unlock()
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
		delete(c.ddl, k)
	}
	return nil
}

// createTable declares a table; AS also fills it. A table without connector is in memory.
func (st *statement) createTable(ct *sql.CreateTable) (err error) {
	k := key(ct.Name)
	if _, have := st.s.cat.lookup(k); have && !ct.OrReplace {
		if ct.IfNotExists {
			return nil
		}
		return fmt.Errorf("table %q already exists; CREATE OR REPLACE TABLE replaces it", k)
	}
	def := ct.TableDef
	if err := checkDef(&def); err != nil {
		return misuse("table %s: %w", k, err)
	}
	d := &declared{def: &def}
	if def.Options["connector"] == "" {
		if d.mem, err = st.s.newMemTable(&def); err != nil {
			return misuse("table %s: %w", k, err)
		}
	}
	if ct.Query != nil {
		if err := st.fill(d, ct.Query); err != nil {
			return err
		}
	}
	c := st.s.cat
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.tables[k]; old != nil && old.mem != nil {
		old.mem.drop()
	}
	c.tables[k] = d
	return nil
}

// fill writes the query of CREATE TABLE AS.
func (st *statement) fill(d *declared, q *sql.Query) error {
	t, err := st.targetOf(d)
	if err != nil {
		return err
	}
	return st.write(&plan.Sink{In: q.Plan, Target: t})
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

// IsMissing tells whether an error means that a file, table or topic is not there.
func IsMissing(err error) bool {
	return errors.Is(err, kafka.ErrUnknownTopic) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, os.ErrNotExist) || errors.Is(err, sql.ErrNoTable)
}
