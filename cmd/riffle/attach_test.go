package main

import (
	"strings"
	"testing"
)

// TestAttach opens the jobs of a server that runs, with and without a terminal, and of one that does not.
func TestAttach(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"attach"}, {"attach", "--json"}} {
		if code, out, e := riffle(t, args...); code != exitUsage || out != "" || !strings.Contains(e, "needs a terminal; riffle jobs lists the jobs") {
			t.Errorf("riffle %q without a terminal: exit %d, %s%s", args, code, out, e)
		}
	}
	r := newRig(t, "")
	w := onTerminal(t, r.dir, "attach")
	w.sees("no job server answers", "riffle serve", "ended with 3")
	w = onTerminal(t, r.dir, "attach", "--plain")
	w.sees("needs a terminal", "ended with 2")

	s := r.serve()
	s.submit("ticks", "CREATE TABLE out (bidder BIGINT) "+`WITH ('connector'='filesystem', 'format'='parquet', 'path'='out'); INSERT INTO out SELECT bidder FROM gen.nexmark_bid(events => 100000000, stream => true)`, 100)
	w = onTerminal(t, r.dir, "attach", "--server", r.path("home/riffle.sock"))
	w.sees("[4 Jobs]", "ticks")
	w.leave()
	if d, err := s.client.Show(t.Context(), "ticks"); err != nil || d.State != "running" {
		t.Errorf("behind the screens the job is %s, %s %v", d.State, d.Error, err)
	}
}
