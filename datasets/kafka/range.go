package kafka

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// PointKind says what a Point counts from.
type PointKind uint8

const (
	PointStart  PointKind = iota // the oldest record there is
	PointEnd                     // the end as it is when the range is resolved
	PointNow                     // the first record at or after the present time: at most the end
	PointOffset                  // Value is an offset
	PointAgo                     // Value is µs before now
	PointTime                    // Value is µs since the Unix epoch
)

// Point is a place in a topic.
type Point struct {
	Kind  PointKind
	Value int64
}

// String is the point as ParseRange reads it.
func (p Point) String() string {
	switch p.Kind {
	case PointEnd:
		return "end"
	case PointNow:
		return "now"
	case PointOffset:
		return strconv.FormatInt(p.Value, 10)
	case PointAgo:
		return "-" + (time.Duration(p.Value) * time.Microsecond).String()
	case PointTime:
		return time.UnixMicro(p.Value).UTC().Format("2006-01-02T15:04:05.999999Z")
	}
	return "start"
}

// AllPartitions as Range.Partition is every partition.
const AllPartitions = -1

// Range is the part of a topic to read: from From, and, when it is bounded, up to but not with To.
type Range struct {
	Partition int32 // or AllPartitions
	From, To  Point
	Bounded   bool
}

// String is the range as ParseRange reads it.
func (r Range) String() string {
	s := "@"
	if r.Partition != AllPartitions {
		s += strconv.Itoa(int(r.Partition)) + ":"
	}
	s += r.From.String()
	if r.Bounded {
		s += ".." + r.To.String()
	}
	return s
}

const rangeHelp = `want @FROM or @FROM..TO with points like start, end, now, 12345 (offset), -1h, 2026-11-20T10:00; @0:12345 is partition 0`

// ParseRange reads
//
//	range = "@" [partition ":"] point [".." [point]]
//	point = offset | "-"duration | timestamp | "start" | "now" | "end"
//
// A range without a second point has no end. A duration is a number with a unit of ms, s, m, h, d
// or w, or several (-1h30m). A timestamp is a date, or date and time with T or a space between,
// with or without seconds, and a zone (Z, +01:00); without one it is UTC.
func ParseRange(s string) (Range, error) {
	fail := func(err error) (Range, error) { return Range{}, fmt.Errorf("range %q: %w; %s", s, err, rangeHelp) }
	body, ok := strings.CutPrefix(s, "@")
	if !ok {
		return fail(errors.New("does not start with @"))
	}
	r := Range{Partition: AllPartitions}
	from, to, dots := strings.Cut(body, "..")
	if p, rest, ok := strings.Cut(from, ":"); ok && isDigits(p) {
		n, err := strconv.ParseInt(p, 10, 32)
		if err != nil {
			return fail(fmt.Errorf("partition %s is too large", p))
		}
		r.Partition, from = int32(n), rest
	}
	var err error
	if r.From, err = parsePoint(from); err != nil {
		return fail(err)
	}
	if !dots || to == "" {
		return r, nil
	}
	r.Bounded = true
	if r.To, err = parsePoint(to); err != nil {
		return fail(err)
	}
	if r.From.Kind == r.To.Kind {
		backwards := r.From.Value > r.To.Value
		if r.From.Kind == PointAgo {
			backwards = r.From.Value < r.To.Value
		}
		if backwards {
			return fail(errors.New("ends before it starts"))
		}
	}
	return r, nil
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func parsePoint(s string) (Point, error) {
	switch {
	case s == "":
		return Point{}, errors.New("the first point is missing")
	case s == "start":
		return Point{Kind: PointStart}, nil
	case s == "end":
		return Point{Kind: PointEnd}, nil
	case s == "now":
		return Point{Kind: PointNow}, nil
	case isDigits(s):
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return Point{}, fmt.Errorf("offset %s is too large", s)
		}
		return Point{Kind: PointOffset, Value: n}, nil
	case s[0] == '-':
		us, err := parseAgo(s[1:])
		return Point{Kind: PointAgo, Value: us}, err
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return Point{Kind: PointTime, Value: t.UnixMicro()}, nil
		}
	}
	return Point{}, fmt.Errorf("cannot read point %q", s)
}

// timeLayouts: a fraction after the seconds is taken by the time package itself.
var timeLayouts = []string{
	"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05",
	"2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00", "2006-01-02 15:04Z07:00", "2006-01-02 15:04:05Z07:00",
}

var agoPart = regexp.MustCompile(`^(\d+)(ms|s|m|h|d|w)`)

var agoUnits = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
	"d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// maxAgo keeps sums of durations from overflowing: a hundred years.
const maxAgo = 100 * 366 * 24 * time.Hour

// parseAgo returns a duration in µs.
func parseAgo(s string) (int64, error) {
	var total time.Duration
	rest := s
	for ok := true; rest != "" || ok; ok = false {
		m := agoPart.FindStringSubmatch(rest)
		if m == nil {
			return 0, fmt.Errorf("cannot read duration %q (units are ms, s, m, h, d, w)", "-"+s)
		}
		n, err := strconv.ParseInt(m[1], 10, 64)
		unit := agoUnits[m[2]]
		if err != nil || n > int64((maxAgo-total)/unit) {
			return 0, fmt.Errorf("duration %q is longer than 100 years", "-"+s)
		}
		total += time.Duration(n) * unit
		rest = rest[len(m[0]):]
	}
	return total.Microseconds(), nil
}

// URL is a parsed kafka:// URL.
type URL struct {
	Brokers  []string // host:port
	Topic    string
	Range    Range // from start without end when HasRange is false
	HasRange bool
}

// topicName is what Kafka takes as a topic, apart from "." and "..".
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

const defaultPort = "9092"

// IsURL reports whether s is meant for ParseURL.
func IsURL(s string) bool { return strings.HasPrefix(s, "kafka://") }

// ParseURL reads kafka://host[:port][,host[:port]]/topic[range]; the port is 9092 if not given.
func ParseURL(s string) (URL, error) {
	fail := func(err error) (URL, error) {
		return URL{}, fmt.Errorf("%q: %w; want kafka://host:port[,host:port]/topic[@from..to]", s, err)
	}
	rest, ok := strings.CutPrefix(s, "kafka://")
	if !ok {
		return fail(errors.New("not a kafka URL"))
	}
	hosts, topic, ok := strings.Cut(rest, "/")
	if !ok {
		return fail(errors.New("no topic"))
	}
	u := URL{Range: Range{Partition: AllPartitions}}
	for _, host := range strings.Split(hosts, ",") {
		broker, err := parseBroker(host)
		if err != nil {
			return fail(err)
		}
		u.Brokers = append(u.Brokers, broker)
	}
	if at := strings.IndexByte(topic, '@'); at >= 0 {
		var err error
		if u.Range, err = ParseRange(topic[at:]); err != nil {
			return URL{}, err
		}
		topic, u.HasRange = topic[:at], true
	}
	if !topicName.MatchString(topic) || topic == "." || topic == ".." {
		return fail(fmt.Errorf("%q is no topic name", topic))
	}
	u.Topic = topic
	return u, nil
}

// parseBroker checks host or host:port and returns host:port.
func parseBroker(s string) (string, error) {
	u, err := url.Parse("//" + s)
	if err != nil || u.Host != s || u.Hostname() == "" {
		return "", fmt.Errorf("%q is no broker address", s)
	}
	port := u.Port()
	if port == "" {
		port = defaultPort
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("%q is no broker address: bad port", s)
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}
