// Package splitmix is the random stream of the event generators: splitmix64, seeded with the
// number of the event, so that what an event holds depends on its number alone.
//
// Source: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
package splitmix

// Gamma is what the state grows by with each draw.
const Gamma uint64 = 0x9E3779B97F4A7C15

// Seed is the state of event n before its first draw.
func Seed(n int64) uint64 { return uint64(n+1) * 0xD1342543DE82EF95 }

// Mix is the draw that belongs to the state s.
func Mix(s uint64) uint64 {
	s = (s ^ s>>30) * 0xBF58476D1CE4E5B9
	s = (s ^ s>>27) * 0x94D049BB133111EB
	return s ^ s>>31
}

// Draw is the j-th draw after the state s. Draws that nobody needs are skipped for free.
func Draw(s, j uint64) uint64 { return Mix(s + j*Gamma) }

// Below maps a draw to [0, bound); bound < 2^31.
func Below(draw, bound uint64) uint64 { return (draw >> 32) * bound >> 32 }

// Unit maps a draw to [0, 1).
func Unit(draw uint64) float64 { return float64(int64(draw>>11)) * 0x1p-53 }

// Rng draws one value after the other.
type Rng struct{ State uint64 }

// Next is the next draw.
func (r *Rng) Next() uint64 {
	r.State += Gamma
	return Mix(r.State)
}

// Below is the next draw in [0, bound); bound < 2^31.
func (r *Rng) Below(bound uint64) uint64 { return Below(r.Next(), bound) }
