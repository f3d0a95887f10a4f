package nexmark

import (
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen/internal/cols"
	"github.com/riffle-io/riffle/datasets/gen/internal/splitmix"
)

// A bid draws: hot auction? [which], hot bidder? [which], price, hot channel?, which, extra. The
// draws in brackets are taken only when the answer is no, so where a draw stands depends on at
// most two earlier ones.
var bidColumns = []column{
	notNull(Bid, "auction", vec.TInt64, fillBidAuction),
	notNull(Bid, "bidder", vec.TInt64, fillBidder),
	notNull(Bid, "price", vec.TInt64, func(k *kindWork, v *vec.Vec) {
		out := cols.I64(v, k.rows)
		s, steps := k.afterBidder(), prices()
		for i, r := range k.row {
			out[r] = price(steps, splitmix.Draw(s[i], 1))
		}
	}),
	notNull(Bid, "channel", vec.TString, func(k *kindWork, v *vec.Vec) { fillSite(k, v, shared().channels) }),
	notNull(Bid, "url", vec.TString, func(k *kindWork, v *vec.Vec) { fillSite(k, v, shared().urls) }),
	timeColumn(Bid),
	textColumn(Bid, "extra", bidExtra, (*kindWork).afterBidder, 4),
}

// afterAuction is the state of a bid after the draws of its auction, given the state s before its
// first: one draw for the hot auction, two for a cold one.
func afterAuction(s uint64) uint64 {
	s += gamma
	cold := 1 - splitmix.Mix(s)>>63
	return s + gamma&-cold
}

// afterBidder is the state of each bid after the draws of auction and bidder.
func (k *kindWork) afterBidder() []uint64 {
	if !k.have[1] {
		k.have[1] = true
		k.states[1] = cols.Grow(k.states[1], len(k.n))
		out := k.states[1]
		for i, n := range k.n {
			s := afterAuction(splitmix.Seed(n)) + gamma
			cold := uint64(int64(splitmix.Mix(s)>>62)-1) >> 63
			out[i] = s + gamma&-cold
		}
	}
	return k.states[1]
}

// choose is a when the top bit of mask is set and b otherwise, without a branch: half of the
// choices here are random.
func choose(mask uint64, a, b int64) int64 { return b ^ (a^b)&(int64(mask)>>63) }

func fillBidAuction(k *kindWork, v *vec.Vec) {
	out := cols.I64(v, k.rows)
	for i, r := range k.row {
		n := k.n[i]
		s := splitmix.Seed(n) + gamma
		last := n/epoch*auctions + auctions - 1 // bids come after the auctions of their epoch
		cold := coldAuction(last, splitmix.Draw(s, 1))
		out[r] = firstID + choose(splitmix.Mix(s), hot(last), cold)
	}
}

func fillBidder(k *kindWork, v *vec.Vec) {
	out := cols.I64(v, k.rows)
	for i, r := range k.row {
		n := k.n[i]
		s := afterAuction(splitmix.Seed(n)) + gamma
		last := lastPerson(n)
		cold := coldPerson(last, splitmix.Draw(s, 1))
		out[r] = firstID + choose(splitmix.Mix(s)>>62-1, cold, hot(last)+1)
	}
}

// fillSite writes the codes of channels or URLs, which are parallel: one of the hot ones for half
// of the bids, else any of the others.
func fillSite(k *kindWork, v, dict *vec.Vec) {
	out := k.codes(v, dict)
	s := k.afterBidder()
	for i, r := range k.row {
		which := splitmix.Draw(s[i], 3)
		site, hotSite := hotSites+splitmix.Below(which, channels), splitmix.Below(which, hotSites)
		out[r] = int32(choose(splitmix.Draw(s[i], 2), int64(hotSite), int64(site)))
	}
}
