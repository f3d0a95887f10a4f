package repl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/repl/render"
	"github.com/riffle-io/riffle/spill"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
)

// Settings are what SET and flags change. The zero value is not useful; see NewSession.
type Settings struct {
	Dir            string // that relative paths start from; "": the working directory
	Parallelism    int
	Memory         int64 // bytes; 0: 60 % of the machine
	Optimizer      bool
	SpillDir       string // default: a folder in the system's temporary one
	State          string // directory of checkpoints; "": none
	Checkpoint     time.Duration
	Late, Bad      string // directories of side outputs; "": late rows are counted, bad ones an error
	UntilEnd       bool   // streams end where they end now
	Replay         bool   // ranges of topics are read as streams, with watermarks, although they end
	For            time.Duration
	Rate           int64         // rows a second that a source task reads at most; 0: no limit
	UntilWatermark dataflow.Time // 0: not set
	Limit          int64         // rows of a result; -1: all
	Mode           string        // "", append, upsert, changelog
	StdinFormat    string        // "", csv, json
}

// Output is how a session shows what it does.
type Output struct {
	// Result makes the writer of one result.
	Result func(o render.Options) (render.Writer, error)
	// Notice takes words for people: counts of late rows, rows written.
	Notice func(format string, args ...any)
	// Time, when set, is told how long each statement took.
	Time func(d time.Duration)
	// named, when set, makes the writer of a query's result instead, which becomes a table.
	named func(o render.Options, mode plan.Mode, key []int) (render.Writer, error)
	// unnamed keeps the results of a Run from becoming tables.
	unnamed bool
}

// Session is one user's state. Statements may run at the same time, in goroutines of their own;
// the exported fields are set before the first of them, and by SET afterwards.
type Session struct {
	Settings
	Params map[string]string // not changed once statements run
	// ReadOnly refuses what would write outside the session: files, topics, jobs. No statement changes it.
	ReadOnly bool
	Server   ServerAddress // of the jobs that are tables job.NAME
	out      Output
	cat      *Catalog
	results  results

	mu      sync.Mutex // guards Settings and what follows
	pool    *spill.Pool
	scopes  map[string]keptScope  // for completion
	samples map[string]keptSample // of JSON columns, for completion
	tmp     string                // see scratch
}

// NewSession makes a session with the default settings.
func NewSession(out Output) *Session {
	s := &Session{Params: map[string]string{}, out: out}
	s.Settings = defaults()
	s.cat = newCatalog(s)
	return s
}

// cores is how many processors tasks have: those at the start, since screens add some for themselves.
var cores = runtime.GOMAXPROCS(0)

func defaults() Settings {
	return Settings{Parallelism: cores, Optimizer: true, Checkpoint: 10 * time.Second,
		Limit: -1}
}

// StatementError is an error of a statement, with its place in the text.
type StatementError struct {
	Text      string // what a person sees: message, line, caret, hint
	Line, Col int    // of the token at fault, from 1; 0 when there is none
	Err       error
}

func (e *StatementError) Error() string { return e.Text }

// Parts are the text in its parts: the message without the place, which Line and Col have, and the
// hint, "" without one. Of several mistakes it is the first.
func (e *StatementError) Parts() (message, hint string) {
	for l := range strings.Lines(e.Text) {
		l = strings.TrimRight(l, "\n")
		switch h, ok := strings.CutPrefix(l, "hint: "); {
		case ok && hint == "":
			hint = h
		case message == "":
			message = strings.TrimPrefix(l, fmt.Sprintf("line %d, column %d: ", e.Line, e.Col))
		case strings.HasPrefix(l, "line "): // the next mistake
			return message, hint
		}
	}
	return message, hint
}
func (e *StatementError) Unwrap() error { return e.Err }

// ErrSyntax marks errors of the text itself, in contrast to those of running it.
var ErrSyntax = errors.New("statement cannot be understood")

// ErrUnbounded means that something that must end was asked of an input that does not.
var ErrUnbounded = errors.New("the input does not end")

// ErrReadOnly means that a session without the right to write was asked to.
var ErrReadOnly = errors.New("this is read-only")

