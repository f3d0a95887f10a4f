package syntax

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// topicScheme marks the strings that are topics.
const topicScheme = "kafka://"

func isTopic(path string) bool { return strings.HasPrefix(path, topicScheme) }

// splitTopic cuts kafka://brokers/topic@range at the @. Other strings are left whole: an @ is legal
// in a file name, and before the last slash it belongs to the address.
func splitTopic(path string) (topic, rng string, found bool) {
	at := strings.LastIndexByte(path, '@')
	if !isTopic(path) || at < strings.LastIndexByte(path, '/') {
		return path, "", false
	}
	return path[:at], path[at+1:], true
}

// PointHint says how points are written.
const PointHint = "a point is an offset, partition:offset, -1h, a time such as 2026-11-21T10:00, start, end or now"

// topicRange parses text as a range; an error is reported at tok.
func (p *parser) topicRange(tok Token, text string) *Range {
	r, err := ParseRange(text)
	if err != nil {
		p.fail(tok, err.Error(), PointHint)
		return nil
	}
	r.Span = Span{tok.Pos, tok.End}
	return r
}

// ParseRange parses the text of a topic range without its @: from, from.., from..to or ..to. The
// error names the malformed point.
func ParseRange(text string) (*Range, error) {
	from, to, two := strings.Cut(text, "..")
	if from == "" && two {
		from = "start"
	}
	r := &Range{}
	var ok bool
	if r.From, ok = parsePoint(from); !ok {
		return nil, fmt.Errorf("%q is no point of a topic", from)
	}
	if to == "" {
		return r, nil
	}
	end, ok := parsePoint(to)
	if !ok {
		return nil, fmt.Errorf("%q is no point of a topic", to)
	}
	r.To = &end
	return r, nil
}

// String returns the range as it is written behind @.
func (r *Range) String() string {
	if r.To == nil {
		return r.From.Text + ".."
	}
	return r.From.Text + ".." + r.To.Text
}

var pointWords = map[string]PointKind{"start": PointStart, "end": PointEnd, "now": PointNow}

// timeLayouts are the spellings of times; without a zone they are UTC.
var timeLayouts = []string{
	"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00",
}

func parsePoint(text string) (Point, bool) {
	text = strings.Replace(strings.TrimSpace(text), " ", "T", 1)
	pt := Point{Text: text, Partition: -1}
	if kind, ok := pointWords[strings.ToLower(text)]; ok {
		pt.Kind, pt.Text = kind, strings.ToLower(text)
		return pt, true
	}
	if ago, ok := strings.CutPrefix(text, "-"); ok {
		d, ok := parseAgo(ago)
		pt.Kind, pt.Ago = PointAgo, d
		return pt, ok
	}
	partition, offset, two := strings.Cut(text, ":")
	if !two {
		partition, offset = "", text
	}
	if n, err := strconv.ParseInt(offset, 10, 64); err == nil && isDigit(offset[0]) { // "+1" is no offset
		pt.Kind, pt.Offset = PointOffset, n
		if !two {
			return pt, true
		}
		if n, err := strconv.ParseInt(partition, 10, 32); err == nil && isDigit(partition[0]) {
			pt.Partition = int32(n)
			return pt, true
		}
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			pt.Kind, pt.Offset, pt.Time = PointTime, 0, t.UnixMicro()
			return pt, true
		}
	}
	return pt, false
}

// parseAgo parses a duration such as 1h30m or 7d: Go's units down to ms, and days and weeks.
func parseAgo(text string) (time.Duration, bool) {
	days := time.Duration(0)
	for _, u := range []struct {
		unit string
		size time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		n, rest, ok := strings.Cut(text, u.unit)
		if !ok {
			continue
		}
		v, err := strconv.ParseUint(n, 10, 15)
		if err != nil {
			return 0, false
		}
		days += time.Duration(v) * u.size
		if text = rest; text == "" {
			return days, days >= 0
		}
	}
	d, err := time.ParseDuration(text)
	return days + d, err == nil && d >= 0 && days+d >= 0 && isDigit(text[0])
}
