package jobs

import (
	"sync"
	"time"

	"github.com/riffle-io/riffle/dataflow/exec"
)

// lastHour is the samples of the last hour before now, of those that a lineFile has: in order, each once.
func lastHour(list []Sample, now time.Time) (out []Sample) {
	for _, s := range list {
		if again := len(out) > 0 && !s.At.After(out[len(out)-1].At); !again && !s.At.Before(now.Add(-recorded*time.Second)) {
			out = append(out, s)
		}
	}
	return out[max(0, len(out)-recorded):]
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
