package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secondsFrom makes samples of n seconds.
func secondsFrom(at time.Time, n int) (out []Sample) {
	for i := range n {
		out = append(out, Sample{At: at.Add(time.Duration(i) * time.Second), InRate: float64(i), Operators: [][2]float32{{0.5, 0.25}}})
	}
	return out
}

func TestMetricsLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "hourly")
	now := time.Now().UTC().Truncate(time.Millisecond)
	begin := now.Add(-100 * time.Second)
	want := secondsFrom(begin, 100)
	l := newLineFile[Sample](dir, "metrics", recorded)
	if got, err := l.load(); err != nil || len(got) != 0 {
		t.Fatalf("before the first write: %v %v", got, err)
	}
	for i := 0; i < 50; i += 5 {
		if err := l.append(want[i : i+5]); err != nil {
			t.Fatal(err)
		}
	}
	// A kill in the middle of a write leaves a part of a line; the next process goes on behind it.
	whole, err := os.ReadFile(l.path())
	if err != nil {
		t.Fatal(err)
	}
	for cut := range 200 {
		if err := os.WriteFile(l.path(), whole[:len(whole)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		l = newLineFile[Sample](dir, "metrics", recorded)
		if err := l.append(want[50:60]); err != nil {
			t.Fatal(err)
		}
		got, err := l.load()
		if err != nil || len(got) < 57 || len(got) > 60 || fmt.Sprint(got[len(got)-10:]) != fmt.Sprint(want[50:60]) || fmt.Sprint(got[:len(got)-10]) != fmt.Sprint(want[:len(got)-10]) {
			t.Fatalf("cut by %d bytes: %d samples, %v", cut, len(got), err)
		}
	}
	// A changed byte costs its line.
	damaged := []byte(strings.Replace(string(whole), `"in_rate":7,`, `"in_rate":8,`, 1))
	if err := os.WriteFile(l.path(), damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := l.load(); err != nil || len(got) != 49 || got[7].InRate != 8 {
		t.Errorf("a changed byte: %d samples, %v", len(got), err)
	}
}

// TestMetricsLogBound writes five hours; the files hold two at most, and the last is read.
func TestMetricsLogBound(t *testing.T) {
	dir := t.TempDir()
	begin := time.Now().Add(-5 * time.Hour)
	all := secondsFrom(begin, 5*recorded)
	l := newLineFile[Sample](dir, "metrics", recorded)
	most := int64(0)
	for i := 0; i < len(all); i += 100 {
		if i%3000 == 0 {
			l = newLineFile[Sample](dir, "metrics", recorded) // another process
		}
		if err := l.append(all[i : i+100]); err != nil {
			t.Fatal(err)
		}
		size := int64(0)
		for _, path := range []string{l.path(), l.old()} {
			if info, err := os.Stat(path); err == nil {
				size += info.Size()
			}
		}
		most = max(most, size)
	}
	list, err := l.load()
	got := lastHour(list, begin.Add(5*time.Hour))
	if err != nil || len(got) < recorded-1 || !got[len(got)-1].At.Equal(all[len(all)-1].At) {
		t.Errorf("%d samples, %v", len(got), err)
	}
	if most > 3*recorded*300 {
		t.Errorf("the files took %d bytes", most)
	}
}

func TestRecorderRestore(t *testing.T) {
	begin := time.Now().Add(-2 * time.Hour)
	all := secondsFrom(begin, 2*recorded)
	for _, c := range []struct{ past, now, want int }{{0, 0, 0}, {10, 0, 10}, {0, 10, 10}, {recorded, 0, recorded}, {20, 5, 25}, {recorded, 5, recorded}, {100, recorded, recorded}} {
		r := &recorder{samples: append([]Sample{}, all[c.past:c.past+c.now]...)}
		r.restore(all[:c.past+c.now]) // the file has the new ones as well
		got := r.since(time.Time{})
		if len(got) != c.want {
			t.Errorf("%d before %d: %d samples, want %d", c.past, c.now, len(got), c.want)
			continue
		}
		for i, s := range got {
			if want := all[c.past+c.now-c.want+i]; s.InRate != want.InRate {
				t.Errorf("%d before %d: sample %d is %v, want %v", c.past, c.now, i, s.InRate, want.InRate)
				break
			}
		}
	}
}
