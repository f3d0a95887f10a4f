package repl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/exec"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/repl/render"
)

// ErrCancelled is the cause of a Run that was cancelled.
var ErrCancelled = errors.New("cancelled")

// The states of a Run.
const (
	StateRunning   = "running"
	StateDone      = "done"
	StateFailed    = "failed"
	StateCancelled = "cancelled"
)

// Run is statements on their way. All methods may be called from any goroutine, and none of them
// waits for the engine.
//
//	Start ─ goroutine: parse ─► bind ─► optimize ─► exec ─► Result (bounded) or Live (stream)
//
// A Run moves from running to done, failed or cancelled, and stays there. Done is closed once its
// goroutine and all tasks of the engine are gone.
type Run struct {
	s      *Session
	text   string
	cancel context.CancelCauseFunc
	done   chan struct{}
	began  time.Time

	mu      sync.Mutex
	state   string
	elapsed time.Duration // once ended
	err     error
	notices []string
	result  *Result
	live    *Live
	job     *exec.Job
	input   *input
	plan    string
	stream  bool
	mode    string
	key     []string
	wm      dataflow.Time
}

// RunStatus is how far a Run is.
type RunStatus struct {
	State         string // StateRunning and the like
	Elapsed       time.Duration
	Rows          int64   // of the result so far; of a stream: changes
	Name          string  // table of the result, "_1"; "" without
	Fraction      float64 // of the input that was read, 0 to 1; -1 when not known
	RowGroupsRead int     // of Parquet files, begun; not those that statistics ruled out
	RowGroups     int     // of all files that the query names
	BytesRead     int64   // of Parquet columns, as stored; -1 when not known
	Files         int
	Err           string // with the line, caret and hint
	Line, Col     int    // place of the error, from 1; 0: none
	Notices       []string
	Stream        bool
	Mode          string   // append or changelog
	Key           []string // columns that identify a row of a changelog
	Watermark     string   // as SQL shows a timestamp; "" before the first
	Plan          string
}

// Start runs statements in a goroutine of its own. It never waits: a text that is wrong gives a Run
// that failed.
func (s *Session) Start(ctx context.Context, text string) *Run {
	return s.StartTo(ctx, text, Output{})
}

// StartTo is Start, and also writes the results and notices to out, whose fields may be nil. They
// are called from the Run's goroutines.
func (s *Session) StartTo(ctx context.Context, text string, out Output) *Run {
	ctx, cancel := context.WithCancelCause(ctx)
	r := &Run{s: s, text: text, cancel: cancel, done: make(chan struct{}), began: time.Now(), state: StateRunning, wm: dataflow.MinTime}
	go func() {
		defer close(r.done)
		err := s.executeTo(ctx, text, r.output(out), r)
		if serr := r.keepTable(); err == nil {
			err = serr
		}
		r.end(ctx, err)
		cancel(nil)
	}()
	return r
}

// output is where the statements' results go that are no queries: they are results without a name.
func (r *Run) output(out Output) Output {
	o := Output{Time: out.Time}
	o.Result = func(ro render.Options) (render.Writer, error) { return r.openResult(ro, out, false) }
	o.named = func(ro render.Options, mode plan.Mode, key []int) (render.Writer, error) {
		if ro.Stream && out.unnamed {
			return nil, ErrUnbounded
		}
		if ro.Stream {
			return r.openLive(ro, out, mode, key)
		}
		return r.openResult(ro, out, !out.unnamed)
	}
	o.Notice = func(format string, args ...any) {
		r.mu.Lock()
		r.notices = append(r.notices, fmt.Sprintf(format, args...))
		r.mu.Unlock()
		if out.Notice != nil {
			out.Notice(format, args...)
		}
	}
	return o
}

// openResult begins a result, which may become a table.
func (r *Run) openResult(o render.Options, out Output, named bool) (render.Writer, error) {
	pool, dir, err := r.s.reserve()
	if err != nil {
		return nil, err
	}
	schema := schemaOf(o)
	var res *Result
	if named {
		var dropped string
		if res, dropped = r.s.results.add(schema, pool, dir); dropped != "" {
			r.notice(out, "result %s was dropped: the last %d are kept", dropped, keepResults)
		}
	} else {
		res = newResult("", schema, pool, dir)
	}
	res.text = strings.TrimSpace(r.text)
	r.mu.Lock()
	r.result = res
	r.mu.Unlock()
	next, err := out.writer(o)
	return &resultWriter{next, res}, err
}

// writer is where the rows of a result go on to: nowhere unless the output asks for them.
func (out Output) writer(o render.Options) (render.Writer, error) {
	if out.Result == nil {
		return discard{}, nil
	}
	return out.Result(o)
}

func (r *Run) notice(out Output, format string, args ...any) { r.output(out).Notice(format, args...) }

func schemaOf(o render.Options) *vec.Schema {
	s := &vec.Schema{}
	for i, n := range o.Names {
		s.Fields = append(s.Fields, vec.Field{Name: n, Type: o.Types[i]})
	}
	return s
}