// mayWrite is nil unless the session is read-only.
func (s *Session) mayWrite(where string) error {
	if s.ReadOnly {
		return fmt.Errorf("%w: nothing is written to %s", ErrReadOnly, where)
	}
	return nil
}

// misuse is an error of the text that has no place in it.
func misuse(format string, args ...any) error {
	return &StatementError{Text: fmt.Errorf(format, args...).Error(), Err: ErrSyntax}
}

// Catalog is where the session's tables are.
func (s *Session) Catalog() *Catalog { return s.cat }

// Execute runs the statements of a text one after the other, and stops at the first error.
func (s *Session) Execute(ctx context.Context, text string) error {
	return s.executeTo(ctx, text, s.out, nil)
}

// executeTo is Execute with an output of its own, and a Run that shows what goes on.
func (s *Session) executeTo(ctx context.Context, text string, out Output, run *Run) (err error) {
	defer func() { // a bug of ours must not take the session down
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %v\n%s", p, debug.Stack())
		}
	}()
	script, err := syntax.Parse(text)
	if err != nil {
		e := &StatementError{Text: describeErrors(err, text), Err: fmt.Errorf("%w: %w", ErrSyntax, err)}
		var first *syntax.Error
		if errors.As(err, &first) {
			e.Line, e.Col = first.Line, first.Col
		}
		return e
	}
	for _, stmt := range script.Stmts {
		start := time.Now()
		st := s.begin(ctx, out, run)
		bound, err := st.bind(stmt, text)
		if err == nil {
			if err = st.execStatement(bound); err == nil {
				s.cat.keepText(stmt, text)
			}
			s.forgetScopes()
		}
		st.end()
		if err != nil {
			return err
		}
		if out.Time != nil {
			out.Time(time.Since(start))
		}
	}
	return nil
}

func bindError(err error, text string) error {
	var se *syntax.Error
	if !errors.As(err, &se) {
		return err
	}
	e := &StatementError{Text: se.Format(text), Line: se.Line, Col: se.Col, Err: fmt.Errorf("%w: %w", ErrSyntax, err)}
	if errors.Unwrap(se) != nil { // a file or a broker, not the text
		e.Err = se
	}
	return e
}

func describeErrors(err error, text string) string {
	var list syntax.ErrorList
	if !errors.As(err, &list) {
		return err.Error()
	}
	var parts []string
	for _, e := range list {
		parts = append(parts, e.Format(text))
	}
	return strings.Join(parts, "\n")
}

// execStatement executes one bound statement.
func (st *statement) execStatement(stmt sql.Statement) error {
	switch b := stmt.(type) {
	case *sql.Query:
		return st.query(b)
	case *sql.Insert:
		return st.write(b.Plan)
	case *sql.Copy:
		return st.write(b.Plan)
	case *sql.CreateTable:
		return st.createTable(b)
	case *sql.CreateView:
		return st.s.cat.addView(b)
	case *sql.Drop:
		return st.s.cat.drop(b)
	case *sql.Explain:
		return st.explain(b)
	case *sql.Describe:
		return st.describe(b)
	case *sql.Show:
		return st.show(b)
	case *sql.Set:
		return st.s.Set(b.Name, b.Value)
	case *sql.Reset:
		return st.s.reset(b.Name)
	}
	return fmt.Errorf("statement %T cannot be run", stmt)
}

// setting is one entry of the table of settings.
type setting struct {
	name, doc string
	get       func(*Settings) string
	set       func(*Settings, string) error
}

var errValue = errors.New("bad value")

