package main

import (
	"testing"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/repl"
)

// TestRecordOpen looks at a recording in the Jobs screen when the server is gone.
func TestRecordOpen(t *testing.T) {
	r, _ := startBroker(t, kafka.BrokerOptions{}, firstDays)
	s := r.serve()
	s.submit("rows", r.serverJobs()["rows"][0], 200)
	s.awaitJob("rows", "rows", func(d repl.JobDetail) bool { return d.Rows > 0 && d.Checkpoints > 0 })
	r.run(0, "record", "save", "rows", "rows.json", "--server", r.path("home/riffle.sock"))
	if err := s.child.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.child.wait()
	w := onTerminal(t, r.dir, "record", "open", "rows.json")
	w.sees("Jobs[1]", "rows", "stream", "Checkpoints & savepoints")
	w.keys("z") // pause
	w.sees("a recording of rows")
	w.leave()
}
