package tpch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/repl/render"
)

// dir is where queries and answers are, which are not part of the project.
const dir = "../../../../shared/data/tpch"

// tables are what the queries read.
var tables = []string{"lineitem", "orders", "customer", "part", "partsupp", "supplier", "nation", "region"}

// crossed lists the queries whose plan without the optimizer is a product of whole tables, which
// nobody can wait for.
var crossed = map[int]bool{2: true, 3: true, 5: true, 7: true, 8: true, 9: true, 10: true, 11: true, 12: true, 14: true, 17: true, 18: true, 19: true, 20: true, 21: true}

// otherText lists columns of addresses and comments. The generator behind the answers at hand draws
// them in its own way: at scale 1 it has 50,004 customers in the first row of q13, where the answer
// that the TPC publishes, and ours, is 50,005.
var otherText = map[int][]int{2: {5, 7}, 10: {5, 7}, 15: {2}, 20: {1}}

// published13 is the answer to q13 at scale 1 that the TPC publishes. Only q13 counts rows by what
// comments say; at other scales it is compared between ways to run it alone.
const published13 = `c_count|custdist
0|50005
9|6641
10|6532
11|6014
8|5937
12|5639
13|5024
19|4793
7|4687
17|4587
18|4529
20|4516
15|4505
14|4446
16|4273
21|4190
22|3623
6|3265
23|3225
24|2742
25|2086
5|1948
26|1612
27|1179
4|1007
28|893
29|593
3|415
30|376
31|226
32|148
2|134
33|75
34|50
35|37
1|17
36|14
38|5
37|5
40|4
41|2
39|1
`

// setup is one way to run a query, which must not show in its answer.
type setup struct {
	name      string
	tasks     int
	memory    int64
	optimizer bool
}

var setups = []setup{
	{"P=1", 1, 0, true},
	{"P=2", 2, 0, true},
	{"P=7", 7, 0, true},
	{"optimizer=off", 2, 0, false},
	{"memory=1", 2, 1, true},
}

func TestQueries(t *testing.T) {
	for n := 1; n <= 22; n++ {
		t.Run(fmt.Sprintf("q%02d", n), func(t *testing.T) {
			wants := map[string][][]string{}
			for _, c := range setups {
				if !c.optimizer && crossed[n] {
					continue
				}
				t.Run(c.name, func(t *testing.T) { runQuery(t, n, "0.01", c, wants) })
			}
		})
	}
}

// TestScales runs larger data when RIFFLE_SLOW is set.
func TestScales(t *testing.T) {
	if os.Getenv("RIFFLE_SLOW") == "" {
		t.Skip("RIFFLE_SLOW is not set")
	}
	for _, sf := range []string{"0.1", "1"} {
		for n := 1; n <= 22; n++ {
			t.Run(fmt.Sprintf("sf%s/q%02d", sf, n), func(t *testing.T) {
				runQuery(t, n, sf, setups[1], map[string][][]string{"1/q13": Parse(published13)})
			})
		}
	}
}

// runQuery runs a query over generated tables and compares its answer with the known one, which is
// in wants when it is not in the files; a query without one leaves its answer there.
func runQuery(t *testing.T, n int, sf string, c setup, wants map[string][][]string) {
	query := read(t, filepath.Join(dir, "queries", fmt.Sprintf("q%02d.sql", n)))
	key := fmt.Sprintf("%s/q%02d", sf, n)
	if n != 13 {
		wants[key] = Parse(read(t, filepath.Join(dir, "answers", "sf"+sf, fmt.Sprintf("q%02d.csv", n))))
	}
	var got answer
	s := repl.NewSession(repl.Output{Result: got.begin, Notice: func(string, ...any) {}})
	s.Parallelism, s.Memory, s.Optimizer, s.SpillDir = c.tasks, c.memory, c.optimizer, t.TempDir()
	for _, name := range tables {
		view := fmt.Sprintf("CREATE VIEW %s AS SELECT * FROM gen.tpch_%s(sf => %s)", name, name, sf)
		if err := s.Execute(t.Context(), view); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Now()
	if err := s.Execute(t.Context(), query); err != nil {
		t.Fatal(err)
	}
	t.Logf("%.3f s", time.Since(start).Seconds())
	want, known := wants[key]
	if !known {
		wants[key] = got.rows
		return
	}
	if bad := Diff(got.rows, want, got.float, otherText[n]...); bad != "" {
		t.Error(bad)
	}
}

func read(t *testing.T, path string) string {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not there", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// answer keeps a result as text.
type answer struct {
	types []vec.Type
	float []bool
	rows  [][]string
}

func (a *answer) begin(o render.Options) (render.Writer, error) {
	*a = answer{types: o.Types}
	for _, t := range o.Types {
		a.float = append(a.float, t.Kind == vec.Float64 || t.Kind == vec.Float32)
	}
	return a, nil
}

func (a *answer) Write(b *vec.Batch) error {
	for k := range b.Live() {
		row := make([]string, len(b.Cols))
		for c, v := range b.Cols {
			if i := b.Row(k); !v.IsNull(i) {
				row[c] = v.Value(i).Format(a.types[c])
			}
		}
		a.rows = append(a.rows, row)
	}
	return nil
}

func (*answer) Flush() error { return nil }
func (*answer) Close() error { return nil }

func TestDiff(t *testing.T) {
	want := Parse("a|b\n1|2.50\nx|3\n")
	float := []bool{false, true}
	for _, c := range []struct {
		got string
		ok  bool
	}{
		{"a|b\n1|2.5\nx|3.0\n", true}, {"a|b\n1.0|2.5000000001\nx|3\n", true},
		{"a|b\n1|2.51\nx|3\n", false}, {"a|b\nx|3\n1|2.5\n", false}, {"a|b\n1|2.5\n", false}, {"a|b\n1|2.5\nX|3\n", false},
	} {
		if bad := Diff(Parse(c.got), want, float); (bad == "") != c.ok {
			t.Errorf("%s: %q", strings.ReplaceAll(c.got, "\n", "/"), bad)
		}
	}
}
