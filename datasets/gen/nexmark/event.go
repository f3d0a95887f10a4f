package nexmark

import (
	"math/big"
	"sync"

	"github.com/riffle-io/riffle/datasets/gen/internal/splitmix"
)

// Base is the event time of the first event in µs: 2026-01-01T00:00:00Z.
const Base = 1_767_225_600_000_000

// The proportions and the ratios of the benchmark.
const (
	epoch        = 50 // events: one person, three auctions, 46 bids, in this order
	people       = 1
	auctions     = 3
	bids         = epoch - people - auctions
	firstID      = 1000
	firstCat     = 10
	categories   = 5
	hotStride    = 100  // hot ids are the multiples
	inFlight     = 100  // auctions that cold bids choose among
	active       = 1000 // people that cold bids and auctions choose among
	lead         = 10   // ids not made yet that may be chosen, too
	eventsPerMs  = 10
	msPerEpoch   = epoch / eventsPerMs
	expiryMillis = 2 * (inFlight * epoch / auctions / eventsPerMs)
)

// micros is the event time of event n.
func micros(n int64) int64 { return Base + n/eventsPerMs*1000 }

// lastPerson is the number of the newest person when event n happens.
func lastPerson(n int64) int64 { return n / epoch }

// lastAuction is the number of the newest auction when event n happens; -1 before the first.
func lastAuction(n int64) int64 {
	e, off := n/epoch, n%epoch
	if off < people {
		return e*auctions - 1
	}
	return e*auctions + min(off-people, auctions-1)
}

// hot is the newest hot number up to last.
func hot(last int64) int64 { return last / hotStride * hotStride }

// coldPerson maps a draw to one of the active people.
func coldPerson(last int64, draw uint64) int64 {
	n := min(last+1, active)
	return last + 1 - n + int64(splitmix.Below(draw, uint64(n+lead)))
}

// coldAuction maps a draw to one of the auctions in flight.
func coldAuction(last int64, draw uint64) int64 {
	first := max(last-inFlight, 0)
	return first + int64(splitmix.Below(draw, uint64(last-first+1+lead)))
}

const priceSteps = 4096

// prices[i] is 100·10^(6i/4096) cents: prices are 1 to a million dollars, even on a log scale. The
// powers are computed exactly and rounded once, since those of math.Pow are up to two units in the
// last place off, which would move some prices by a cent.
var prices = sync.OnceValue(func() *[priceSteps + 1]float64 {
	const precision = 256
	root := new(big.Float).SetPrec(precision).SetInt64(1_000_000)
	for n := 1; n < priceSteps; n *= 2 {
		root.Sqrt(root)
	}
	power := new(big.Float).SetPrec(precision).SetInt64(1)
	p := new([priceSteps + 1]float64)
	for i := range p {
		x, _ := power.Float64()
		p[i] = x * 100
		power.Mul(power, root)
	}
	return p
})

// price maps a draw to a price in cents, between two steps of the table prices().
func price(prices *[priceSteps + 1]float64, draw uint64) int64 {
	x := splitmix.Unit(draw) * priceSteps
	i := int(x)
	// The conversions forbid a fused multiply-add, whose rounding differs.
	p := prices[i] + float64((prices[i+1]-prices[i])*(x-float64(i)))
	return int64(p + 0.5)
}
