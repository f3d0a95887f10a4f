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
)

// lineFile keeps values of a job over the end of the server, the newest ones, in two files of the
// job's directory:
//
//	NAME.log   lines "CRC32C JSON", one a value, oldest first; when it has keep of them it becomes
//	NAME.old   and a new one begins
//
// Invariants:
//   - A line counts only when its checksum is right: what a kill or a power cut left of one is
//     skipped, and the next begins on a line of its own.
//   - Both files together have 2 keep values at most.
//   - It is for people: nothing is synced, and a disk that is full costs values and no job.
//
// One goroutine appends at a time.
type lineFile[T any] struct {
	dir, name string
	keep      int
	lines     int // of NAME.log; -1: not known yet
}

// newLineFile is a file of a directory that is made with the first line.
func newLineFile[T any](dir, name string, keep int) lineFile[T] {
	return lineFile[T]{dir: dir, name: name, keep: keep, lines: -1}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (l *lineFile[T]) path() string { return filepath.Join(l.dir, l.name+".log") }
func (l *lineFile[T]) old() string  { return filepath.Join(l.dir, l.name+".old") }

// load reads what is there, oldest first. Files that are not there are empty.
func (l *lineFile[T]) load() (out []T, err error) {
	for _, path := range []string{l.old(), l.path()} {
		data, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s of earlier: %w", l.name, err)
		}
		for line := range bytes.Lines(data) {
			var v T
			if parseLine(line, &v) {
				out = append(out, v)
			}
		}
	}
	return out, nil
}

// parseLine reads a line into v; false when it is damaged or cut off.
func parseLine(line []byte, v any) bool {
	text, whole := bytes.CutSuffix(line, []byte("\n"))
	sum, data, cut := bytes.Cut(text, []byte(" "))
	return whole && cut && string(sum) == checksum(data) && json.Unmarshal(data, v) == nil
}

func checksum(data []byte) string { return fmt.Sprintf("%08x", crc32.Checksum(data, castagnoli)) }

// append writes values behind those that are there.
func (l *lineFile[T]) append(values []T) error {
	if len(values) == 0 {
		return nil
	}
	if err := l.begin(); err != nil {
		return err
	}
	var b bytes.Buffer
	for _, v := range values {
		data, err := json.Marshal(v)
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
	l.lines += len(values)
	return nil
}

// begin counts the lines of the file at the first write after a start, ends a line that was cut off,
// and begins a new file when it is full.
func (l *lineFile[T]) begin() error {
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
	if l.lines < l.keep {
		return nil
	}
	l.lines = 0
	return os.Rename(l.path(), l.old())
}
