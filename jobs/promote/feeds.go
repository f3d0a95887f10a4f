package promote

import (
	"fmt"
	"strings"

	"github.com/riffle-io/riffle/sql/syntax"
)

// findFeeds decides which sources go on as streams.
func (w *work) findFeeds() error {
	used := map[string]bool{}
	for _, ref := range w.d.tables() {
		text, _ := refText(w.d.text, ref)
		src, err := w.s.Source(w.ctx, text)
		if err != nil {
			return err
		}
		f := &feed{ref: ref, source: src, name: tableName(text)}
		switch {
		case src.Topic != "" && len(src.Columns) == 0:
			return fmt.Errorf("%w: there is no record in %s yet that shows its columns; write one, or declare them with CREATE TABLE", ErrRefused, text)
		case src.Topic != "":
			f.topic = src
		case src.Path != "":
			if err := w.twin(f); err != nil {
				return err
			}
		}
		if f.topic == nil {
			continue // a table that is read whole: the static side of a join
		}
		for used[f.name] {
			f.name += "_2"
		}
		used[f.name] = true
		w.feeds = append(w.feeds, f)
	}
	if len(w.feeds) > 0 {
		return nil
	}
	var read []string
	if len(w.d.tables()) == 0 {
		return fmt.Errorf("%w: it reads no table, so that a job of it would have nothing to wait for", ErrRefused)
	}
	for _, ref := range w.d.tables() {
		text, _ := refText(w.d.text, ref)
		read = append(read, text)
	}
	help := "--topic kafka://host:port/topic (with --history the file is read first)"
	if w.r.LintOnly {
		help = "--unbounded takes it for one"
	}
	return fmt.Errorf("%w: it reads no topic, only %s; say which topic goes on where the file ends: %s", ErrRefused, strings.Join(read, ", "), help)
}

// twin finds the topic that goes on where a file ends: the one that was named, or the only one of the
// session that has the file's columns.
func (w *work) twin(f *feed) error {
	named := w.r.Topic
	if named == "" {
		var fits []string
		for _, t := range w.s.Topics() {
			src, err := w.s.Source(w.ctx, t)
			if err == nil && covers(src, f.source) {
				fits = append(fits, t)
			}
		}
		if len(fits) != 1 {
			if w.r.Unbounded {
				f.topic = &Source{Ref: f.source.Ref, Columns: f.source.Columns, Stream: true, Brokers: "broker:9092", Topic: f.name, Start: "earliest-offset", Format: "json"}
			}
			return nil
		}
		named = fits[0]
	} else if len(w.feeds) > 0 {
		return nil // it is that of the first file
	}
	if strings.HasPrefix(named, "kafka://") {
		named = syntax.FormatString(named)
	}
	topic, err := w.s.Source(w.ctx, named)
	if err != nil {
		return fmt.Errorf("--topic %s: %w", w.r.Topic, err)
	}
	if topic.Topic == "" {
		return fmt.Errorf("%w: --topic %s is no topic", ErrRefused, w.r.Topic)
	}
	if !covers(topic, f.source) {
		if w.r.Topic == "" || len(topic.Columns) == 0 {
			f.topic = topic // nothing in it yet: the file says what it will hold
			return nil
		}
		return fmt.Errorf("%w: records of %s do not have all columns of %s", ErrRefused, named, f.source.Ref)
	}
	f.topic = topic
	if w.r.History {
		f.history = f.source
	}
	return nil
}

// covers tells whether a has the columns of b, by name.
func covers(a, b *Source) bool {
	have := map[string]bool{}
	for _, c := range a.Columns {
		have[c.Name] = true
	}
	for _, c := range b.Columns {
		if !have[c.Name] {
			return false
		}
	}
	return len(a.Columns) > 0
}

// times finds the column of event time of each feed.
func (w *work) times() error {
	for _, f := range w.feeds {
		if w.r.Time != "" && !hasTime(f.source, w.r.Time) && len(w.feeds) == 1 {
			return fmt.Errorf("%w: %s has no TIMESTAMP column %q", ErrRefused, f.source.Ref, w.r.Time)
		}
		switch {
		case hasTime(f.source, w.r.Time):
			f.time = w.r.Time
		case f.source.EventTime != "":
			f.time = f.source.EventTime
		default:
			f.time = w.guessTime(f.source)
		}
	}
	return nil
}

func hasTime(s *Source, column string) bool {
	for _, c := range s.Columns {
		if c.Name == column && strings.HasPrefix(c.Type, "TIMESTAMP") {
			return true
		}
	}
	return false
}

// guessTime prefers a column that the query truncates or cuts into windows, else the first of the type.
func (w *work) guessTime(s *Source) string {
	first := ""
	for _, c := range s.Columns {
		if !strings.HasPrefix(c.Type, "TIMESTAMP") {
			continue
		}
		if first == "" {
			first = c.Name
		}
		if w.d.truncated(c.Name) != nil || w.d.describes(c.Name) {
			return c.Name
		}
	}
	return first
}

// describes tells whether a window of the query is over a column.
func (d *draft) describes(column string) bool {
	found := false
	syntax.Walk(d.query, func(n syntax.Node) bool {
		if x, ok := n.(*syntax.Descriptor); ok {
			found = found || x.Columns[0].Name == column
		}
		return !found
	})
	return found
}
