package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// tourStep is one thing to try. Keys do the same in the screens of riffle demo.
type tourStep struct {
	Title    string        `json:"title"`
	Text     string        `json:"text"` // one paragraph
	Commands []tourCommand `json:"commands"`
	Keys     string        `json:"keys,omitempty"`
}

// tourCommand is a line for a shell. They work in their order, from the directory in which the first was
// run.
type tourCommand struct {
	Line   string `json:"line"`
	Screen bool   `json:"screen,omitempty"`  // it opens screens
	GoesOn bool   `json:"goes_on,omitempty"` // until ctrl-c: it wants a terminal of its own
}

// The addresses and the query of the tour.
const (
	tourBroker = "127.0.0.1:9092"
	tourFile   = "riffle-demo/flights.parquet"
	tourQuery  = "SELECT origin, count(*) AS flights, avg(delay) AS avg_delay FROM '" + tourFile + "' GROUP BY origin"
)

// tourSteps are the tour: from a file over a topic to a running job.
var tourSteps = []tourStep{
	{Title: "Data", Text: "Two weeks of US flights, as a Parquet file and in a topic of a Kafka broker of riffle's own: nothing is " +
		"installed, nothing listens outside this machine. It is written to ./riffle-demo, and checks itself.",
		Commands: []tourCommand{{Line: "riffle demo --plain"}}},
	{Title: "First rows", Text: "What is in the file? Names of columns and the number of rows come from its footer, at once.",
		Commands: []tourCommand{{Line: "riffle head " + tourFile}, {Line: "riffle schema " + tourFile}, {Line: "riffle count " + tourFile}},
		Keys:     "enter on flights, in the tree"},
	{Title: "A column", Text: "Nulls, distinct values, the most frequent ones; of numbers also quantiles and a histogram.",
		Commands: []tourCommand{{Line: "riffle profile " + tourFile + " origin"}},
		Keys:     "F on a column"},
	{Title: "A question", Text: "SQL over the file. A pipe gets CSV, -o chooses another format. Before it runs, explain tells how it is " +
		"computed: --cost what is expected of each operator, --prune which row groups are read.",
		Commands: []tourCommand{{Line: `riffle sql "` + tourQuery + ` ORDER BY flights DESC LIMIT 5"`}, {Line: `riffle explain --cost "` + tourQuery + `"`},
			{Line: `riffle explain --prune "SELECT count(*) FROM '` + tourFile + `' WHERE delay > 600"`}},
		Keys: "tab completes, ctrl-r runs, p plots, s sorts, y copies"},
	{Title: "A stream", Text: "The same flights as a topic, in the order in which they left. The broker goes on until ctrl-c: start it " +
		"in another terminal, in this directory. The same query runs; @start..end makes it end.",
		Commands: []tourCommand{{Line: "riffle broker --listen " + tourBroker + " --data riffle-demo/kafka", GoesOn: true}, {Line: "riffle topics -b " + tourBroker},
			{Line: `riffle sql "SELECT origin, count(*) AS flights FROM 'kafka://` + tourBroker + `/flights@start..end' GROUP BY origin ORDER BY flights DESC LIMIT 5"`}},
		Keys: "2 runs the query over the topic; space pauses, { and } step through the changes, 0 goes live again"},
	{Title: "Late rows", Text: "A watermark says what is not expected any more; what comes later is late, counted, and here kept. " +
		"riffle help watermark says more, and riffle help late.",
		Commands: []tourCommand{{Line: `riffle sql "SELECT reason, count(*) AS late FROM 'riffle-demo/late' GROUP BY 1"`}, {Line: "riffle help watermark"}},
		Keys:     "w says why there is no output, and enter applies the fix"},
	{Title: "A job", Text: "The explored query becomes a job over the topic. riffle shows what has to change and why, measures how " +
		"late rows are, and compares with the answer of the file. Its text is in jobs/per_hour.sql, for git.",
		Commands: []tourCommand{{Line: `riffle promote "` + tourQuery + `" --name per_hour --window tumble:1h --topic kafka://` + tourBroker + `/flights`}, {Line: "cat jobs/per_hour.sql"}},
		Keys:     "P"},
	{Title: "Looking after it", Text: "It runs in a server of its own, which started with it and outlives this terminal. Jobs can be asked what " +
		"they do, and changed while they run; everything has --json.",
		Commands: []tourCommand{{Line: "riffle jobs"}, {Line: "riffle jobs why per_hour"}, {Line: "riffle rescale per_hour 3"}, {Line: "riffle jobs show per_hour --json"}},
		Keys:     "4 lists the jobs, enter opens one, + rescales it"},
	{Title: "Its end", Text: "stop keeps a savepoint to go on from. What the job wrote is whole: no row is lost or doubled.",
		Commands: []tourCommand{{Line: "riffle stop per_hour"}, {Line: `riffle sql "SELECT window_start, origin, flights FROM 'out/per_hour' ORDER BY flights DESC LIMIT 5"`}, {Line: "riffle jobs rm per_hour"}}},
	{Title: "The screens", Text: "All of this with keys: end the broker (ctrl-c there), then open the demo, which begins anew. ? shows the " +
		"keys, :q leaves; jobs go on, and attach comes back to them.",
		Commands: []tourCommand{{Line: "riffle demo", Screen: true}, {Line: "riffle attach", Screen: true}}},
}

