package jobs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/riffle-io/riffle/jobs"
)

// TestRecording takes a recording of a running job, writes it, and asks it what its server would be
// asked.
func TestRecording(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	if err := r.client.Submit(ctx, r.stream("bids")); err != nil {
		t.Fatal(err)
	}
	r.await("bids", "a checkpoint and output", func(d jobs.Detail) bool { return d.Checkpoints > 1 && d.RowsOut > 0 })
	if _, err := r.client.Savepoint(ctx, "bids", "kept"); err != nil {
		t.Fatal(err)
	}
	taken, err := r.client.Record(ctx, "bids")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(taken)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := jobs.ReadRecording(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	sock := filepath.Join(r.state, "rec")
	l, err := net.Listen("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	h := &http.Server{Handler: rec.Handler()}
	go h.Serve(l) // ends with Close
	defer h.Close()
	c, err := jobs.NewClient(sock, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	again, err := c.Record(ctx, "bids")
	if err != nil {
		t.Fatal(err)
	}
	again.Taken = rec.Taken
	if !reflect.DeepEqual(&again, rec) || len(rec.Samples) == 0 || len(rec.Savepoints) != 1 || len(rec.Log) < 3 || len(rec.Job.Operators) < 2 {
		t.Errorf("a recording of the recording differs:\n%+v\n%+v", again, *rec)
	}
	if list, err := c.List(ctx); err != nil || len(list) != 1 || list[0].Name != "bids" {
		t.Errorf("list: %+v %v", list, err)
	}
	if list, err := c.Metrics(ctx, "bids", rec.Samples[len(rec.Samples)-1].At); err != nil || len(list) != 0 {
		t.Errorf("samples after the last: %v %v", list, err)
	}
	have, err := r.client.Metrics(ctx, "bids", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := r.client.Metrics(ctx, "bids", have[len(have)-1].At); err != nil || len(list) > 0 && list[0].At.Equal(have[len(have)-1].At) {
		t.Errorf("the server sends the last sample again: %v", err)
	}
	if err := c.Cancel(ctx, "bids"); !isStatus(err, 409) || !strings.Contains(err.Error(), "a recording of bids") {
		t.Errorf("cancel of a recording: %v", err)
	}
	for _, text := range []string{"", "{}", `{"v":2,"job":{"name":"x"}}`, "SELECT 1"} {
		if _, err := jobs.ReadRecording(strings.NewReader(text)); !errors.Is(err, jobs.ErrRecording) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
