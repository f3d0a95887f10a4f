package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// jobServer is what the screen asks of the job server; *repl.Jobs is one.
type jobServer interface {
	Addr() string
	Server(ctx context.Context) (repl.JobServer, error)
	List(ctx context.Context) ([]repl.JobInfo, error)
	Show(ctx context.Context, name string) (repl.JobDetail, error)
	Metrics(ctx context.Context, name string, since time.Time) ([]repl.JobSample, error)
	Savepoints(ctx context.Context, name string) ([]repl.Savepoint, error)
	Why(ctx context.Context, name string) (repl.JobWhy, error)
	Fit(ctx context.Context, name string, s repl.JobSpec) ([]repl.JobFit, error)
	Stop(ctx context.Context, name, label string) (string, error)
	Cancel(ctx context.Context, name string) error
	Pause(ctx context.Context, name string) error
	Resume(ctx context.Context, name string) error
	Restart(ctx context.Context, name string) error
	Rescale(ctx context.Context, name string, p int) error
	Savepoint(ctx context.Context, name, label string) (repl.Savepoint, error)
	Remove(ctx context.Context, name string) error
	Set(ctx context.Context, name, key, value string) (bool, error)
	Replace(ctx context.Context, s repl.JobSpec) error
	Fork(ctx context.Context, name string, s repl.JobSpec) error
	Tap(ctx context.Context, name, operator string, fn func(repl.Tapped) error) error
}

// jobs is the screen of the job server: a list, and one job in detail.
type jobs struct {
	a      *app
	client jobServer // nil: the address cannot be used
	list   []repl.JobInfo
	err    error // of the last look at the server
	// profile is that of a server in production, else ""; the first line of all screens has it.
	profile string
	seen    time.Time
	busy    bool // an answer is on its way
	timer   bool // the next look is due later

	sel    string // name of the job under the cursor
	filter string
	by     int  // column that the list is sorted by
	down   bool // largest first

	detail  *repl.JobDetail // of the selected job
	samples []repl.JobSample
	saves   []repl.Savepoint
	of      string // job that samples and savepoints are of

	lists, details *panes
	open           bool // one job in detail
	opens          bool // enter was pressed before there was a list
	asTree         bool // its operators as a tree
	op             int  // operator under the cursor
	events         widget.List
	back           time.Duration // how far back the numbers are; 0: now
}

// lookEvery is how often the server is asked while the screen is in front.
const lookEvery = time.Second

// samplesKept is the hour that the server keeps too.
const samplesKept = 3600

func newJobs(a *app) *jobs {
	j := &jobs{a: a, by: 1}
	j.client, j.err = a.connectJobs()
	j.lists = newPanes(
		&pane{scope: "jobs/list", label: "jobs", title: j.listTitle, draw: j.drawList},
		&pane{scope: "jobs/rates", label: "rates", side: true, mute: true, title: j.ratesTitle, draw: j.drawRates},
		&pane{scope: "jobs/saves", label: "checkpoints", side: true, title: j.savesTitle, draw: j.drawSaves},
	)
	j.details = newPanes(
		&pane{scope: "jobs/graph", label: "operators", title: j.graphTitle, draw: j.drawGraph},
		&pane{scope: "jobs/rates2", label: "rates", side: true, mute: true, title: j.ratesTitle, draw: j.drawRates},
		&pane{scope: "jobs/parts", label: "partitions", side: true, mute: true, title: j.partsTitle, draw: j.drawParts},
		&pane{scope: "jobs/saves", label: "checkpoints", side: true, mute: true, title: j.savesTitle, draw: j.drawSaves},
		&pane{scope: "jobs/events", label: "events", side: true, title: j.eventsTitle, draw: j.drawEvents},
	)
	j.addKeys()
	return j
}