// settings is everything that SET knows. SHOW ALL lists it.
var settings = []setting{
	{"parallelism", "tasks a stage", func(s *Settings) string { return strconv.Itoa(s.Parallelism) }, func(s *Settings, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 1024 {
			return fmt.Errorf("%w: a number from 1 to 1024", errValue)
		}
		s.Parallelism = n
		return nil
	}},
	{"memory", "limit of the process, such as 64MB or 2GB; 0 is 60 % of the machine", func(s *Settings) string { return strconv.FormatInt(s.Memory, 10) }, func(s *Settings, v string) error {
		n, err := ParseBytes(v)
		s.Memory = n
		return err
	}},
	{"optimizer", "on or off; off gives the same answers", func(s *Settings) string { return onOff(s.Optimizer) }, func(s *Settings, v string) error {
		b, err := parseOnOff(v)
		s.Optimizer = b
		return err
	}},
	{"spill_directory", "where state beyond the memory limit goes", func(s *Settings) string { return s.SpillDir }, func(s *Settings, v string) error { s.SpillDir = v; return nil }},
	{"checkpoint", "interval of checkpoints, such as 1s", func(s *Settings) string { return s.Checkpoint.String() }, func(s *Settings, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d <= 0 {
			return fmt.Errorf("%w: a duration such as 1s", errValue)
		}
		s.Checkpoint = d
		return nil
	}},
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func parseOnOff(v string) (bool, error) {
	switch strings.ToLower(v) {
	case "on", "true", "1":
		return true, nil
	case "off", "false", "0":
		return false, nil
	}
	return false, fmt.Errorf("%w: on or off", errValue)
}

// Configure changes settings while statements may run. They hold for later statements.
func (s *Session) Configure(fn func(*Settings)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn(&s.Settings)
}

// Set changes a setting by name.
func (s *Session) Set(name, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, st := range settings {
		if st.name == strings.ToLower(name) {
			if err := st.set(&s.Settings, value); err != nil {
				return misuse("SET %s = %s: %w", name, value, err)
			}
			return nil
		}
		names = append(names, st.name)
	}
	msg := fmt.Sprintf("there is no setting %q", name)
	if near := syntax.Suggest(name, names); near != "" {
		msg += fmt.Sprintf("; did you mean %s?", near)
	}
	return misuse("%s; SHOW ALL lists the settings", msg)
}

func (s *Session) reset(name string) error {
	d := defaults()
	known := name == "all"
	s.mu.Lock()
	for _, st := range settings {
		if name == "all" || st.name == name {
			known = true
			if err := st.set(&s.Settings, st.get(&d)); err != nil {
				s.mu.Unlock()
				return err
			}
		}
	}
	s.mu.Unlock()
	if !known {
		return s.Set(name, "") // which says what there is
	}
	return nil
}

// ParseBytes reads 64MB, 2GiB, 1000000. Units are powers of 1024.
func ParseBytes(text string) (int64, error) {
	v := strings.ToUpper(strings.TrimSpace(text))
	v = strings.TrimSuffix(strings.TrimSuffix(v, "B"), "I")
	shift := 0
	if v != "" {
		if k := strings.IndexByte("KMGT", v[len(v)-1]); k >= 0 {
			shift, v = 10*(k+1), strings.TrimSpace(v[:len(v)-1])
		}
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || f < 0 || f*float64(int64(1)<<shift) > 1<<60 {
		return 0, fmt.Errorf("%w: a size such as 64MB, not %q", errValue, text)
	}
	return int64(f * float64(int64(1)<<shift)), nil
}

// reserve is the budget of the process, made with the first job.
func (s *Session) reserve() (*spill.Pool, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir := s.SpillDir
	if dir == "" {
		dir = os.TempDir() + "/riffle-spill"
	}
	if s.pool == nil {
		limit := s.Memory
		if limit == 0 {
			limit = DefaultMemory()
		}
		// Batches in flight and scratch are not counted: a tenth is kept for them.
		if err := spill.Sweep(dir); err != nil {
			return nil, "", fmt.Errorf("spill directory %s: %w", dir, err)
		}
		s.pool = spill.NewPool(limit / 10 * 9)
	}
	return s.pool, dir, nil
}

// Close lets go of the results, and removes the files of the session. Its statements must have ended.
func (s *Session) Close() error {
	s.results.drop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tmp == "" {
		return nil
	}
	dir := s.tmp
	s.tmp = ""
	return os.RemoveAll(dir)
}

// isEPIPE tells that the reader of a pipe is gone.
func isEPIPE(err error) bool { return errors.Is(err, errPipe) || errors.Is(err, io.ErrClosedPipe) }
