package law

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
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

func TestBounded(t *testing.T) {
	spillDir := t.TempDir()
	seeds(t, func(seed uint64) bool {
		r := rand.New(rand.NewPCG(seed, 0))
		g := &generator{r: r}
		query := g.relation(1 + r.IntN(4)).sql
		data := map[string]rows{}
		for _, name := range []string{"a", "b", "e"} {
			n := []int{0, 1, 5, 30, 60}[r.IntN(5)]
			if name == "a" && r.IntN(5) == 0 && !strings.Contains(query, "JOIN") && !strings.Contains(query, "DESCRIPTOR") {
				n = 9000
			}
			if name == "e" {
				n = min(n, 5)
			}
			data[name] = randomRows(r, n, 5)
		}
		if *oneSeed != 0 {
			t.Log(query)
		}
		var first *sheet
		var firstErr error
		var firstPlan string
		for i, w := range bounded {
			w.spillDir = spillDir
			c := &catalog{tables: map[string]*table{}}
			for name, all := range data {
				c.tables[name] = deal(name, all, 1+r.IntN(9), r.Uint64())
			}
			n, err := c.bind(query)
			if err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, query)
			}
			s, _, text, err := w.run(t.Context(), n)
			if i == 0 {
				first, firstErr, firstPlan = s, err, text
				continue
			}
			if (err != nil) != (firstErr != nil) {
				t.Errorf("seed %d: %+v: error %v, but %v the first way\n%s\n%s", seed, w, err, firstErr, query, text)
				return false
			}
			if err != nil {
				continue
			}
			if bad := first.diff(s); bad != "" {
				t.Errorf("seed %d: %+v and %+v differ:\n%s\n%s\n%s\n%s", seed, bounded[0], w, bad, query, firstPlan, text)
				return false
			}
		}
		if firstErr != nil {
			t.Errorf("seed %d: %v\n%s\n%s", seed, firstErr, query, firstPlan)
			return false
		}
		return true
	})
	if left, err := os.ReadDir(spillDir); err != nil || len(left) > 0 {
		t.Errorf("spilled files stay behind: %v %v", fmt.Sprint(left), err)
	}
}
