package promote

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/jobs"
)

// histogram counts how late rows were, in buckets that are rounded up to a hundredth: a delay that is
// read off it is never too short.
type histogram struct {
	rows    int64
	buckets map[int64]int64 // µs, rounded up -> rows
}

// roundUp rounds µs up to three significant digits.
func roundUp(us int64) int64 {
	step := int64(1)
	for us/step >= 1000 {
		step *= 10
	}
	return (us + step - 1) / step * step
}

func (h *histogram) add(us int64) {
	h.rows++
	h.buckets[roundUp(us)]++
}

// sorted is the buckets in order of lateness.
func (h *histogram) sorted() []int64 {
	var at []int64
	for us := range h.buckets {
		at = append(at, us)
	}
	slices.Sort(at)
	return at
}

// late is how many rows are later than a delay.
func (h *histogram) late(delay time.Duration) (n int64) {
	for us, rows := range h.buckets {
		if us > delay.Microseconds() {
			n += rows
		}
	}
	return n
}

// quantile is the smallest delay with which at most a share of 1-q of the rows is late.
func (h *histogram) quantile(q float64) time.Duration {
	allowed := int64(math.Floor((1 - q) * float64(h.rows)))
	left := h.rows
	for _, us := range h.sorted() {
		left -= h.buckets[us]
		if left <= allowed {
			return time.Duration(us) * time.Microsecond
		}
	}
	return 0
}

func (h *histogram) choice(name string, delay time.Duration) Choice {
	c := Choice{Name: name, Delay: jobs.Duration(delay), Late: h.late(delay)}
	if h.rows > 0 {
		c.Share = float64(c.Late) / float64(h.rows)
	}
	return c
}

// measured is the disorder of a feed and the longest silence of a partition.
type measured struct {
	histogram
	basis   string
	silence time.Duration // between two records of a partition, by their timestamps
	parts   int
}

// measure reads the event times of a source in the order of arrival: per partition of a topic, in the
// order of its rows for a file.
func measure(ctx context.Context, s Session, before, ref, column string, topic bool) (*measured, error) {
	m := &measured{histogram: histogram{buckets: map[int64]int64{}}, basis: ref}
	cols := name(column)
	if topic {
		cols += ", _partition, _timestamp"
	}
	tops, last := map[int64]int64{}, map[int64]int64{}
	_, err := s.Run(ctx, fmt.Sprintf("%s SELECT %s FROM %s", before, cols, ref), RunOptions{InOrder: !topic}, func(b *vec.Batch) error {
		for k, n := 0, b.Live(); k < n; k++ {
			i := b.Row(k)
			if b.Cols[0].IsNull(i) {
				continue
			}
			t, part := b.Cols[0].Value(i).I, int64(0)
			if topic {
				part = b.Cols[1].Value(i).I
				at := b.Cols[2].Value(i).I
				if before, ok := last[part]; ok {
					m.silence = max(m.silence, time.Duration(at-before)*time.Microsecond)
				}
				last[part] = at
			}
			top, seen := tops[part]
			if !seen || t > top {
				top = t
				tops[part] = t
			}
			m.add(top - t)
		}
		return nil
	})
	m.parts = len(tops)
	return m, err
}

// lateness turns what was measured into choices and takes one.
func (m *measured) lateness(column, want string) (*Lateness, error) {
	l := &Lateness{Column: column, Basis: fmt.Sprintf("%d rows of %s", m.rows, m.basis), Rows: m.rows, Replayed: -1}
	for _, q := range []struct {
		name string
		q    float64
	}{{"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}} {
		l.Choices = append(l.Choices, m.choice(q.name, m.quantile(q.q)))
	}
	if want == "" {
		want = "p99.9"
	}
	for _, c := range l.Choices {
		if c.Name == want {
			l.Chosen = c
			return l, nil
		}
	}
	d, err := time.ParseDuration(want)
	if err != nil || d < 0 {
		return nil, fmt.Errorf("%w: watermark %q must be a duration such as 30m, or p99, p99.9, max", ErrRefused, want)
	}
	l.Chosen = m.choice("", d)
	return l, nil
}

// defaultIdle is after how much silence a partition is left out when nothing longer was seen.
const defaultIdle = time.Minute

// idle is twice the longest silence that was measured, a minute at least, in whole seconds.
func (m *measured) idle() (time.Duration, string) {
	d := max(defaultIdle, 2*m.silence).Round(time.Second)
	return d, fmt.Sprintf("%s; the longest silence of one of %d partitions was %s", d, m.parts, m.silence.Round(time.Millisecond))
}
