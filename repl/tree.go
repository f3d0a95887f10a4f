package repl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
)

// The kinds of nodes.
const (
	NodeGroup   = "group"
	NodeDir     = "dir"
	NodeFile    = "file"
	NodeTable   = "table"
	NodeView    = "view"
	NodeResult  = "result"
	NodeTopic   = "topic"
	NodeColumn  = "column"
	NodeJob     = "job"
	NodeGroups  = "groups"        // the consumer groups of a broker
	NodeConsume = "consumergroup" // one of them
	NodeBroker  = "broker"
)

// Node is one line of the tree of what there is to query.
type Node struct {
	ID     string // for Children; stable while the session lives
	Label  string
	Kind   string
	Detail string // rows, size, type, lag
	Leaf   bool   // has no children
	Insert string // what names it in SQL; "" when nothing does
	Rows   int64  // that a table or file has, as its footer says; 0: not known
}

// footerFiles is how many files of a directory have their footers read for their rows.
const footerFiles = 200

// Roots lists the top of the tree. It opens nothing.
func (s *Session) Roots() []Node {
	roots := []Node{{ID: "tables:", Label: "tables", Kind: NodeGroup}}
	if len(s.Results()) > 0 {
		roots = append(roots, Node{ID: "results:", Label: "results", Kind: NodeGroup})
	}
	if wd, err := os.Getwd(); err == nil {
		roots = append(roots, Node{ID: "dir:.", Label: filepath.Base(wd) + "/", Kind: NodeDir, Detail: "here"})
	}
	for _, src := range s.sourceList() {
		if kafka.IsURL(src) || src == "-" {
			continue
		}
		if info, err := os.Stat(src); err == nil && info.IsDir() {
			roots = append(roots, Node{ID: "dir:" + src, Label: strings.TrimSuffix(src, "/") + "/", Kind: NodeDir, Insert: quote(src)})
		} else if filepath.Dir(src) != "." { // those here are under "here"
			roots = append(roots, fileNode(src, true))
		}
	}
	for _, addr := range s.brokers() {
		roots = append(roots, Node{ID: "broker:" + addr, Label: "kafka: " + addr, Kind: NodeBroker}, Node{ID: "groups:" + addr, Label: "groups", Kind: NodeGroups, Detail: addr})
	}
	return append(roots, Node{ID: "jobs:", Label: "jobs", Kind: NodeGroup})
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (s *Session) sourceList() []string {
	s.cat.mu.RLock()
	defer s.cat.mu.RUnlock()
	return append([]string{}, s.cat.sources...)
}

// brokers lists the clusters that the session knows: of the command line's topics and of declared
// tables.
func (s *Session) brokers() []string {
	var out []string
	add := func(addr string) {
		if addr != "" && !slices.Contains(out, addr) {
			out = append(out, addr)
		}
	}
	for _, src := range s.sourceList() {
		if kafka.IsURL(src) {
			if u, err := kafka.ParseURL(cutRange(src)); err == nil {
				add(strings.Join(u.Brokers, ","))
			}
		}
	}
	s.cat.mu.RLock()
	defer s.cat.mu.RUnlock()
	var declared []string
	for _, d := range s.cat.tables {
		if d.def != nil {
			declared = append(declared, d.def.Options["properties.bootstrap.servers"])
		}
	}
	sort.Strings(declared)
	for _, addr := range declared {
		add(addr)
	}
	return out
}

// cutRange is a topic's URL without its range.
func cutRange(url string) string {
	if path, _, err := splitRange(url); err == nil {
		return path
	}
	return url
}

// Children lists what is below a node. Files and brokers are asked each time: the caller keeps the
// answer.
func (s *Session) Children(ctx context.Context, id string) ([]Node, error) {
	kind, rest, _ := strings.Cut(id, ":")
	switch kind {
	case "tables":
		return s.tableNodes(), nil
	case "results":
		return s.resultNodes(), nil
	case "jobs":
		return s.jobNodes(ctx)
	case "dir":
		return s.dirNodes(rest)
	case "file":
		return s.columnNodes(ctx, quote(rest))
	case "table", "view", "result":
		return s.columnNodes(ctx, rest)
	case "broker":
		return topicNodes(ctx, rest)
	case "groups":
		return groupNodes(ctx, rest)
	case "topic":
		return s.columnNodes(ctx, quote("kafka://"+rest))
	case "group":
		addr, group, _ := strings.Cut(rest, "/")
		return offsetNodes(ctx, addr, group)
	}
	return nil, fmt.Errorf("there is no node %q", id)
}

// tableNodes lists tables and views; a source of the command line has its shortest name only.
func (s *Session) tableNodes() (out []Node) {
	s.cat.mu.RLock()
	defer s.cat.mu.RUnlock()
	for n, d := range s.cat.tables {
		detail, rows := "", int64(0)
		if t, ok := d.table.(interface{ Rows() int64 }); ok && d.def == nil {
			rows = t.Rows()
		}
		switch {
		case d.def == nil:
			detail = d.table.Name()
		case d.mem != nil:
			detail = rowsText(int64(d.mem.Stats().Rows))
		default:
			detail = d.def.Options["connector"]
		}
		out = append(out, Node{ID: "table:" + quoteDotted(n), Label: n, Kind: NodeTable, Detail: detail, Insert: quoteDotted(n), Rows: rows})
	}
	for n := range s.cat.views {
		out = append(out, Node{ID: "view:" + quoteDotted(n), Label: n, Kind: NodeView, Detail: "view", Insert: quoteDotted(n)})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Label < out[j].Label })
	return out
}

