package repl

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow/expr"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen"
	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/sql"
	"github.com/riffle-io/riffle/sql/syntax"
)

// connectors lists the options of each 'connector', with Flink's names, so that the same table can
// be declared there. An option that is not here is refused and not ignored.
var connectors = map[string][]string{
	"kafka": {"topic", "properties.bootstrap.servers", "properties.group.id", "format", "value.format", "key.fields", "key.format",
		"scan.startup.mode", "scan.startup.timestamp-millis", "scan.bounded.mode", "scan.bounded.timestamp-millis",
		"scan.watermark.idle-timeout", "sink.delivery-guarantee", "sink.transactional-id-prefix", "json.timestamp-format.standard", "value.json.timestamp-format.standard"},
	"upsert-kafka": {"topic", "properties.bootstrap.servers", "format", "value.format", "key.format", "sink.delivery-guarantee", "sink.transactional-id-prefix"},
	"filesystem":   {"path", "format", "scan.watermark.idle-timeout"},
	"gen":          {"table", "stream"}, // and the arguments of the generated table
	"blackhole":    {},
	"print":        {},
}

// checkDef refuses what a declaration asks for and riffle would not do.
func checkDef(def *sql.TableDef) error {
	for _, c := range def.Columns {
		if c.Computed != nil {
			return fmt.Errorf("column %s is computed, which tables do not support yet; make it a view: CREATE VIEW v AS SELECT *, … AS %s FROM …", c.Name, c.Name)
		}
	}
	name, ok := def.Options["connector"]
	if !ok {
		if len(def.Options) == 0 {
			return nil // a table in memory
		}
		return fmt.Errorf("'connector' is missing from WITH (…); there are %s", strings.Join(connectorNames(), ", "))
	}
	known, ok := connectors[name]
	if !ok {
		msg := fmt.Sprintf("there is no connector %q; there are %s", name, strings.Join(connectorNames(), ", "))
		if near := syntax.Suggest(name, connectorNames()); near != "" {
			msg += fmt.Sprintf("; did you mean %s?", near)
		}
		return fmt.Errorf("%s", msg)
	}
	if name == "gen" {
		return nil // the generator checks its own arguments
	}
	for o := range def.Options {
		if o != "connector" && !contains(known, o) {
			msg := fmt.Sprintf("connector %s has no option %q", name, o)
			if near := syntax.Suggest(o, known); near != "" {
				msg += fmt.Sprintf("; did you mean %s?", near)
			}
			return fmt.Errorf("%s", msg)
		}
	}
	if g := def.Options["sink.delivery-guarantee"]; g != "" && !contains([]string{"none", "at-least-once", "exactly-once"}, g) {
		return fmt.Errorf("sink.delivery-guarantee = %q: there are none, at-least-once, exactly-once", g)
	}
	return nil
}

