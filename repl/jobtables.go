package repl

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/state"
	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/internal/vfs"
	"github.com/riffle-io/riffle/sql"
)

// jobTable is job.NAME: the present result of a running job, fetched when the statement is bound.
func (st *statement) jobTable(name string) (plan.Table, error) {
	c, err := st.s.Server.Connect()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	dir, err := st.s.scratch()
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, name+"-*.parquet")
	if err != nil {
		return nil, err
	}
	st.tmp = append(st.tmp, f.Name())
	wm, checkpoint, err := c.View(st.ctx, name, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("job.%s: %w", name, st.s.Server.NoServer(err))
	}
	at := "no watermark yet"
	if wm > dataflow.MinTime && wm < dataflow.MaxTime {
		at = "watermark " + time.UnixMicro(wm).UTC().Format("2006-01-02 15:04:05.999999")
	}
	st.out.Notice("job.%s as of %s (checkpoint %d)", name, at, checkpoint)
	return parquet.Open(nil, f.Name())
}

// end removes the files of a statement.
func (st *statement) end() {
	for _, name := range st.tmp {
		_ = os.Remove(name) // Close removes what is left
	}
}

// scratch is a directory for files that are gone with the session.
func (s *Session) scratch() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tmp == "" {
		dir, err := os.MkdirTemp("", "riffle-session-")
		if err != nil {
			return "", err
		}
		s.tmp = dir
	}
	return s.tmp, nil
}

// savepointTable is savepoint('DIR', 'OPERATOR'[, 'TABLE']): the rows of one operator's state, as the
// checkpoint files have them. Without an operator it is the only one.
func (st *statement) savepointTable(args sql.Args) (plan.Table, error) {
	var text [3]string
	for i, p := range args.Positional {
		if i == len(text) {
			return nil, errors.New("savepoint takes a directory, an operator and a table")
		}
		text[i] = p.Val.Format(p.T)
	}
	if text[0] == "" || len(args.Named) > 0 {
		return nil, errors.New("savepoint takes a directory and an operator: savepoint('DIR', 'OPERATOR')")
	}
	c, err := state.OpenSavepoint(vfs.OS{}, st.path(text[0]), parquet.Format{})
	if err != nil {
		return nil, err
	}
	if err := c.Verify(); err != nil {
		return nil, err
	}
	op, table, err := stateFiles(c, text[1], text[2])
	if err != nil {
		return nil, err
	}
	return parquet.Open(nil, filepath.Join(c.Dir(), op+"-*-"+table+".parquet"))
}

// stateFiles finds the operator that a user means, and its table: the names may be left out where
// there is one, and an operator's may be its beginning.
func stateFiles(c *state.Checkpoint, op, table string) (string, string, error) {
	tables := map[string][]string{}
	for _, t := range c.Tables {
		if !strings.HasPrefix(t.Operator, op) {
			continue
		}
		// Rows of watermarks are no state that somebody asks for, unless by name.
		if table == "" && t.Table == "meta" || table != "" && t.Table != table || slices.Contains(tables[t.Operator], t.Table) {
			continue
		}
		tables[t.Operator] = append(tables[t.Operator], t.Table)
	}
	if list := tables[op]; len(list) > 0 { // a whole name counts more than the beginning of others
		tables = map[string][]string{op: list}
	}
	var found []string
	for o, list := range tables {
		for _, t := range list {
			found = append(found, fmt.Sprintf("'%s', '%s'", o, t))
			op, table = o, t
		}
	}
	slices.Sort(found)
	switch len(found) {
	case 1:
		return op, table, nil
	case 0:
		return "", "", fmt.Errorf("the savepoint %s has no state of such an operator; riffle savepoint show %s lists what it has", c.Dir(), c.Dir())
	}
	return "", "", fmt.Errorf("the savepoint has the state of several; say which: %s", strings.Join(found, "; "))
}