func quoteDotted(name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		parts[i] = quoteName(p)
	}
	return strings.Join(parts, ".")
}

// resultNodes lists the results, newest first.
func (s *Session) resultNodes() (out []Node) {
	for _, r := range s.Results() {
		out = append([]Node{{ID: "result:" + r.Name(), Label: r.Name(), Kind: NodeResult, Detail: rowsText(r.Rows()), Insert: r.Name()}}, out...)
	}
	return out
}

// jobNodes lists the jobs of the job server; none when there is no server.
func (s *Session) jobNodes(ctx context.Context) (out []Node, err error) {
	c, err := s.Server.Connect()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	list, err := c.List(ctx)
	if errors.Is(err, ErrNoServer) {
		return nil, nil
	}
	for _, j := range list {
		out = append(out, Node{ID: "job:" + j.Name, Label: j.Name, Kind: NodeJob, Detail: j.State, Leaf: true, Insert: "job." + quoteName(j.Name)})
	}
	return out, err
}

// rowsText is a number of rows, short: 214 M rows.
func rowsText(n int64) string {
	switch {
	case n == 1:
		return "1 row"
	case n < 10_000:
		return render.Count(n) + " rows"
	}
	return render.Short(float64(n)) + " rows"
}

// sizeText is a number of bytes, short.
func sizeText(n int64) string { return render.Bytes(n) }

func (s *Session) dirNodes(dir string) ([]Node, error) {
	if _, err := os.ReadDir(dir); err != nil {
		return nil, err
	}
	var out []Node
	for i, e := range dataFiles(dir) {
		path := filepath.ToSlash(filepath.Join(dir, e.name))
		if e.dir {
			out = append(out, Node{ID: "dir:" + path, Label: e.name + "/", Kind: NodeDir, Insert: quote(path)})
			continue
		}
		out = append(out, fileNode(path, i < footerFiles))
	}
	return out, nil
}

// fileNode is a file, with the rows that its footer says when it has one, else its size.
func fileNode(path string, footer bool) Node {
	n := Node{ID: "file:" + path, Label: filepath.Base(path), Kind: NodeFile, Insert: quote(path)}
	if info, err := os.Stat(path); err == nil {
		n.Detail = sizeText(info.Size())
	}
	if footer && formats[strings.ToLower(filepath.Ext(path))] == "parquet" {
		if t, err := parquet.Open(nil, path); err == nil {
			n.Detail, n.Rows = rowsText(t.Rows()), t.Rows()
		}
	}
	return n
}

// bindOne binds a text of one statement, and runs nothing.
func (s *Session) bindOne(ctx context.Context, text string) (sql.Statement, error) {
	script, err := syntax.Parse(text)
	if err != nil {
		return nil, err
	}
	return s.begin(ctx, s.out, nil).bind(script.Stmts[0], text)
}

// columnNodes lists the columns of a table as SQL names it.
func (s *Session) columnNodes(ctx context.Context, table string) ([]Node, error) {
	text := "DESCRIBE " + table
	bound, err := s.bindOne(ctx, text)
	if err != nil {
		return nil, err
	}
	d := bound.(*sql.Describe)
	var out []Node
	for i, f := range d.Schema.Fields {
		detail := typeText(f.Type)
		if d.Watermark != nil && d.Watermark.Col == i {
			detail += " event time"
		}
		if d.Hidden[i] {
			detail += " metadata"
		}
		out = append(out, Node{ID: "column:" + table + "." + f.Name, Label: f.Name, Kind: NodeColumn, Detail: detail, Leaf: true, Insert: quoteName(f.Name)})
	}
	return out, nil
}

func typeText(t vec.Type) string { return strings.ToLower(t.String()) }

// ColumnNames lists the columns of a table, as SQL text names it, that * shows.
func (s *Session) ColumnNames(ctx context.Context, table string) ([]string, error) {
	text := "SELECT * FROM " + table
	bound, err := s.bindOne(ctx, text)
	if err != nil {
		return nil, err
	}
	q, ok := bound.(*sql.Query)
	if !ok {
		return nil, fmt.Errorf("%s is no table", table)
	}
	return q.Names, nil
}
