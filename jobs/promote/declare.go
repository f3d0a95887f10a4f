package promote

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/riffle-io/riffle/sql/syntax"
)

// feed is a source that becomes a stream: its topic, and the file before it when there is one.
type feed struct {
	ref     syntax.TableRef
	source  *Source // as explored
	topic   *Source // what the job goes on with
	history *Source // file that is read first; nil: none
	name    string  // of its table in the job
	time    string  // column of event time; "" when there is none
	delay   time.Duration
	idle    time.Duration
	until   string // last event time of the history, as a literal's text
}

var notInNames = regexp.MustCompile(`[^a-z0-9_]+`)

// tableName makes a name of a path, URL or name.
func tableName(ref string) string {
	ref = strings.Trim(ref, `'"`)
	if at := strings.LastIndexByte(ref, '@'); at > 0 && strings.Contains(ref, "://") {
		ref = ref[:at]
	}
	base := ref[strings.LastIndexAny(ref, "/\\")+1:]
	base, _, _ = strings.Cut(base, ".")
	base = strings.Trim(notInNames.ReplaceAllString(strings.ToLower(base), "_"), "_")
	if base == "" || base[0] >= '0' && base[0] <= '9' {
		base = "t" + base
	}
	return base
}

// columns writes a column list of CREATE TABLE, with the watermark when there is event time.
func (f *feed) columns(delay time.Duration) string {
	var b strings.Builder
	for i, c := range f.source.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %s", name(c.Name), c.Type)
	}
	if f.time != "" {
		fmt.Fprintf(&b, ",\n  WATERMARK FOR %s AS %s", name(f.time), name(f.time))
		if delay > 0 {
			fmt.Fprintf(&b, " - %s", interval(delay))
		}
	}
	return b.String()
}

// options of the topic's table: Flink's, so that the same table can be declared there.
func (f *feed) options(until time.Time) string {
	o := []string{"'connector'='kafka'", "'topic'=" + syntax.FormatString(f.topic.Topic),
		"'properties.bootstrap.servers'=" + syntax.FormatString(f.topic.Brokers), "'format'=" + syntax.FormatString(f.topic.Format)}
	mode, ms, at := strings.Cut(f.topic.Start, ":")
	o = append(o, "'scan.startup.mode'="+syntax.FormatString(mode))
	if at {
		o = append(o, "'scan.startup.timestamp-millis'="+syntax.FormatString(ms))
	}
	if f.time != "" && f.idle > 0 {
		o = append(o, fmt.Sprintf("'scan.watermark.idle-timeout'='%d s'", int(f.idle.Seconds())))
	}
	if !until.IsZero() {
		o = append(o, "'scan.bounded.mode'='timestamp'", fmt.Sprintf("'scan.bounded.timestamp-millis'='%d'", until.UnixMilli()))
	}
	return strings.Join(o, ", ")
}

// declare writes the tables of the feed with a delay of the watermark. With until set the topic ends
// at that time of its records.
func (f *feed) declare(delay time.Duration, until time.Time) string {
	var b strings.Builder
	topic := f.name
	if f.history != nil {
		topic = f.name + "_topic"
		fmt.Fprintf(&b, "CREATE TABLE %s_history (%s)\nWITH ('connector'='filesystem', 'path'=%s, 'format'=%s);\n", f.name,
			f.columns(delay), syntax.FormatString(f.history.Path), syntax.FormatString(f.history.Format))
	}
	fmt.Fprintf(&b, "CREATE TABLE %s (%s)\nWITH (%s);\n", name(topic), f.columns(delay), f.options(until))
	if f.history == nil {
		return b.String()
	}
	var cols []string
	for _, c := range f.source.Columns {
		cols = append(cols, name(c.Name))
	}
	list, at, t := strings.Join(cols, ", "), "TIMESTAMP "+syntax.FormatString(f.until), name(f.time)
	fmt.Fprintf(&b, "CREATE VIEW %s AS\n  SELECT %s FROM %s_history WHERE %s <= %s\n  UNION ALL\n  SELECT %s FROM %s WHERE %s > %s;\n",
		name(f.name), list, f.name, t, at, list, name(topic), t, at)
	return b.String()
}

// target writes the table of the job's output and returns its name.
func target(job, into string, shape *Shape) (ddl, table string, err error) {
	table = strings.ReplaceAll(job, "-", "_") + "_out"
	var b strings.Builder
	for i, c := range shape.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %s", name(c.Name), c.Type)
	}
	if !strings.HasPrefix(into, "kafka://") {
		return fmt.Sprintf("CREATE TABLE %s (%s)\nWITH ('connector'='filesystem', 'format'='parquet', 'path'=%s);\n", table, b.String(), syntax.FormatString(into)), table, nil
	}
	brokers, topic, ok := strings.Cut(strings.TrimPrefix(into, "kafka://"), "/")
	if !ok || topic == "" {
		return "", "", fmt.Errorf("%w: --into %s: a topic is named kafka://host:port/topic", ErrRefused, into)
	}
	connector := "kafka"
	if len(shape.Key) > 0 && shape.Mode.String() != "append" {
		connector = "upsert-kafka"
		var keys []string
		for _, k := range shape.Key {
			keys = append(keys, name(k))
		}
		fmt.Fprintf(&b, ",\n  PRIMARY KEY (%s) NOT ENFORCED", strings.Join(keys, ", "))
	}
	return fmt.Sprintf("CREATE TABLE %s (%s)\nWITH ('connector'='%s', 'topic'=%s, 'properties.bootstrap.servers'=%s, 'format'='json', 'sink.delivery-guarantee'='exactly-once');\n",
		table, b.String(), connector, syntax.FormatString(topic), syntax.FormatString(brokers)), table, nil
}
