package jobs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/riffle-io/riffle/dataflow/exec"
)

// metricsLog keeps the samples of a job over the end of the server, in two files of its state
// directory:
//
//	metrics.log   lines "CRC32C JSON", one a sample, oldest first; when it has an hour it becomes
//	metrics.old   and a new one begins
//
// Invariants:
//   - A line counts only when its checksum is right: what a kill or a power cut left of one is
//     skipped, and the next begins on a line of its own.
//   - Both files together have two hours of samples at most.
//   - It is metrics: nothing is synced, and a disk that is full costs samples and no job.
type metricsLog struct {
	dir   string
	lines int // of metrics.log; -1: not known yet
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (l *metricsLog) path() string { return filepath.Join(l.dir, "metrics.log") }
func (l *metricsLog) old() string  { return filepath.Join(l.dir, "metrics.old") }

// load reads the samples of the last hour before now, oldest first. Files that are not there are
// empty.
func (l *metricsLog) load(now time.Time) (out []Sample, err error) {
	for _, path := range []string{l.old(), l.path()} {
		data, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("metrics of the last hour: %w", err)
		}
		for line := range bytes.Lines(data) {
			s, ok := sampleOf(line)
			if again := len(out) > 0 && !s.At.After(out[len(out)-1].At); !ok || again || s.At.Before(now.Add(-recorded*time.Second)) {
				continue
			}
			out = append(out, s)
		}
	}
	return out[max(0, len(out)-recorded):], nil
}

// sampleOf reads a line; not ok when it is damaged or cut off.
func sampleOf(line []byte) (s Sample, ok bool) {
	text, whole := bytes.CutSuffix(line, []byte("\n"))
	sum, data, cut := bytes.Cut(text, []byte(" "))
	if !whole || !cut || string(sum) != checksum(data) {
		return s, false
	}
	return s, json.Unmarshal(data, &s) == nil
}

func checksum(data []byte) string { return fmt.Sprintf("%08x", crc32.Checksum(data, castagnoli)) }

// append writes samples behind those that are there.
func (l *metricsLog) append(samples []Sample) error {
	if len(samples) == 0 {
		return nil
	}
	if err := l.begin(); err != nil {
		return err
	}
	var b bytes.Buffer
	for _, s := range samples {
		data, err := json.Marshal(s)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %s\n", checksum(data), data)
	}
	f, err := os.OpenFile(l.path(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b.Bytes())
	if err = errors.Join(err, f.Close()); err != nil {
		l.lines = -1 // a part of it may be there
		return err
	}
	l.lines += len(samples)
	return nil
}

// begin counts the lines of the file at the first write after a start, ends a line that was cut off,
// and begins a new file when it is full.
func (l *metricsLog) begin() error {
	if l.lines < 0 {
		data, err := os.ReadFile(l.path())
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if err := os.MkdirAll(l.dir, 0o700); err != nil {
				return err
			}
		case err != nil:
			return err
		}
		whole := bytes.LastIndexByte(data, '\n') + 1
		if whole < len(data) {
			if err := os.Truncate(l.path(), int64(whole)); err != nil {
				return err
			}
		}
		l.lines = bytes.Count(data, []byte("\n"))
	}
	if l.lines < recorded {
		return nil
	}
	l.lines = 0
	return os.Rename(l.path(), l.old())
}

// savedEvery is after how many samples they are written to the job's directory.
const savedEvery = 5

// sampled waits for a run, takes its metrics every second, and saves them.
func (j *job) sampled(run *exec.Job) error {
	ended := make(chan struct{})
	var sampler sync.WaitGroup
	sampler.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for n := 1; ; n++ {
			j.recorder.take(run.Metrics())
			if n%savedEvery == 0 {
				j.saveMetrics()
			}
			select {
			case <-tick.C:
			case <-ended:
				return
			}
		}
	})
	err := run.Wait()
	close(ended)
	sampler.Wait()
	j.recorder.take(run.Metrics())
	j.saveMetrics()
	return err
}

// saveMetrics writes the new samples. That it fails is told once, until it goes again.
func (j *job) saveMetrics() {
	err := j.recorder.save(j.log.append)
	if err != nil && !j.logFails {
		j.say("metrics are not kept: %v", err)
	}
	j.logFails = err != nil
}