func (a *app) tourCommand() *cobra.Command {
	return &cobra.Command{Use: "tour", Short: "Learn riffle in ten steps, with commands to try",
		Long: "Shows commands to try in a second terminal, in an empty directory, from a first look at a file to a running\n" +
			"job. It runs none of them. On a terminal it waits for enter behind each step; otherwise it prints them all.",
		Example: "  riffle tour\n  riffle tour | less",
		Args:    exactly(0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.tour(cmd.Context()) }}
}

// tour prints the steps, and waits between them when a person reads.
func (a *app) tour(ctx context.Context) error {
	if a.json {
		return a.printJSON(struct {
			V     int        `json:"v"`
			Steps []tourStep `json:"steps"`
		}{1, tourSteps})
	}
	var lines <-chan string
	if a.onTerminal() {
		lines = linesOf(a.in)
	}
	if _, err := io.WriteString(a.out, "Try the commands in a second terminal, in an empty directory.\n"); err != nil {
		return err
	}
	for i, s := range tourSteps {
		if _, err := fmt.Fprintf(a.out, "\n%d of %d  %s\n\n%s", i+1, len(tourSteps), s.Title, s.body()); err != nil {
			return err
		}
		if lines == nil || i == len(tourSteps)-1 {
			continue
		}
		fmt.Fprint(a.err, "\nenter: the next step; q: leave ")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case l, ok := <-lines:
			if !ok || strings.EqualFold(strings.TrimSpace(l), "q") {
				return nil
			}
		}
	}
	return nil
}

// body is what stands below the title of a step.
func (s tourStep) body() string {
	var b strings.Builder
	b.WriteString(paragraph(s.Text) + "\n")
	for _, c := range s.Commands {
		b.WriteString("    " + c.Line + "\n")
	}
	if s.Keys != "" {
		b.WriteString("\n" + paragraph("In the screens: "+s.Keys+"."))
	}
	return b.String()
}

// paragraph is a text in lines of at most 80 letters, moved in by two.
func paragraph(text string) string {
	var b strings.Builder
	at := 0
	for _, word := range strings.Fields(text) {
		switch {
		case at == 0:
			b.WriteByte(' ')
			at = 1
		case at+1+len(word) > 80:
			b.WriteString("\n ")
			at = 1
		}
		b.WriteString(" " + word)
		at += 1 + len(word)
	}
	return b.String() + "\n"
}

// linesOf gives the lines that are typed, until their end.
func linesOf(r io.Reader) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		for in := bufio.NewScanner(r); in.Scan(); {
			out <- in.Text()
		}
	}()
	return out
}
