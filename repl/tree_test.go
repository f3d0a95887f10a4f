package repl

import (
	"os"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/datasets/kafka"
)

// labels are nodes as "label (detail)".
func labels(list []Node) string {
	var out []string
	for _, n := range list {
		l := n.Label
		if n.Detail != "" {
			l += " (" + n.Detail + ")"
		}
		out = append(out, l)
	}
	return strings.Join(out, "; ")
}

func children(t *testing.T, s *Session, id string) []Node {
	t.Helper()
	list, err := s.Children(t.Context(), id)
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return list
}

func TestTree(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("sub", 0o755); err != nil {
		t.Fatal(err)
	}
	s, text := memSession(t)
	s.Server.Dir = t.TempDir() // no server there
	ask(t, s, text, "COPY (SELECT o_orderkey AS k FROM gen.tpch_orders(sf => 0.01)) TO 'sub/o.parquet'")
	ask(t, s, text, "COPY (SELECT 1 AS a) TO 'a.csv'")
	ask(t, s, text, "CREATE TABLE mem AS SELECT 1 AS x, 'y' AS \"Y\"; CREATE VIEW v AS SELECT x FROM mem")
	finish(t, s.Start(t.Context(), "SELECT 1 AS one UNION ALL SELECT 2"))
	broker, err := kafka.StartBroker(kafka.BrokerOptions{Listen: "127.0.0.1:0", Partitions: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	addr := broker.Addr()
	ask(t, s, text, "CREATE TABLE top (k VARCHAR, ts TIMESTAMP, WATERMARK FOR ts AS ts) WITH ('connector' = 'kafka', 'topic' = 'top', 'properties.bootstrap.servers' = '"+addr+"', 'format' = 'json')")
	ask(t, s, text, "INSERT INTO top VALUES ('a', TIMESTAMP '2024-01-01 00:00:00')")

	var roots []string
	for _, n := range s.Roots() {
		roots = append(roots, n.Kind)
	}
	if got := strings.Join(roots, " "); got != "group group dir broker groups group" {
		t.Fatalf("roots %s", got)
	}
	for _, c := range []struct{ id, want string }{
		{"tables:", "mem (1 row); top (kafka); v (view)"},
		{"table:mem", "x (integer); Y (varchar)"},
		{"table:top", "k (varchar); ts (timestamp event time); _key (varchar metadata); _headers (json metadata); _topic (varchar metadata); _partition (integer metadata); _offset (bigint metadata); _timestamp (timestamp metadata)"},
		{"view:v", "x (integer)"},
		{"results:", "_1 (2 rows)"},
		{"result:_1", "one (integer)"},
		{"dir:.", "sub/; a.csv (4 B)"},
		{"dir:sub", "o.parquet (15 k rows)"},
		{"file:sub/o.parquet", "k (bigint)"},
		{"broker:" + addr, "top (3 partitions)"},
		{"groups:" + addr, ""},
		{"jobs:", ""},
	} {
		if got := labels(children(t, s, c.id)); got != c.want {
			t.Errorf("%s: %s, want %s", c.id, got, c.want)
		}
	}
	if got := children(t, s, "table:mem")[1].Insert; got != `"Y"` {
		t.Errorf("insert %s", got)
	}
	if got := labels(children(t, s, children(t, s, "broker:"+addr)[0].ID)); !strings.HasPrefix(got, "k (varchar); ts (") {
		t.Errorf("columns of the topic: %s", got)
	}
	if _, err := s.Children(t.Context(), "file:nothing.parquet"); err == nil {
		t.Error("a file that is not there has columns")
	}
	a, err := kafka.OpenAdmin(kafka.Config{Brokers: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.CommitGroup(t.Context(), "g", kafka.Offsets{{Topic: "top", Partition: 0}: 0, {Topic: "top", Partition: 1}: 0, {Topic: "top", Partition: 2}: 0}); err != nil {
		t.Fatal(err)
	}
	groups := children(t, s, "groups:"+addr)
	if got := strings.ToLower(labels(groups)); got != "g (lag 1  empty)" {
		t.Errorf("groups: %s", got)
	}
	if got := children(t, s, groups[0].ID); len(got) != 3 || !strings.Contains(labels(got), "lag 1") {
		t.Errorf("offsets: %s", labels(got))
	}
}
