// Package ysb makes the events of the Yahoo streaming benchmark: views, clicks and purchases of
// ads, and the table that tells which campaign an ad belongs to.
//
//	event number n ─► draws 1 to 5, seeded with n ─► user, page, ad, ad type, event type
//
// There are 100 campaigns of ten ads each, 100 users and 100 pages, whose ids are name-based UUIDs
// (RFC 9562, version 3 of "ad7" and the like). Event time grows by 1 ms every ten events.
//
// Invariants:
//   - A row depends on its number alone, and each column is made alone.
//   - All strings are dictionary vectors; a column always shares one dictionary.
//
// Source: S. Chintapalli et al., "Benchmarking Streaming Computation Engines", 2016.
package ysb

import (
	"crypto/md5"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen/internal/cols"
	"github.com/riffle-io/riffle/datasets/gen/internal/splitmix"
)

// Base is the event time of the first event in µs: 2026-01-01T00:00:00Z.
const Base = 1_767_225_600_000_000

// The sizes of the benchmark.
const (
	Campaigns   = 100
	AdsPer      = 10 // ads of a campaign
	users       = 100
	pages       = 100
	eventsPerMs = 10
	maxEvents   = 1_000_000_000_000_000
)

// ErrEvents means that a number of events is negative or too large for its event times.
var ErrEvents = errors.New("ysb: events must be between 0 and 10^15")

// column is a column and how its rows from from on are written.
type column struct {
	vec.Field
	fill func(v *vec.Vec, from int64, n int)
}

func notNull(name string, t vec.Type) vec.Field { return vec.Field{Name: name, Type: t, NotNull: true} }

// drawn is a column of one of values, by draw number draw.
func drawn(name string, draw uint64, values ...string) column {
	dict, bound := cols.Dictionary(values...), uint64(len(values))
	return column{notNull(name, vec.TString), func(v *vec.Vec, from int64, n int) {
		out := cols.Codes(v, dict, n)
		for i := range out {
			out[i] = int32(splitmix.Below(splitmix.Draw(splitmix.Seed(from+int64(i)), draw), bound))
		}
	}}
}

// listed is a column of values[row/each].
func listed(name string, each int64, values ...string) column {
	dict := cols.Dictionary(values...)
	return column{notNull(name, vec.TString), func(v *vec.Vec, from int64, n int) {
		out := cols.Codes(v, dict, n)
		for i := range out {
			out[i] = int32((from + int64(i)) / each)
		}
	}}
}

// The columns are made on first use: a process that reads no events hashes no ids.
var eventColumns = sync.OnceValue(func() []column {
	return []column{
		drawn("user_id", 1, ids("user", users)...),
		drawn("page_id", 2, ids("page", pages)...),
		drawn("ad_id", 3, ids("ad", Campaigns*AdsPer)...),
		drawn("ad_type", 4, "banner", "modal", "sponsored-search", "mail", "mobile"),
		drawn("event_type", 5, "view", "click", "purchase"),
		{notNull("event_time", vec.TTimestamp), func(v *vec.Vec, from int64, n int) {
			out := cols.I64(v, n)
			for i := range out {
				out[i] = micros(from + int64(i))
			}
		}},
		{notNull("ip", vec.TString), func(v *vec.Vec, _ int64, n int) { clear(cols.Codes(v, address, n)) }},
	}
})

var address = cols.Dictionary("1.2.3.4")

var campaignColumns = sync.OnceValue(func() []column {
	return []column{
		listed("ad_id", 1, ids("ad", Campaigns*AdsPer)...),
		listed("campaign_id", AdsPer, ids("campaign", Campaigns)...),
	}
})

// micros is the event time of event n.
func micros(n int64) int64 { return Base + n/eventsPerMs*1000 }

// ids are the name-based UUIDs of kind0 to kind(n-1).
func ids(kind string, n int) []string {
	out := make([]string, n)
	for i := range out {
		h := md5.Sum([]byte(kind + strconv.Itoa(i)))
		h[6] = h[6]&0x0f | 0x30
		h[8] = h[8]&0x3f | 0x80
		out[i] = fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:])
	}
	return out
}

// Table is the events or the campaigns. It is immutable and may be shared.
type Table struct {
	columns []column
	rows    int64
	timed   bool
}

// Events is the first events events.
func Events(events int64) (*Table, error) {
	if events < 0 || events > maxEvents {
		return nil, fmt.Errorf("%w, not %d", ErrEvents, events)
	}
	return &Table{eventColumns(), events, true}, nil
}

// CampaignsOfAds is the table of all ads with their campaigns.
func CampaignsOfAds() *Table { return &Table{campaignColumns(), Campaigns * AdsPer, false} }

// Schema is the columns.
func (t *Table) Schema() *vec.Schema {
	s := &vec.Schema{}
	for _, c := range t.columns {
		s.Fields = append(s.Fields, c.Field)
	}
	return s
}

// Positions is the number of positions; one is a row.
func (t *Table) Positions() int64 { return t.rows }

// Rows is the number of rows.
func (t *Table) Rows() int64 { return t.rows }

// MinEventTime is the smallest event_time of rows [from, to) in µs; ok is false when there is none.
func (t *Table) MinEventTime(from, to int64) (micro int64, ok bool) {
	if !t.timed || from >= to {
		return 0, false
	}
	return micros(from), true
}

// Fill returns a function that makes the columns columns (indices into the schema) of rows
// [from, next), next <= to: at most vec.MaxRows of them. The batch belongs to the function and is
// good until its next call. The function is for one goroutine.
func (t *Table) Fill(columns []int) func(from, to int64) (b *vec.Batch, next int64) {
	b := vec.NewBatch(t.Schema().Project(columns).Types())
	return func(from, to int64) (*vec.Batch, int64) {
		n := int(min(to-from, vec.MaxRows))
		for i, c := range columns {
			t.columns[c].fill(b.Cols[i], from, n)
		}
		b.N, b.Sel, b.Ops = n, nil, nil
		return b, from + int64(n)
	}
}
