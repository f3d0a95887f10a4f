package splitmix

import "testing"

// TestPublishedStream compares with the published first values of splitmix64 from state 0.
func TestPublishedStream(t *testing.T) {
	want := []uint64{0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC}
	var r Rng
	for i, w := range want {
		if got := r.Next(); got != w {
			t.Errorf("draw %d is %#x, want %#x", i+1, got, w)
		}
		if got := Draw(0, uint64(i+1)); got != w {
			t.Errorf("Draw(0, %d) is %#x, want %#x", i+1, got, w)
		}
	}
}

func TestRanges(t *testing.T) {
	const most = 1<<64 - 1
	for _, c := range []struct{ draw, bound, want uint64 }{{0, 7, 0}, {most, 7, 6}, {1 << 63, 2, 1}, {1<<63 - 1, 2, 0}, {most, 1<<31 - 1, 1<<31 - 2}} {
		if got := Below(c.draw, c.bound); got != c.want {
			t.Errorf("Below(%#x, %d) = %d, want %d", c.draw, c.bound, got, c.want)
		}
	}
	if Unit(0) != 0 || Unit(most) >= 1 || Unit(1<<63) != 0.5 {
		t.Errorf("Unit: %v %v %v", Unit(0), Unit(most), Unit(1<<63))
	}
}
