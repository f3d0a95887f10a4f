package promote

import (
	"fmt"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// measure finds the disorder of each feed and proposes its watermark, and the hand-over from its file.
func (w *work) measure() error {
	if w.r.LintOnly {
		return w.assume()
	}
	for _, f := range w.feeds {
		if f.time == "" {
			continue
		}
		ref := fmt.Sprintf("'kafka://%s/%s@start..%s'", f.topic.Brokers, f.topic.Topic, w.now.UTC().Format("2006-01-02T15:04:05.000Z"))
		m := &measured{}
		var err error
		if covers(f.topic, f.source) {
			if m, err = measure(w.ctx, w.s, "", ref, f.time, true); err != nil {
				return fmt.Errorf("measure the disorder of %s: %w", ref, plainly(err))
			}
		}
		if m.rows == 0 && f.source.Path != "" {
			if m, err = measure(w.ctx, w.s, "", f.source.Ref, f.time, false); err != nil {
				return fmt.Errorf("measure the disorder of %s: %w", f.source.Ref, plainly(err))
			}
		}
		want := w.r.Delay
		if want == "" && f.source.EventTime == f.time {
			want = f.source.Delay.String() // declared by a person
		}
		l, err := m.lateness(f.time, want)
		if err != nil {
			return err
		}
		f.delay = time.Duration(l.Chosen.Delay)
		w.top = max(w.top, f.delay, time.Duration(l.Choices[len(l.Choices)-1].Delay))
		if f.idle = w.r.Idle; f.idle == 0 {
			f.idle, w.p.IdleText = m.idle()
		} else {
			w.p.IdleText = f.idle.String()
		}
		if w.late == nil {
			w.late, w.p.Lateness = m, l
		}
		if f.history != nil {
			if err := w.handOver(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// assume takes delays and time-outs as they were given or declared.
func (w *work) assume() error {
	given, err := time.ParseDuration(w.r.Delay)
	if w.r.Delay != "" && (err != nil || given < 0) {
		return fmt.Errorf("%w: watermark %q must be a duration such as 30m: nothing is measured here", ErrRefused, w.r.Delay)
	}
	for _, f := range w.feeds {
		if f.delay = given; w.r.Delay == "" {
			f.delay = f.source.Delay
		}
		if f.idle = w.r.Idle; f.idle == 0 {
			f.idle = defaultIdle
		}
	}
	return nil
}

// handOver finds the event time up to which the file is read.
func (w *work) handOver(f *feed) error {
	if f.until = w.r.Handover; f.until != "" {
		return nil
	}
	_, err := w.s.Run(w.ctx, fmt.Sprintf("SELECT max(%s) FROM %s", name(f.time), f.source.Ref), RunOptions{}, func(b *vec.Batch) error {
		if b.Live() > 0 && !b.Cols[0].IsNull(b.Row(0)) {
			f.until = b.Cols[0].Value(b.Row(0)).Format(b.Cols[0].Type)
		}
		return nil
	})
	if err == nil && f.until == "" {
		err = fmt.Errorf("%w: %s has no row with a %s, so that there is no hand-over", ErrRefused, f.source.Ref, f.time)
	}
	return err
}

// compare runs the shadow.
func (w *work) compare() error {
	if w.r.NoShadow || w.r.LintOnly {
		return nil
	}
	query := apply(w.d.text, w.d.edits)
	sh, ran, err := shadow(w.ctx, w.s, w.script(w.top, w.now)+query)
	if err != nil {
		return err
	}
	w.p.Shadow = sh
	if err := w.replay(query); err != nil {
		return err
	}
	if ran.Keys > 0 {
		w.p.State = &Estimate{Keys: ran.Keys, Bytes: ran.StateBytes, Basis: "most at a time in the shadow run"}
		for _, n := range w.shape.State {
			w.p.State.Grows = w.p.State.Grows || strings.Contains(n, "grows")
		}
	}
	return nil
}

// replay counts the rows that are late with the chosen delays.
func (w *work) replay(query string) error {
	if w.p.Lateness == nil {
		return nil
	}
	if w.p.Lateness.Chosen.Late == 0 {
		w.p.Lateness.Replayed = 0
		return nil
	}
	ran, err := w.s.Run(w.ctx, w.script(-1, w.now)+query, RunOptions{Replay: true}, func(*vec.Batch) error { return nil })
	if err == nil {
		w.p.Lateness.Replayed = ran.Late
	}
	return err
}