func connectorNames() []string {
	var out []string
	for n := range connectors {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func need(def *sql.TableDef, options ...string) error {
	for _, o := range options {
		if def.Options[o] == "" {
			return fmt.Errorf("option '%s' is missing", o)
		}
	}
	return nil
}

// duration reads Flink's durations: "5 s", "1 min", "100ms".
func duration(v string) (time.Duration, error) {
	iv, ok := expr.ParseInterval(v)
	if !ok || iv.Months != 0 {
		return 0, fmt.Errorf("%q is not a duration", v)
	}
	return time.Duration(iv.Micros)*time.Microsecond + time.Duration(iv.Days)*24*time.Hour, nil
}

// open makes a declared table readable.
func (st *statement) open(def *sql.TableDef, rng *syntax.Range) (plan.Table, error) {
	switch def.Options["connector"] {
	case "kafka":
		return st.openTopic(def, rng)
	case "filesystem":
		if err := need(def, "path", "format"); err != nil {
			return nil, err
		}
		return openFiles(st.path(def.Options["path"]), def.Options["format"], def.Stored())
	case "gen":
		return openGen(def)
	}
	return nil, fmt.Errorf("a table with connector %s can be written, not read", def.Options["connector"])
}

func openGen(def *sql.TableDef) (plan.Table, error) {
	t, err := gen.Lookup(def.Options["table"])
	if err != nil {
		return nil, err
	}
	args := map[string]string{}
	for k, v := range def.Options {
		if k != "connector" && k != "table" && k != "stream" {
			args[k] = v
		}
	}
	g, err := newGenTable(t, args, def.Options["stream"] == "true")
	if err != nil {
		return nil, err
	}
	if len(def.Columns) == 0 {
		return g, nil
	}
	return narrow(g, def.Stored())
}

func (st *statement) openTopic(def *sql.TableDef, rng *syntax.Range) (plan.Table, error) {
	if err := need(def, "topic", "properties.bootstrap.servers"); err != nil {
		return nil, err
	}
	o := kafka.TableOptions{Config: kafkaConfig(def), Topic: def.Options["topic"], Group: def.Options["properties.group.id"], UntilEnd: st.set.UntilEnd, Stream: st.set.Replay}
	switch f := formatOf(def); f {
	case "json":
	case "raw":
		o.Raw = true
	default:
		return nil, fmt.Errorf("format %q: topics are read as json or raw", f)
	}
	r, err := startupRange(def, rng)
	if err != nil {
		return nil, err
	}
	o.Range = r
	for _, col := range def.Columns {
		f := kafka.Field{Field: vec.Field{Name: col.Name, Type: col.Type, NotNull: col.NotNull}, Meta: col.Metadata}
		if f.Meta != "" {
			t, ok := kafka.MetaType(f.Meta)
			if !ok {
				return nil, fmt.Errorf("column %s: topics have no metadata %q", col.Name, f.Meta)
			}
			if t.Phys() != col.Type.Phys() {
				return nil, fmt.Errorf("column %s: metadata %s is %s, not %s", col.Name, f.Meta, t, col.Type)
			}
		}
		o.Fields = append(o.Fields, f)
	}
	return kafka.OpenTable(st.ctx, o)
}

func kafkaConfig(def *sql.TableDef) kafka.Config {
	return kafka.Config{Brokers: strings.Split(def.Options["properties.bootstrap.servers"], ",")}
}

func formatOf(def *sql.TableDef) string {
	if f := def.Options["value.format"]; f != "" {
		return f
	}
	if f := def.Options["format"]; f != "" {
		return f
	}
	return "json"
}

// startupRange is what scan.startup.mode and scan.bounded.mode mean, unless the query has a range
// of its own.
func startupRange(def *sql.TableDef, rng *syntax.Range) (kafka.Range, error) {
	if rng != nil {
		return kafkaRange(rng)
	}
	r := kafka.Range{Partition: kafka.AllPartitions}
	millis := func(option string) (kafka.Point, error) {
		ms, err := strconv.ParseInt(def.Options[option], 10, 64)
		if err != nil {
			return kafka.Point{}, fmt.Errorf("option '%s' must be milliseconds since 1970", option)
		}
		return kafka.Point{Kind: kafka.PointTime, Value: ms * 1000}, nil
	}
	var err error
	switch m := def.Options["scan.startup.mode"]; m {
	case "", "earliest-offset":
	case "latest-offset":
		r.From = kafka.Point{Kind: kafka.PointEnd}
	case "timestamp":
		r.From, err = millis("scan.startup.timestamp-millis")
	default:
		return r, fmt.Errorf("scan.startup.mode = %q: there are earliest-offset, latest-offset, timestamp", m)
	}
	if err != nil {
		return r, err
	}
	switch m := def.Options["scan.bounded.mode"]; m {
	case "", "unbounded":
	case "latest-offset":
		r.Bounded, r.To = true, kafka.Point{Kind: kafka.PointEnd}
	case "timestamp":
		r.Bounded = true
		r.To, err = millis("scan.bounded.timestamp-millis")
	default:
		return r, fmt.Errorf("scan.bounded.mode = %q: there are unbounded, latest-offset, timestamp", m)
	}
	return r, err
}

// target makes a declared table writable.
func (st *statement) target(def *sql.TableDef) (plan.Target, error) {
	schema := def.Written()
	switch def.Options["connector"] {
	case "kafka", "upsert-kafka":
		return st.topicTarget(def, schema)
	case "filesystem":
		if err := need(def, "path", "format"); err != nil {
			return nil, err
		}
		return dirTarget(st.path(def.Options["path"]), def.Options["format"], schema)
	case "blackhole":
		return &blackhole{name: key(def.Name), schema: schema}, nil
	case "print":
		return &printTarget{out: st.out, name: key(def.Name), schema: schema}, nil
	}
	return nil, fmt.Errorf("a table with connector %s can be read, not written", def.Options["connector"])
}

func (st *statement) topicTarget(def *sql.TableDef, schema *vec.Schema) (plan.Target, error) {
	if err := need(def, "topic", "properties.bootstrap.servers"); err != nil {
		return nil, err
	}
	if f := formatOf(def); f != "json" {
		return nil, fmt.Errorf("format %q: topics are written as json", f)
	}
	o := kafka.TargetOptions{Config: kafkaConfig(def), Topic: def.Options["topic"], Schema: schema,
		Upsert: def.Options["connector"] == "upsert-kafka", Transactional: st.set.State != ""}
	keys := strings.FieldsFunc(def.Options["key.fields"], func(r rune) bool { return r == ';' || r == ',' })
	for _, k := range def.PrimaryKey {
		if o.Upsert {
			keys = append(keys, def.Columns[k].Name)
		}
	}
	for _, k := range keys {
		i := schema.Index(strings.TrimSpace(k))
		if i < 0 {
			return nil, fmt.Errorf("key field %q is not a column", k)
		}
		o.Key = append(o.Key, i)
	}
	return kafka.NewTarget(o), nil
}
