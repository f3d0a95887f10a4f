package repl

import (
	"strings"
	"testing"

	"github.com/riffle-io/riffle/jobs"
)

// TestPreviewRescale has a job whose last checkpoint was incremental: all of the state is read again.
func TestPreviewRescale(t *testing.T) {
	d := JobDetail{Info: jobs.Info{Name: "hourly", Parallelism: 2, Checkpoint: &jobs.Checkpoint{Kind: "incr", Bytes: 1 << 10, State: 5 << 20}}}
	r := PreviewRescale(d, 4)
	if r.Bytes != 5<<20 || !strings.Contains(r.Text, "a checkpoint of about 5") {
		t.Errorf("%+v", r)
	}
}
