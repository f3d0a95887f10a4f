package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/datasets/kafka"
)

// riffle runs a command in this process.
func riffle(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errw bytes.Buffer
	code = run(args, strings.NewReader(""), &out, &errw)
	return code, out.String(), errw.String()
}

// squeeze joins runs of blanks.
func squeeze(s string) string {
	var out []string
	for l := range strings.Lines(s) {
		out = append(out, strings.Join(strings.Fields(l), " "))
	}
	return strings.Join(out, "\n")
}

// TestTopicsAndGroups looks at a broker and moves a group.
func TestTopicsAndGroups(t *testing.T) {
	broker, err := kafka.StartBroker(kafka.BrokerOptions{Listen: "127.0.0.1:0", Partitions: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	addr := broker.Addr()
	if code, _, e := riffle(t, "sql", "COPY (SELECT r_name AS name FROM gen.tpch_region()) TO 'kafka://"+addr+"/regions'"); code != 0 {
		t.Fatalf("exit %d: %s", code, e)
	}
	k, err := kafka.OpenAdmin(kafka.Config{Brokers: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	parts, err := k.Describe(t.Context(), "regions")
	if err != nil {
		t.Fatal(err)
	}
	at := kafka.Offsets{}
	for _, p := range parts {
		at[kafka.TopicPartition{Topic: "regions", Partition: p.Partition}] = p.End
	}
	if err := k.CommitGroup(t.Context(), "billing", at); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		want string // in standard output, else in standard error
	}{
		{"topics", 0, "TOPIC PARTITIONS REPLICAS RECORDS\nregions 2 1 5"},
		{"topics ls --json", 0, `{"partitions":2,"records":5,"replicas":1,"topic":"regions","v":1}`},
		{"topics show regions", 0, "PARTITION LEADER START END RECORDS\n0 "},
		{"topics show nothing", 2, "no such topic"},
		{"topics nope", 2, "there are ls, show"},
		{"groups", 0, "GROUP STATE PARTITIONS LAG\nbilling empty 2 0"},
		{"groups show billing --json", 0, `"lag":0`},
		{"groups show nobody", 2, "there is no group nobody"},
		{"groups reset billing --to @start --dry-run", 0, "5 records will be read again, 0 left out"},
		{"groups show billing --json", 0, `"lag":0`}, // nothing has changed
		{"groups reset billing --to @start", 2, "add --yes"},
		{"groups reset billing --to yesterday --yes", 2, `--to "yesterday"`},
		{"groups reset billing --to @start --topic other --yes", 2, "no offsets in topic other"},
		{"groups reset billing --to @start --yes", 0, "group billing moved in 2 partitions"},
		{"groups", 0, "billing empty 2 5"},
		{"groups reset billing --to @end --yes", 0, "5 left out"},
		{"groups", 0, "billing empty 2 0"},
		{"cat kafka://" + addr + "/regions", 2, "does not end: give it a range"},
		{"cat kafka://" + addr + "/regions@start..end -o csv", 0, "AFRICA"},
		{"profile kafka://" + addr + "/regions name", 2, "does not end"},
		{"count kafka://" + addr + "/regions", 2, "/regions does not end: give it a range such as kafka://" + addr + "/regions@-1h..now"},
		{"count kafka://" + addr + "/regions@-1h", 2, "such as kafka://" + addr + "/regions@-1h..now"},
		{"count kafka://" + addr + "/regions@start..end", 0, "rows\n5"},
		{"count kafka://" + addr + "/regions@0:0..0:0 -o csv", 0, "rows\n0"},
		{"count kafka://" + addr + "/nothing@start..end", 2, "no such topic"},
		{"count kafka://" + addr + "/regions@10..5", 2, "ends before it starts"},
		{"count kafka://" + addr + "/regions@-1h..-2h", 2, "ends before it starts"},
		{"count kafka://" + addr + "/regions@0:1..1:7", 2, "same partition"},
		{"count kafka://" + addr + "/regions@2..bogus", 2, `"bogus" is no point of a topic`},
		{"sql select+count(*)+n+from+t kafka://" + addr + "/regions@-1h..now", 0, "n\n5"}, // the source of a command
		{"sql select+count(*)+n+from+regions kafka://" + addr + "/regions@start..end", 0, "n\n5"},
		{"sql select+count(*)+n+from+t kafka://" + addr + "/regions --until-end", 0, "n\n5"}, // and no changes on the way
		{"sql select+count(*)+n+from+t kafka://" + addr + "/regions --until-end --mode changelog -o csv", 0, "op,n\n"},
		{"sql select+count(*)+n+from+t kafka://" + addr + "/regions --until-watermark 2026-01-01", 2, "no watermark comes"},
		{"sql select+nme+from+t kafka://" + addr + "/regions --json", 2, `"hint":"did you mean name?","message":"column \"nme\" does not exist","pos":{"col":8,"line":1}`},
		{"sql select+1 kafka://" + addr + "/regions@nope..now", 2, `"nope" is no point of a topic; a point is an offset`},
		{"sql select+1 kafka://" + addr + "/regions@9..3", 2, "ends before it starts"},
		{"promote select+*+from+t --name x --dry-run kafka://" + addr + "/regions@0..x", 2, "no point of a topic"},
	} {
		args := strings.Fields(c.args)
		for i := range args {
			if strings.HasPrefix(args[i], "select+") {
				args[i] = strings.ReplaceAll(args[i], "+", " ")
			}
		}
		if strings.HasPrefix(c.args, "topics") || strings.HasPrefix(c.args, "groups") {
			args = append(args, "--brokers", addr)
		}
		code, out, e := riffle(t, args...)
		if all := squeeze(out) + "\n" + squeeze(e); code != c.code || !strings.Contains(all, c.want) {
			t.Errorf("riffle %s: exit %d, want %d and %q:\n%s", c.args, code, c.code, c.want, all)
		}
	}
	broker.Close()
	if code, _, _ := riffle(t, "topics", "--brokers", addr, "--timeout", "200ms"); code != exitUnreachable && code != exitTimeout {
		t.Errorf("without a broker: exit %d", code)
	}
}
