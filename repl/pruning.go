package repl

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
)

// PruneMap says what a query will read of Parquet files, and why not the rest. Runtime filters of
// joins and dictionaries may leave out more while it runs.
type PruneMap struct {
	Tables     []PrunedTable `json:"tables"`
	Groups     int           `json:"row_groups"`
	GroupsRead int           `json:"row_groups_read"`
	Pages      int           `json:"pages"` // of the columns and row groups that are read, as far as looked into
	PagesRead  int           `json:"pages_read"`
	BytesRead  int64         `json:"bytes_read"`  // of the columns and row groups that are read, at most
	BytesTotal int64         `json:"bytes_total"` // of the files
	// NotLooked counts row groups that are read as far as statistics tell, and whose bloom filters and
	// page index were not asked, because so many others were.
	NotLooked int `json:"row_groups_not_looked_into,omitempty"`
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

// PrunedGroup is one row group.
type PrunedGroup struct {
	Rows  int64        `json:"rows"`
	Read  bool         `json:"read"`
	Skip  parquet.Skip `json:"skip,omitempty"` // what ruled it out
	By    string       `json:"by,omitempty"`   // the condition for which it did; "": not one alone
	Bytes int64        `json:"bytes"`          // of the columns that the query needs, at most
	// When bloom filters and page index were asked:
	Looked    bool  `json:"looked_into,omitempty"`
	RowsLeft  int64 `json:"rows_left,omitempty"` // in pages that may hold a match
	Pages     int   `json:"pages,omitempty"`     // of the columns that the query needs; 0 without page index
	PagesRead int   `json:"pages_read,omitempty"`
}

// maxLook is how many row groups' bloom filters and page indexes are read for a map: a few ms each.
const maxLook = 256

// Prune plans a query and asks its scans which row groups they would read. It runs nothing; of the
// files it reads footers and, of a bounded number of row groups, bloom filters and page indexes.
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
	out, look := &PruneMap{}, maxLook
	for _, sc := range scansOf(phys, nil) {
		t, ok := sc.Table.(*parquet.Table)
		if !ok {
			continue
		}
		pt, err := pruneScan(ctx, sc, t, look)
		if err != nil {
			return nil, err
		}
		look -= out.add(pt)
	}
	if len(out.Tables) == 0 {
		return nil, errNoScan
	}
	return out, nil
}

// add counts a scan in, and gives how many of its row groups were looked into.
func (m *PruneMap) add(t PrunedTable) (looked int) {
	m.Tables = append(m.Tables, t)
	for _, f := range t.Files {
		m.BytesTotal += f.Size
		for _, g := range f.Groups {
			m.Groups++
			if g.Looked {
				looked++
			}
			if !g.Read {
				continue
			}
			m.GroupsRead++
			m.BytesRead += g.Bytes
			m.Pages, m.PagesRead = m.Pages+g.Pages, m.PagesRead+g.PagesRead
			if !g.Looked && len(t.Filters) > 0 {
				m.NotLooked++
			}
		}
	}
	return looked
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

// pruneScan asks a scan what it will take of its files, and looks into at most look row groups.
func pruneScan(ctx context.Context, sc *plan.Scan, t *parquet.Table, look int) (PrunedTable, error) {
	out := PrunedTable{Name: t.Name(), Columns: []string{}, Filters: []string{}}
	for _, f := range sc.Schema().Fields {
		out.Columns = append(out.Columns, f.Name)
	}
	for _, f := range sc.Filter {
		out.Filters = append(out.Filters, f.String())
	}
	decided, err := t.Decide(ctx, sc, look)
	if err != nil {
		return out, err
	}
	for _, f := range decided {
		if len(f.Groups) == 0 {
			continue
		}
		file := PrunedFile{Path: f.Path, Size: f.Size}
		for _, d := range f.Groups {
			file.Groups = append(file.Groups, prunedGroup(d, sc.Limit))
		}
		out.Files = append(out.Files, file)
	}
	return out, nil
}

func prunedGroup(d parquet.Decision, limit int64) PrunedGroup {
	g := PrunedGroup{Rows: d.Rows, Read: d.Skip == parquet.SkipNone, Skip: d.Skip, Bytes: d.Bytes, Looked: d.Looked}
	if g.Read && g.Looked {
		g.RowsLeft, g.Pages, g.PagesRead = d.RowsLeft, d.Pages, d.PagesLeft
	}
	switch {
	case d.By != nil:
		g.By = d.By.String()
	case d.Skip == parquet.SkipLimit:
		g.By = fmt.Sprintf("LIMIT %d", limit)
	}
	return g
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