// openLive begins the record of a stream's result.
func (r *Run) openLive(o render.Options, out Output, mode plan.Mode, key []int) (render.Writer, error) {
	live := newLive(schemaOf(o), mode, key)
	r.mu.Lock()
	r.live, r.stream = live, true
	r.mu.Unlock()
	next, err := out.writer(o)
	return &liveWriter{next, live}, err
}

// resultWriter keeps rows and passes them on.
type resultWriter struct {
	render.Writer // that the rows go on to
	res           *Result
}

func (w *resultWriter) Write(b *vec.Batch) error {
	if err := w.res.append(b); err != nil {
		return err
	}
	return w.Writer.Write(b)
}

func (w *resultWriter) Close() error {
	w.res.finish()
	return w.Writer.Close()
}

// count has the input of a plan counted. Streams are left as they are: the engine counts those.
func (r *Run) count(phys plan.Node) plan.Node {
	in := &input{}
	phys = in.count(phys)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.input = in
	return phys
}

// planned notes what will run. It is called before the job starts.
func (r *Run) planned(phys plan.Node, o *exec.Options) {
	mode, key := plan.ModeOf(phys)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plan, r.mode, r.key, r.stream = plan.Explain(phys, plan.StateNote), mode.String(), nil, plan.Unbounded(phys)
	for _, k := range key {
		r.key = append(r.key, phys.Schema().Fields[k].Name)
	}
	if r.live != nil && r.stream {
		r.live.planned(phys, o)
	}
}

// started notes the job, once it has one.
func (r *Run) started(job *exec.Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.job = job
	if r.live != nil {
		r.live.attach(job)
	}
}

func (r *Run) onWatermark(wm dataflow.Time) {
	r.mu.Lock()
	r.wm = wm
	live := r.live
	r.mu.Unlock()
	if live != nil {
		live.onWatermark(wm)
	}
}

// keepTable makes the table that a stream's changes had made when it ended a result, so that it can
// be queried, plotted and exported like any other. Its rows are made when somebody asks for them:
// ctrl-c need not wait.
func (r *Run) keepTable() error {
	live := r.Live()
	if live == nil {
		return nil
	}
	pool, dir, err := r.s.reserve()
	if err != nil {
		return err
	}
	r.s.results.mu.Lock()
	defer r.s.results.mu.Unlock()
	res, _ := r.s.results.addLocked(live.schema, pool, dir)
	res.fill = func() error {
		defer res.finish()
		return live.Table(-1).store(res)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result = res
	return nil
}

// end notes how the Run ended.
func (r *Run) end(ctx context.Context, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.elapsed, r.err = time.Since(r.began), err
	switch {
	case err == nil:
		r.state = StateDone
	case ctx.Err() != nil:
		r.state = StateCancelled
		r.err = context.Cause(ctx)
	default:
		r.state = StateFailed
	}
	if r.live != nil {
		r.live.end()
	}
}

// Cancel ends the Run: its query stops within 100 ms. Rows that came before are kept.
func (r *Run) Cancel() { r.cancel(ErrCancelled) }

// Done is closed when the Run has ended.
func (r *Run) Done() <-chan struct{} { return r.done }

// Wait waits for the end of the Run and says how it ended.
func (r *Run) Wait() error {
	<-r.done
	return r.Err()
}

// Err is how the Run ended: nil while it is under way and when all went well.
func (r *Run) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Text is what the Run runs.
func (r *Run) Text() string { return r.text }

// Result is the rows of the last bounded statement, or the table that a stream left behind when it
// ended; nil when there are none.
func (r *Run) Result() *Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result
}

// Live is the record of a stream's result; nil when the input is bounded.
func (r *Run) Live() *Live {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live
}

// Status says how far the Run is.
func (r *Run) Status() RunStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := RunStatus{State: r.state, Elapsed: r.elapsed, Fraction: -1, BytesRead: -1, Notices: append([]string{}, r.notices...),
		Stream: r.stream, Mode: r.mode, Key: r.key, Plan: r.plan}
	if r.stream {
		st.Watermark = watermarkText(r.wm)
	}
	if r.state == StateRunning {
		st.Elapsed = time.Since(r.began)
	}
	if r.result != nil {
		st.Name = r.result.Name()
	}
	switch {
	case r.live != nil:
		st.Rows = r.live.Next()
	case r.result != nil:
		st.Rows = r.result.Rows()
	}
	if r.input != nil {
		r.input.status(&st)
	}
	if r.state == StateDone && !r.stream {
		st.Fraction = 1
	}
	st.Err, st.Line, st.Col = errorPlace(r.err)
	return st
}

// errorPlace is an error for people and its place in the text.
func errorPlace(err error) (text string, line, col int) {
	if err == nil {
		return "", 0, 0
	}
	var at *StatementError
	if errors.As(err, &at) {
		line, col = at.Line, at.Col
	}
	return strings.TrimRight(err.Error(), "\n"), line, col
}

// watermarkText is a watermark as SQL shows it: "" before the first, "end" behind the last row.
func watermarkText(wm dataflow.Time) string {
	switch wm {
	case dataflow.MinTime:
		return ""
	case dataflow.MaxTime:
		return "end"
	}
	return vec.IntValue(wm).Format(vec.TTimestamp)
}
