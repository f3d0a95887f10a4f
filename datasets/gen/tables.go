package gen

import (
	"strings"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen/nexmark"
	"github.com/riffle-io/riffle/datasets/gen/rows"
	"github.com/riffle-io/riffle/datasets/gen/tpch"
	"github.com/riffle-io/riffle/datasets/gen/ysb"
)

var (
	scaleParam = Param{"sf", vec.TFloat64, "1", "scale factor, 0.001 to 10000: 1 is 1 GB as text"}
	eventParam = Param{"events", vec.TInt64, "1000000", "number of events"}
	mixedParam = Param{"events", vec.TInt64, "1000000", "number of events of all three kinds, of which 46 of 50 are bids, 3 auctions, 1 a person"}
)

// Tables lists the generated tables.
func Tables() []Table {
	var out []Table
	for _, name := range tpch.Names() {
		out = append(out, Table{
			Name: "tpch_" + name, Doc: tpchDocs[name], Params: []Param{scaleParam},
			open: func(a args) (Generator, error) { return generator(tpch.New(name, a["sf"])) },
		})
	}
	out = append(out, Table{
		Name: "nexmark", Doc: "Nexmark: people, auctions and bids in one stream, told apart by event_type (0, 1, 2)",
		Params: []Param{mixedParam}, EventTime: "date_time",
		open: func(a args) (Generator, error) { return generator(nexmark.New(a.int("events"))) },
	})
	for kind, doc := range nexmarkDocs {
		name, _, _ := strings.Cut(doc, ":")
		out = append(out, Table{
			Name: "nexmark_" + name, Doc: "Nexmark " + doc, Params: []Param{mixedParam}, EventTime: "date_time",
			open: func(a args) (Generator, error) {
				return generator(nexmark.NewKind(nexmark.Kind(kind), a.int("events")))
			},
		})
	}
	return append(out, ysbEvents, ysbCampaigns, rowsTable)
}

// generator turns a nil table into a nil Generator.
func generator[T Generator](t T, err error) (Generator, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}

var tpchDocs = map[string]string{
	"region":   "TPC-H: 5 regions",
	"nation":   "TPC-H: 25 nations",
	"part":     "TPC-H: 200,000 parts a scale factor",
	"supplier": "TPC-H: 10,000 suppliers a scale factor",
	"partsupp": "TPC-H: four suppliers of each part",
	"customer": "TPC-H: 150,000 customers a scale factor",
	"orders":   "TPC-H: 1,500,000 orders a scale factor",
	"lineitem": "TPC-H: one to seven lines of each order",
}

var nexmarkDocs = [...]string{
	nexmark.Person:  "person: people who register",
	nexmark.Auction: "auction: auctions that people open",
	nexmark.Bid:     "bid: bids on auctions",
}

var ysbEvents = Table{
	Name: "ysb_events", Doc: "Yahoo streaming benchmark: views, clicks and purchases of ads",
	Params: []Param{eventParam}, EventTime: "event_time",
	open: func(a args) (Generator, error) { return generator(ysb.Events(a.int("events"))) },
}

var ysbCampaigns = Table{
	Name: "ysb_campaigns", Doc: "Yahoo streaming benchmark: the campaign of each of 1,000 ads",
	open: func(args) (Generator, error) { return ysb.CampaignsOfAds(), nil },
}

var rowsTable = Table{
	Name: "rows", Doc: "random rows to sort and group: k (a group), v, s, d",
	Params: []Param{
		{"rows", vec.TInt64, "1000000", "number of rows"},
		{"groups", vec.TInt64, "1000", "number of different k"},
		{"seed", vec.TInt64, "1", "another seed gives other rows"},
	},
	open: func(a args) (Generator, error) {
		return generator(rows.New(a.int("rows"), a.int("groups"), a.int("seed")))
	},
}
