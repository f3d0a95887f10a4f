package invariants

import "testing"

func TestSometimes(t *testing.T) {
	for _, percent := range []int{0, 30, 100} {
		hits := 0
		for range 10000 {
			if Sometimes(percent) {
				hits++
			}
		}
		want := 0
		if Enabled {
			want = percent * 100
		}
		// 30 % of 10,000 has a standard deviation of 46.
		if hits < want-500 || hits > want+500 {
			t.Errorf("Sometimes(%d): %d of 10000, want about %d", percent, hits, want)
		}
	}
}
