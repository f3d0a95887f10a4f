package law

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	oneSeed  = flag.Uint64("law.seed", 0, "run this seed alone; 0: many")
	duration = flag.Duration("law.duration", 3*time.Second, "how long to look for a counterexample, in each test")
)

// seeds calls fn with seeds until the time is up. Half of the seeds are the same in every run, so that
// what was found once stays found.
func seeds(t *testing.T, fn func(seed uint64) bool) {
	t.Helper()
	if *oneSeed != 0 {
		fn(*oneSeed)
		return
	}
	end := time.Now().Add(*duration)
	n := uint64(0)
	for ; time.Now().Before(end) && !t.Failed(); n++ {
		seed := n/2 + 1
		if n%2 == 1 {
			seed = rand.Uint64()
		}
		if !fn(seed) {
			break
		}
	}
	t.Logf("%d seeds", n)
}

// bounded are the ways to run a query over tables that end.
var bounded = []way{{tasks: 1}, {tasks: 2}, {tasks: 7}, {tasks: 2, plain: true}, {tasks: 1, tiny: true}, {tasks: 3, tiny: true, plain: true}}

func newRand(seed, stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }

// TestBounded: all ways to run a random query give the same rows.
func TestBounded(t *testing.T) {
	spillDir := t.TempDir()
	seeds(t, func(seed uint64) bool {
		r := newRand(seed, 0)
		g := &generator{r: r}
		tr := trial{query: g.relation(1 + r.IntN(4)).sql, parts: g.parts, data: map[string]rows{}}
		for _, name := range []string{"a", "b", "e"} {
			n := []int{0, 1, 5, 30, 60}[r.IntN(5)]
			if name == "a" && r.IntN(5) == 0 && !strings.Contains(tr.query, "JOIN") && !strings.Contains(tr.query, "DESCRIPTOR") {
				n = 9000
			}
			if name == "e" {
				n = min(n, 5)
			}
			tr.data[name] = randomRows(r, n, 5)
		}
		if *oneSeed != 0 {
			t.Log(tr.query)
		}
		return holds(t, seed, tr, func(tr trial) string { return allWays(t, seed, tr, spillDir) })
	})
	if left, err := os.ReadDir(spillDir); err != nil || len(left) > 0 {
		t.Errorf("spilled files stay behind: %v %v", fmt.Sprint(left), err)
	}
}

// allWays runs a query in each of the bounded ways and says in what they differ.
func allWays(t *testing.T, seed uint64, tr trial, spillDir string) string {
	r := newRand(seed, 1)
	var first *sheet
	var firstErr error
	var firstPlan string
	for i, w := range bounded {
		w.spillDir = spillDir
		c := &catalog{tables: map[string]*table{}}
		for _, name := range slices.Sorted(maps.Keys(tr.data)) {
			c.tables[name] = pick(r, []func(string, rows, int, uint64) *table{deal, cluster})(name, tr.data[name], 1+r.IntN(9), r.Uint64())
		}
		n, err := c.bind(tr.query)
		if err != nil {
			return fmt.Sprintf("%v\n%s", err, tr.query)
		}
		s, _, text, err := w.run(t.Context(), n)
		if i == 0 {
			first, firstErr, firstPlan = s, err, text
			continue
		}
		if (err != nil) != (firstErr != nil) {
			return fmt.Sprintf("%+v: error %v, but %v the first way\n%s\n%s", w, err, firstErr, tr.query, text)
		}
		if err != nil {
			continue
		}
		if bad := first.diff(s); bad != "" {
			return fmt.Sprintf("%+v and %+v differ:\n%s\n%s\n%s\n%s", bounded[0], w, bad, tr.query, firstPlan, text)
		}
	}
	if firstErr != nil {
		return fmt.Sprintf("%v\n%s\n%s", firstErr, tr.query, firstPlan)
	}
	return ""
}
