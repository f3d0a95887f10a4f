package repl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// historyBytes is how much of the end of the history file is read: some ten thousand statements.
const historyBytes = 4 << 20

// Entry is one statement that was run.
type Entry struct {
	Text  string        `json:"text"`
	At    time.Time     `json:"at"`
	Took  time.Duration `json:"took"` // nanoseconds
	Rows  int64         `json:"rows"`
	Error string        `json:"error,omitempty"` // first line
}

// History is the statements that this user ran, in all sessions: a file of JSON lines. Entries are
// appended in one write each, so that several processes may share the file; a line that is no entry
// is skipped.
type History struct {
	path string

	mu      sync.Mutex
	entries []Entry // oldest first
	size    int64   // of the file when it was read
}

// HistoryPath is the file of the history: riffle/history.jsonl under $XDG_STATE_HOME, which is
// ~/.local/state by default.
func HistoryPath() (string, error) {
	dir := os.Getenv("XDG_STATE_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("history: %w", err)
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "riffle", "history.jsonl"), nil
}

// OpenHistory opens the history at a path, whose file need not be there. The empty path keeps the
// entries in memory only.
func OpenHistory(path string) (*History, error) {
	h := &History{path: path}
	return h, h.read()
}

// read takes what was appended since the last time; h.mu is held or h is new.
func (h *History) read() error {
	if h.path == "" {
		return nil
	}
	f, err := os.Open(h.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	from := h.size
	if info.Size() < from { // it was cut
		from, h.entries = 0, nil
	}
	from = max(from, info.Size()-historyBytes)
	data, err := io.ReadAll(io.NewSectionReader(f, from, info.Size()-from))
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	end := strings.LastIndexByte(string(data), '\n') + 1 // another process may be in the middle of a line
	h.size = from + int64(end)
	for line := range strings.Lines(string(data[:end])) {
		var e Entry
		if json.Unmarshal([]byte(line), &e) == nil && e.Text != "" {
			h.entries = append(h.entries, e)
		}
	}
	return nil
}

// Add appends an entry. An empty text, and the text of the last entry once more, are left out.
func (h *History) Add(e Entry) error {
	e.Text = strings.TrimSpace(e.Text)
	e.Error, _, _ = strings.Cut(e.Error, "\n")
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.entries); e.Text == "" || n > 0 && h.entries[n-1].Text == e.Text && h.entries[n-1].Error == e.Error {
		return nil
	}
	if h.path == "" {
		h.entries = append(h.entries, e)
		return nil
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false) // for those who read the file
	if err := enc.Encode(e); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	_, err = f.Write(line.Bytes())
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return h.read()
}

// Search lists the entries whose text has the letters of fuzzy in order, without case: newest first
// within those that have them as one piece, then the others. Each text comes once. "" lists all.
func (h *History) Search(fuzzy string) []Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.read(); err != nil { // what was read before is better than nothing
		return h.matching(fuzzy)
	}
	return h.matching(fuzzy)
}

func (h *History) matching(fuzzy string) []Entry {
	want := strings.ToLower(strings.TrimSpace(fuzzy))
	seen := map[string]bool{}
	var whole, loose []Entry
	for i := len(h.entries) - 1; i >= 0; i-- {
		e := h.entries[i]
		if seen[e.Text] {
			continue
		}
		seen[e.Text] = true
		text := strings.ToLower(e.Text)
		switch {
		case strings.Contains(text, want):
			whole = append(whole, e)
		case subsequence(want, text):
			loose = append(loose, e)
		}
	}
	return append(whole, loose...)
}

// subsequence tells whether the letters of want stand in text in order; blanks in want do not count.
func subsequence(want, text string) bool {
	for _, r := range want {
		if r == ' ' {
			continue
		}
		i := strings.IndexRune(text, r)
		if i < 0 {
			return false
		}
		text = text[i+len(string(r)):]
	}
	return true
}
