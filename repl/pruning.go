package repl

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
)

// PruneMap says what a query will read of Parquet files, and why not the rest.
type PruneMap struct {
	Tables     []PrunedTable `json:"tables"`
	Groups     int           `json:"row_groups"`
	GroupsRead int           `json:"row_groups_read"`
	BytesRead  int64         `json:"bytes_read"`  // of the columns and row groups that are read, at most
	BytesTotal int64         `json:"bytes_total"` // of the files
}

// PrunedTable is one scan of the query.
type PrunedTable struct {
	Name    string       `json:"name"`
	Columns []string     `json:"columns"` // that are read
	Filters []string     `json:"filters"` // that reached the scan
	Files   []PrunedFile `json:"files"`
}

// PrunedFile is one file of a scan.
type PrunedFile struct {
	Path   string        `json:"path"`
	Size   int64         `json:"size"`
	Groups []PrunedGroup `json:"row_groups"`
}

// PrunedGroup is one row group: read, or skipped by the statistics of a condition's columns. What
// the page index and bloom filters skip inside a group shows only when the query runs.
type PrunedGroup struct {
	Rows  int64  `json:"rows"`
	Read  bool   `json:"read"`
	By    string `json:"by,omitempty"` // the condition that ruled it out
	Bytes int64  `json:"bytes"`        // of the columns that the query needs
}

// Prune plans a query and asks its scans which row groups they would read. It runs nothing.
func (s *Session) Prune(ctx context.Context, query string) (*PruneMap, error) {
	script, err := syntax.Parse(query)
	if err != nil || len(script.Stmts) != 1 {
		if err == nil {
			return nil, misuse("one query, not %d statements", len(script.Stmts))
		}
		return nil, &StatementError{Text: describeErrors(err, query), Err: fmt.Errorf("%w: %w", ErrSyntax, err)}
	}
	st := s.begin(ctx, s.out, nil)
	bound, err := st.bind(script.Stmts[0], query)
	if err != nil {
		return nil, err
	}
	root, ok := planOf(bound)
	if !ok {
		return nil, misuse("a query, INSERT or COPY has something to skip; this statement has not")
	}
	phys, err := st.optimize(root)
	if err != nil {
		return nil, err
	}
	out := &PruneMap{}
	for _, sc := range scansOf(phys, nil) {
		t, ok := sc.Table.(*parquet.Table)
		if !ok {
			continue
		}
		pt, err := pruneScan(ctx, sc, t)
		if err != nil {
			return nil, err
		}
		out.add(pt)
	}
	if len(out.Tables) == 0 {
		return nil, errNoScan
	}
	return out, nil
}

func (m *PruneMap) add(t PrunedTable) {
	m.Tables = append(m.Tables, t)
	for _, f := range t.Files {
		m.BytesTotal += f.Size
		for _, g := range f.Groups {
			m.Groups++
			if g.Read {
				m.GroupsRead++
				m.BytesRead += g.Bytes
			}
		}
	}
}

// planOf is the plan of a statement that has one.
func planOf(b sql.Statement) (plan.Node, bool) {
	switch b := b.(type) {
	case *sql.Query:
		return b.Plan, true
	case *sql.Insert:
		return b.Plan, true
	case *sql.Copy:
		return b.Plan, true
	case *sql.Explain:
		return planOf(b.Inner)
	}
	return nil, false
}

func scansOf(n plan.Node, out []*plan.Scan) []*plan.Scan {
	if s, ok := n.(*plan.Scan); ok {
		return append(out, s)
	}
	for _, in := range n.Inputs() {
		out = scansOf(in, out)
	}
	return out
}

// groupsRead lists the row groups that a scan with some filters reads, as "path#number".
func groupsRead(ctx context.Context, sc *plan.Scan, t *parquet.Table, filters []expr.Expr) ([]dataflow.Split, error) {
	c := *sc
	c.Filter, c.Limit = filters, -1
	src, err := t.Source(&c)
	if err != nil {
		return nil, err
	}
	return src.Splits(ctx)
}

func pruneScan(ctx context.Context, sc *plan.Scan, t *parquet.Table) (PrunedTable, error) {
	out := PrunedTable{Name: t.Name(), Columns: []string{}, Filters: []string{}}
	for _, f := range sc.Schema().Fields {
		out.Columns = append(out.Columns, f.Name)
	}
	all, err := groupsRead(ctx, sc, t, nil)
	if err != nil {
		return out, err
	}
	read := map[string]bool{}
	splits, err := groupsRead(ctx, sc, t, sc.Filter)
	if err != nil {
		return out, err
	}
	for _, sp := range splits {
		read[sp.ID] = true
	}
	by := map[string]string{} // of a skipped group: the first condition that rules it out alone
	for _, f := range sc.Filter {
		out.Filters = append(out.Filters, f.String())
		alone, err := groupsRead(ctx, sc, t, []expr.Expr{f})
		if err != nil {
			return out, err
		}
		kept := map[string]bool{}
		for _, sp := range alone {
			kept[sp.ID] = true
		}
		for _, sp := range all {
			if !kept[sp.ID] && by[sp.ID] == "" {
				by[sp.ID] = f.String()
			}
		}
	}
	return out, out.files(all, read, by)
}

// files fills in the files, whose row groups are in all.
func (t *PrunedTable) files(all []dataflow.Split, read map[string]bool, by map[string]string) error {
	var sizes [][]int64
	for _, sp := range all {
		path, number := splitGroup(sp.ID)
		n := len(t.Files)
		if n == 0 || t.Files[n-1].Path != path {
			size, groups, err := columnBytes(path, t.Columns)
			if err != nil {
				return err
			}
			t.Files, sizes = append(t.Files, PrunedFile{Path: path, Size: size}), append(sizes, groups)
			n++
		}
		g := PrunedGroup{Rows: sp.Rows, Read: read[sp.ID]}
		if !g.Read {
			g.By = by[sp.ID]
		}
		if b := sizes[n-1]; number < len(b) {
			g.Bytes = b[number]
		}
		t.Files[n-1].Groups = append(t.Files[n-1].Groups, g)
	}
	return nil
}

// splitGroup takes the name of a Parquet split apart: "path#3".
func splitGroup(id string) (path string, group int) {
	at := strings.LastIndexByte(id, '#')
	if at < 0 {
		return id, 0
	}
	n, err := strconv.Atoi(id[at+1:])
	if err != nil {
		return id, 0
	}
	return id[:at], n
}

// columnBytes is the size of a file and, by row group, of some of its columns.
func columnBytes(path string, columns []string) (size int64, groups []int64, err error) {
	f, closer, err := openFooter(path)
	if err != nil {
		return 0, nil, err
	}
	want := map[string]bool{}
	for _, c := range columns {
		want[c] = true
	}
	m := f.Metadata()
	for i := range m.RowGroups {
		var n int64
		for _, c := range m.RowGroups[i].Columns {
			if want[strings.Join(c.MetaData.PathInSchema, ".")] {
				n += c.MetaData.TotalCompressedSize
			}
		}
		groups = append(groups, n)
	}
	return f.Size(), groups, closer.Close()
}
