package nexmark

import (
	"math"
	"math/bits"
	"strconv"
	"sync"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen/internal/cols"
	"github.com/riffle-io/riffle/datasets/gen/internal/splitmix"
)

const (
	poolSize = 1 << 20 // letters that free text is cut from
	channels = 10_000  // of cold bids
	hotSites = 4
)

var (
	states     = cols.Dictionary("AZ", "CA", "ID", "OR", "WA", "WY")
	cities     = cols.Dictionary("Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne")
	firstNames = []string{"Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"}
	lastNames  = []string{"Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"}
	hotNames   = []string{"Google", "Facebook", "Baidu", "Apple"}
)

// names are all full names, the first name varying fastest.
var names = sync.OnceValue(func() *vec.Vec {
	var all []string
	for _, l := range lastNames {
		for _, f := range firstNames {
			all = append(all, f+" "+l)
		}
	}
	return cols.Dictionary(all...)
})

// texts is what is drawn once for all events: free text, and the channels of bids with their
// URLs, hot ones first.
type texts struct {
	pool           []byte
	channels, urls *vec.Vec
}

var shared = sync.OnceValue(func() *texts {
	var r splitmix.Rng
	r.State = splitmix.Seed(-77)
	t := &texts{pool: make([]byte, poolSize)}
	for i := range t.pool {
		t.pool[i] = 'a' + byte(r.Below(26))
	}
	var names, urls []string
	for _, n := range hotNames {
		names, urls = append(names, n), append(urls, url(&r))
	}
	for i := range channels {
		names = append(names, "channel-"+strconv.Itoa(i))
		if r.Below(10) > 0 {
			urls = append(urls, url(&r)+"&channel_id="+strconv.Itoa(int(channelID(i))))
		} else {
			urls = append(urls, url(&r))
		}
	}
	t.channels, t.urls = cols.Dictionary(names...), cols.Dictionary(urls...)
	return t
})

// channelID is the reversed bits of i without sign; -2^31 has no positive twin and stays.
func channelID(i int) int32 {
	id := int32(bits.Reverse32(uint32(i)))
	if id < 0 {
		id = -id
	}
	return id
}

// url is three directories of five letters and a query.
func url(r *splitmix.Rng) string {
	s := []byte("https://bids.example.com/")
	for range 3 {
		for range 5 {
			s = append(s, 'a'+byte(r.Below(26)))
		}
		s = append(s, '/')
	}
	return string(append(s, "item.htm?query=1"...))
}

// length is how long a text is: min, plus [0, spread) by a draw; no draw when spread is 0.
type length struct{ min, spread uint64 }

// pad fills an event of have bytes up to about want, within a fifth.
func pad(have, want int) length {
	d := want - have
	slack := int(math.Round(float64(d) * 0.2))
	return length{uint64(d - slack), uint64(2 * slack)}
}

// upTo is 3 to limit-1 bytes.
func upTo(limit uint64) length { return length{3, limit - 3} }

// Lengths of the texts. What an event has besides is counted in the reference's way.
var (
	emailLength       = length{5 + 1 + 8, 0}
	cardLength        = length{19, 0}
	itemLength        = upTo(20)
	descriptionLength = upTo(100)
	personExtra       = pad(8+12+14+19+8+2, 200)
	auctionExtra      = pad(8+11+51+8*6, 500)
	bidExtra          = pad(32, 100)
)

// cut appends the text that starts at state s of an event's stream.
func (l length) cut(dst, pool []byte, s uint64) []byte {
	n := l.min
	if l.spread > 0 {
		s += splitmix.Gamma
		n += splitmix.Below(splitmix.Mix(s), l.spread)
	}
	at := splitmix.Below(splitmix.Mix(s+splitmix.Gamma), poolSize-n)
	return append(dst, pool[at:at+n]...)
}
