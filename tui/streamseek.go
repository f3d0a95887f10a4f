package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/tui/canvas"
)

// pause freezes the view at the last change that it shows.
func (s *stream) pause() {
	if s.live == nil {
		return
	}
	if s.at >= 0 {
		s.at = -1
		return
	}
	s.standAt(s.shown.next - 1)
}

// standAt shows the recorder as of a change.
func (s *stream) standAt(seq int64) {
	if s.at < 0 {
		s.since = s.a.now()
	}
	s.at = max(s.live.First(), min(seq, s.live.Next()-1))
}

// position is the change that the view stands at.
func (s *stream) position() int64 {
	if s.at >= 0 {
		return s.at
	}
	return s.live.Next() - 1
}

// step moves by one change.
func (s *stream) step(n int64) {
	if s.live == nil || s.live.Next() == 0 {
		return
	}
	to := s.position() + n
	switch {
	case to >= s.live.Next():
		s.a.say(canvas.Dim, "this is the last change; 0 goes live")
	case to < s.live.First():
		s.a.say(canvas.Dim, "this is the oldest change that is kept")
	}
	s.standAt(to)
}

// stepTime moves by a time span.
func (s *stream) stepTime(d time.Duration) {
	if s.live == nil || s.live.Next() == 0 {
		return
	}
	here := s.live.Changes(s.position(), 1)
	if len(here) == 0 {
		return
	}
	s.standAt(s.live.SeqAt(here[0].At.Add(d)))
}

// seek asks where to stand.
func (s *stream) seek() tea.Cmd {
	return s.a.ask(prompt{kind: "seek", help: "seek", enter: func(text string) tea.Cmd {
		if err := s.seekTo(strings.TrimSpace(text)); err != nil {
			s.a.say(canvas.Bad, err.Error())
		}
		return nil
	}}, "seek to (-30s, 10:41:07, @8812, now): ", "")
}

func (s *stream) seekTo(text string) error {
	switch {
	case text == "":
		return nil
	case text == "now":
		s.at = -1
		return nil
	case strings.HasPrefix(text, "@"):
		var seq int64
		if _, err := fmt.Sscanf(text, "@%d", &seq); err != nil {
			return fmt.Errorf("seek %s: @ is followed by the number of a change", text)
		}
		s.standAt(seq)
		return nil
	case strings.HasPrefix(text, "-"):
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("seek %s: a span such as -30s or -5m", text)
		}
		s.standAt(s.live.SeqAt(s.a.now().Add(d)))
		return nil
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			now := s.a.now().UTC()
			s.standAt(s.live.SeqAt(time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)))
			return nil
		}
	}
	return fmt.Errorf("seek %s: neither a span, a time of today (UTC), a change @N, nor now", text)
}
