package nexmark

import (
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen/internal/cols"
	"github.com/riffle-io/riffle/datasets/gen/internal/splitmix"
)

const gamma = splitmix.Gamma

// states0 is the state of each event before its first draw.
func (k *kindWork) states0() []uint64 {
	if !k.have[0] {
		k.have[0] = true
		k.states[0] = cols.Grow(k.states[0], len(k.n))
		for i, n := range k.n {
			k.states[0][i] = splitmix.Seed(n)
		}
	}
	return k.states[0]
}

func notNull(kind Kind, name string, t vec.Type, fill func(*kindWork, *vec.Vec)) column {
	return column{vec.Field{Name: name, Type: t, NotNull: true}, kind, fill}
}

// timeColumn is the event time.
func timeColumn(kind Kind) column {
	return notNull(kind, "date_time", vec.TTimestamp, func(k *kindWork, v *vec.Vec) {
		out := cols.I64(v, k.rows)
		for i, r := range k.row {
			out[r] = micros(k.n[i])
		}
	})
}

// codeColumn is a word of dict, by draw number draw after the states.
func codeColumn(kind Kind, name string, dict func() *vec.Vec, states func(*kindWork) []uint64, draw uint64) column {
	return notNull(kind, name, vec.TString, func(k *kindWork, v *vec.Vec) {
		d := dict()
		out := k.codes(v, d)
		bound := uint64(d.Len())
		s := states(k)
		for i, r := range k.row {
			out[r] = int32(splitmix.Below(splitmix.Draw(s[i], draw), bound))
		}
	})
}

// codes makes v a dictionary vector; rows of other kinds get code 0.
func (k *kindWork) codes(v, dict *vec.Vec) []int32 {
	out := cols.Codes(v, dict, k.rows)
	if k.mixed {
		clear(out)
	}
	return out
}

// textColumn is free text, whose first draw is number draw after the states.
func textColumn(kind Kind, name string, l length, states func(*kindWork) []uint64, draw uint64) column {
	return notNull(kind, name, vec.TString, func(k *kindWork, v *vec.Vec) {
		pool := shared().pool
		off, data := cols.Strs(v, k.rows)
		s := states(k)
		row := 0
		for i, r := range k.row {
			for ; row < int(r); row++ {
				off[row+1] = int32(len(data))
			}
			data = l.cut(data, pool, s[i]+(draw-1)*gamma)
			row++
			off[row] = int32(len(data))
		}
		for ; row < k.rows; row++ {
			off[row+1] = int32(len(data))
		}
		cols.SetData(v, data)
	})
}

func always(d *vec.Vec) func() *vec.Vec { return func() *vec.Vec { return d } }

var personColumns = []column{
	notNull(Person, "id", vec.TInt64, func(k *kindWork, v *vec.Vec) {
		out := cols.I64(v, k.rows)
		for i, r := range k.row {
			out[r] = firstID + lastPerson(k.n[i])
		}
	}),
	codeColumn(Person, "name", names, (*kindWork).states0, 1),
	textColumn(Person, "email_address", emailLength, (*kindWork).states0, 2),
	textColumn(Person, "credit_card", cardLength, (*kindWork).states0, 3),
	codeColumn(Person, "city", always(cities), (*kindWork).states0, 4),
	codeColumn(Person, "state", always(states), (*kindWork).states0, 5),
	timeColumn(Person),
	textColumn(Person, "extra", personExtra, (*kindWork).states0, 6),
}

// afterSeller is the state of each auction after the draws of its seller, one for a hot seller
// and two for a cold one.
func (k *kindWork) afterSeller() []uint64 {
	if !k.have[1] {
		k.have[1] = true
		k.states[1] = cols.Grow(k.states[1], len(k.n))
		for i, s := range k.states0() {
			s += gamma
			if splitmix.Mix(s)>>62 == 0 {
				s += gamma
			}
			k.states[1][i] = s
		}
	}
	return k.states[1]
}

// auctionInt is a number per auction, computed from its event number and its state after the
// seller's draws.
func auctionInt(name string, t vec.Type, f func(n int64, s uint64) int64) column {
	return notNull(Auction, name, t, func(k *kindWork, v *vec.Vec) {
		out := cols.I64(v, k.rows)
		s := k.afterSeller()
		for i, r := range k.row {
			out[r] = f(k.n[i], s[i])
		}
	})
}

// The draws of an auction after its seller: category, initial bid, expiry, item name, description,
// reserve, extra.
var auctionColumns = []column{
	notNull(Auction, "id", vec.TInt64, func(k *kindWork, v *vec.Vec) {
		out := cols.I64(v, k.rows)
		for i, r := range k.row {
			out[r] = firstID + lastAuction(k.n[i])
		}
	}),
	textColumn(Auction, "item_name", itemLength, (*kindWork).afterSeller, 4),
	textColumn(Auction, "description", descriptionLength, (*kindWork).afterSeller, 6),
	auctionInt("initial_bid", vec.TInt64, func(_ int64, s uint64) int64 {
		return price(prices(), splitmix.Draw(s, 2))
	}),
	auctionInt("reserve", vec.TInt64, func(_ int64, s uint64) int64 {
		return price(prices(), splitmix.Draw(s, 2)) + price(prices(), splitmix.Draw(s, 8))
	}),
	timeColumn(Auction),
	auctionInt("expires", vec.TTimestamp, func(n int64, s uint64) int64 {
		ms := 1 + splitmix.Below(splitmix.Draw(s, 3), expiryMillis)
		return micros(n) + int64(ms)*1000
	}),
	notNull(Auction, "seller", vec.TInt64, fillSeller),
	auctionInt("category", vec.TInt64, func(_ int64, s uint64) int64 {
		return firstCat + int64(splitmix.Below(splitmix.Draw(s, 1), categories))
	}),
	textColumn(Auction, "extra", auctionExtra, (*kindWork).afterSeller, 9),
}

func fillSeller(k *kindWork, v *vec.Vec) {
	out := cols.I64(v, k.rows)
	s := k.states0()
	for i, r := range k.row {
		last := lastPerson(k.n[i])
		seller := hot(last)
		if splitmix.Draw(s[i], 1)>>62 == 0 {
			seller = coldPerson(last, splitmix.Draw(s[i], 2))
		}
		out[r] = firstID + seller
	}
}
