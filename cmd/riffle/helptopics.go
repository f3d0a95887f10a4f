package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/sql/syntax"
)

// helpTopics are words that riffle uses and what they mean, for riffle help WORD.
var helpTopics = map[string]string{
	"watermark": `A watermark is the promise that no row with an earlier event time is expected any more.

WATERMARK FOR date AS date - INTERVAL '30' MINUTE, in CREATE TABLE, makes one of a column: when a row of
10:00 was seen, none before 9:30 is expected. Each partition of a topic has its own; the topic's is the
smallest of them, so that one slow partition holds it back. Windows close when it passes their end.

See also: riffle help idle, riffle help late, riffle help window`,
	"idle": `A partition that gets no rows keeps its old watermark, and with it that of the whole topic: windows do
not close, and a query is quiet although rows come in other partitions.

'scan.watermark.idle-timeout'='60 s' in the WITH of the table lets a partition that has been silent for so
long no longer hold the watermark back. For a job: riffle job set JOB idle-timeout=60s, at once and without
a restart. In the screens w says which partition it is, and enter sets the time-out. Rows that such a
partition brings later than the watermark count as late.`,
	"late": `A row is late when the watermark has passed the end of its window. It changes nothing any more; it is
counted, and the count is shown. --late DIR keeps late rows as Parquet files, gl shows the last ones in the
screens. A longer delay in WATERMARK FOR makes fewer rows late and results later.

bounded = streamed + late: a query over the file of a topic gives what the stream gave, and the late rows.`,
	"window": `A window puts rows of a span of event time into one group, and lets go of its state when the watermark
has passed its end:

  SELECT window_start, count(*) FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
  GROUP BY window_start, window_end

There are TUMBLE, HOP (overlapping) and CUMULATE. Without a window a grouping of a stream never ends: its
result is a changelog (+I -U +U -D), and its state grows with the keys.`,
	"range": `A topic can be read in part: kafka://host:port/topic@FROM..TO

FROM and TO are offsets, partition:offset, a span before now (-1h), a time (2026-11-21T10:00), start, end or
now. With a TO the read ends and can be repeated; without one it goes on as a stream, until --limit,
--for 10s, --until-end, --until-watermark T or ctrl-c.

  riffle cat kafka://localhost:9092/orders@-1h..now
  riffle sql "SELECT * FROM t WHERE _key = 'a17'" kafka://localhost:9092/orders@2026-11-20..2026-11-21`,
	"results": `The rows of a query stay a table: _ is the last result, _1 the first, up to 16 of them.

  SELECT * FROM _1 ORDER BY n        riffle repl and the screens
  .diff _1 _2                        rows that only one of them has
  .export rows.parquet _1            into a file`,
	"formats": `-o chooses how rows are written: table, vertical, csv, tsv, json, ndjson, md, parquet, arrow, none. Without
it a terminal gets a table, and a pipe CSV, or a JSON object a line for streams. Standard output has rows
only; words and warnings go to standard error (-q leaves them out). Of a result that changes, the first
column is op (in JSON _op): +I new, -U and +U the old and the new form of a row, -D gone.`,
	"savepoint": `A checkpoint is what a running job would go on from after a crash; riffle takes and drops them by itself.
A savepoint is one with a name, which stays: to stop and go on later, to start another job from it, or to go
back before a change.

  riffle stop hourly                                 stops with one
  riffle savepoint create hourly before-v2           while the job runs
  riffle savepoint check hourly --against v2.sql     what a changed query would keep of the state
  riffle promote v2.sql --replace                    changes the query and keeps that state`,
	"environment": `RIFFLE_HOME             the job server and its jobs (default: riffle in $XDG_STATE_HOME)
RIFFLE_SERVER, _TOKEN   the job server to ask, as --server, and its token
RIFFLE_PROD             riffle serve is one in production
RIFFLE_READ_ONLY        nothing is written or changed, as --read-only
RIFFLE_BROKERS          brokers of riffle topics and groups
RIFFLE_KEYS             keys of the screens: vim, emacs, vscode
NO_COLOR, CLICOLOR=0    no colour
TERM=dumb               lines instead of screens
EDITOR                  what ctrl-o and .edit open`,
}

// helpTopic is the text of a topic; exit-codes is made of what riffle spec prints.
func helpTopic(word string) (string, bool) {
	if word == "exit-codes" {
		var out []string
		for _, code := range slices.Sorted(maps.Keys(exitTexts)) {
			out = append(out, fmt.Sprintf("%3d  %s", code, exitTexts[code]))
		}
		return strings.Join(out, "\n"), true
	}
	text, ok := helpTopics[word]
	return text, ok
}

func topicNames() []string {
	names := append(slices.Collect(maps.Keys(helpTopics)), "exit-codes")
	slices.Sort(names)
	return names
}

// helpCommand is riffle help, of a command or a topic.
func (a *app) helpCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "help [COMMAND|TOPIC]", Short: "What a command does, or a word means", Example: "  riffle help sql\n  riffle help watermark",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var out []string
			if len(args) == 0 {
				for _, c := range cmd.Root().Commands() {
					out = append(out, c.Name())
				}
				out = append(out, topicNames()...)
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if text, ok := helpTopic(args[0]); ok {
					fmt.Fprintln(a.out, text)
					return nil
				}
			}
			c, rest, err := cmd.Root().Find(args)
			if err != nil || c == cmd.Root() && len(args) > 0 || len(rest) > 0 {
				names := topicNames()
				for _, c := range cmd.Root().Commands() {
					names = append(names, c.Name())
				}
				hint := ""
				if near := syntax.Suggest(strings.Join(args, " "), names); near != "" {
					hint = fmt.Sprintf("; did you mean riffle help %s?", near)
				}
				return usage("there is no command and no topic %q%s; topics are %s", strings.Join(args, " "), hint, strings.Join(topicNames(), ", "))
			}
			return c.Help()
		}}
	cmd.Long = "Says what a command does, or what a word means. Words: " + strings.Join(topicNames(), ", ") + "."
	return cmd
}