// connectJobs makes the client of the job server. A server that does not run shows at the first look.
func (a *app) connectJobs() (jobServer, error) {
	if a.opts.jobs != nil {
		return a.opts.jobs, nil
	}
	c, err := a.ses.Server.Connect()
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (j *jobs) id() string    { return "jobs" }
func (j *jobs) label() string { return "Jobs" }
func (j *jobs) digit() string { return "4" }

func (j *jobs) panes() *panes {
	if j.open {
		return j.details
	}
	return j.lists
}

func (j *jobs) scopes() []string {
	if j.open {
		return []string{j.details.focus.scope, "jobs/detail", "jobs"}
	}
	return []string{j.lists.focus.scope, "jobs/lists", "jobs"}
}

func (j *jobs) typing(string, string) (tea.Cmd, bool)     { return nil, false }
func (j *jobs) cursor() (int, int, tea.CursorShape, bool) { return 0, 0, 0, false }
func (j *jobs) enter() tea.Cmd                            { j.opens = false; return j.look() }
func (j *jobs) poll(time.Time) (bool, bool, tea.Cmd)      { return false, false, nil }
func (j *jobs) inFront() bool                             { return j.a.front() == screen(j) }
func (j *jobs) hasJob() bool                              { return j.client != nil && j.sel != "" }
func (j *jobs) waiting() bool                             { return j.client != nil && j.busy && j.seen.IsZero() }
func (j *jobs) draw(r canvas.Region) {
	if j.client == nil || (j.err != nil && len(j.list) == 0) {
		j.drawNoServer(r)
		return
	}
	if j.open {
		j.details.draw(r, j.a.theme, j.placeDetail)
	} else {
		j.lists.draw(r, j.a.theme, j.placeList)
	}
}

// drawNoServer says why there is nothing to show.
func (j *jobs) drawNoServer(r canvas.Region) {
	in := r.Box(j.a.theme, "Jobs", "", true)
	lines := []string{"No job server answers.", "The first promote starts one; riffle serve runs one by hand."}
	if !errors.Is(j.err, repl.ErrNoServer) && j.err != nil {
		lines = []string{firstLine(j.err.Error())}
	}
	for i, l := range lines {
		in.Clip(j.a.theme, 1, 1+i, in.W-2, l, canvas.Dim)
	}
}

// looked is what one look at the server brought.
type looked struct {
	server  repl.JobServer
	list    []repl.JobInfo
	detail  *repl.JobDetail
	samples []repl.JobSample
	saves   []repl.Savepoint
	err     error
}

// look asks the server for the list and the selected job, and again every second while the screen is
// in front.
func (j *jobs) look() tea.Cmd {
	if j.client == nil || j.busy {
		return nil
	}
	j.busy = true
	name, since, client := j.sel, time.Time{}, j.client
	if n := len(j.samples); n > 0 && j.of == name {
		since = j.samples[n-1].At
	}
	return j.a.background(func(ctx context.Context) func() tea.Cmd {
		got := ask(ctx, client, name, since)
		return func() tea.Cmd {
			j.busy = false
			j.take(name, got)
			if j.sel != name && got.err == nil { // another was chosen meanwhile, or this is the first list
				return j.look()
			}
			return j.later()
		}
	})
}

func ask(ctx context.Context, client jobServer, name string, since time.Time) (got looked) {
	if got.server, got.err = client.Server(ctx); got.err != nil {
		return got
	}
	if got.list, got.err = client.List(ctx); got.err != nil {
		return got
	}
	if !slices.ContainsFunc(got.list, func(i repl.JobInfo) bool { return i.Name == name }) {
		return got
	}
	d, err := client.Show(ctx, name)
	if err != nil {
		got.err = err
		return got
	}
	got.detail = &d
	if got.samples, err = client.Metrics(ctx, name, since); err != nil {
		got.err = err
		return got
	}
	got.saves, got.err = client.Savepoints(ctx, name)
	return got
}

// later asks again after a second. One timer runs at a time.
func (j *jobs) later() tea.Cmd {
	if j.timer || !j.inFront() {
		return nil
	}
	j.timer = true
	return tea.Tick(lookEvery, func(time.Time) tea.Msg {
		return doneMsg(func() tea.Cmd {
			j.timer = false
			if !j.inFront() {
				return nil
			}
			return j.look()
		})
	})
}

// take puts an answer in.
func (j *jobs) take(name string, got looked) {
	j.err = got.err
	if got.err != nil {
		if errors.Is(got.err, repl.ErrNoServer) {
			j.list, j.detail = nil, nil
		}
		return
	}
	j.seen = j.a.now()
	j.list = got.list
	j.profile = ""
	if got.server.Profile == repl.ProfileProd {
		j.profile = got.server.Profile
	}
	j.arrange()
	if j.opens && j.sel != "" {
		j.openDetail()
	}
	j.opens = false
	if got.detail == nil || j.sel != name { // another was chosen meanwhile
		return
	}
	if j.of != name {
		j.of, j.samples, j.op = name, nil, 0
	}
	j.detail, j.saves = got.detail, got.saves
	j.samples = append(j.samples, got.samples...)
	j.samples = j.samples[max(0, len(j.samples)-samplesKept):]
	j.op = max(0, min(j.op, len(j.detail.Operators)-1))
}

// arrange sorts and filters the list and keeps the cursor on a job.
func (j *jobs) arrange() {
	list := j.list[:0]
	for _, i := range j.list {
		if strings.Contains(strings.ToLower(i.Name), strings.ToLower(j.filter)) {
			list = append(list, i)
		}
	}
	j.list = list
	slices.SortStableFunc(j.list, func(x, y repl.JobInfo) int {
		c := jobColumns[j.by].compare(x, y)
		if j.down {
			return -c
		}
		return c
	})
	if j.index() < 0 {
		j.selectAt(0)
	}
}

// index is the place of the selected job, -1 when it is not in the list.
func (j *jobs) index() int {
	return slices.IndexFunc(j.list, func(i repl.JobInfo) bool { return i.Name == j.sel })
}

// openDetail shows the selected job in detail. Before the list is there, the first job of it opens
// when it comes.
func (j *jobs) openDetail() {
	if j.opens = j.sel == ""; !j.opens {
		j.open = true
		j.details.to("jobs/graph")
	}
}

// openJob shows a job in detail.
func (a *app) openJob(name string) tea.Cmd {
	j := a.jobs
	if j.sel != name {
		j.sel, j.detail, j.samples, j.saves, j.back = name, nil, nil, nil, 0
	}
	j.openDetail()
	return a.show("jobs")
}

func (j *jobs) selectAt(i int) {
	if len(j.list) == 0 {
		j.sel, j.detail, j.open = "", nil, false
		return
	}
	if name := j.list[clamp(i, 0, len(j.list)-1)].Name; name != j.sel {
		j.sel, j.detail, j.samples, j.saves, j.back = name, nil, nil, nil, 0
	}
}

// info is the selected job's line of the list.
func (j *jobs) info() (repl.JobInfo, bool) {
	if i := j.index(); i >= 0 {
		return j.list[i], true
	}
	return repl.JobInfo{}, false
}

func (j *jobs) corner() string {
	if j.client == nil || j.err != nil {
		return "no server"
	}
	if i, ok := j.info(); ok && j.open {
		return i.Name + "  " + letter(i) + "  v" + itoa(i.Version) + "  par " + itoa(i.Parallelism)
	}
	return j.client.Addr() + "  " + itoa(len(j.list)) + " jobs"
}

func (j *jobs) status() canvas.Part {
	switch i, ok := j.info(); {
	case j.err != nil && len(j.list) > 0:
		return canvas.Part{Text: "STALE since " + clock(j.seen, j.a.now()) + ": " + firstLine(j.err.Error()), S: canvas.Bad}
	case !ok:
		return canvas.Part{Text: "= riffle jobs", S: canvas.Dim}
	case i.Error != "":
		return canvas.Part{Text: i.State + "  " + firstLine(i.Error), S: canvas.Bad}
	case j.open:
		return canvas.Part{Text: "= riffle jobs show " + quote(i.Name) + "   writes " + i.Target + "   " + i.Mode, S: canvas.Dim}
	}
	return canvas.Part{Text: "= riffle jobs", S: canvas.Dim}
}

func (j *jobs) words() []word {
	return []word{{"busy", "share of time a task works"}, {"backp", "share that it waits for others"},
		{"wm lag", "how far event time is behind"}, {"ckpt", "age of the last checkpoint"}}
}
