package tpch

import (
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen/internal/cols"
)

var regionColumns = []column{
	keyColumn("r_regionkey", 0),
	listColumn("r_name", regions),
	commentColumn("r_comment", comment{stream{1500869201, 2}, 72}),
}

var nationColumns = []column{
	keyColumn("n_nationkey", 0),
	listColumn("n_name", nationNames()),
	{field("n_regionkey", vec.TInt64), func(w *work, v *vec.Vec) {
		out := cols.I64(v, w.rows)
		for i := range out {
			out[i] = int64(nations[w.from+int64(i)].region)
		}
	}},
	commentColumn("n_comment", comment{stream{606179079, 2}, 72}),
}

func nationNames() []string {
	var names []string
	for _, n := range nations {
		names = append(names, n.name)
	}
	return names
}

var (
	customerNation = uniform{stream{1489529863, 1}, 0, 25, 1}
	supplierNation = uniform{stream{110356601, 1}, 0, 25, 1}
)

var customerColumns = []column{
	keyColumn("c_custkey", 1),
	nameColumn("c_name", "Customer#"),
	addressColumn("c_address", 881155353),
	i64Column(field("c_nationkey", vec.TInt64), customerNation),
	phoneColumn("c_phone", 1521138112, customerNation),
	i64Column(field("c_acctbal", money), uniform{stream{298370230, 1}, -99999, 1099999, 1}),
	dictColumn("c_mktsegment", stream{1140279430, 1}, segments),
	commentColumn("c_comment", comment{stream{1335826707, 2}, 73}),
}

var supplierColumns = []column{
	keyColumn("s_suppkey", 1),
	nameColumn("s_name", "Supplier#"),
	addressColumn("s_address", 706178559),
	i64Column(field("s_nationkey", vec.TInt64), supplierNation),
	phoneColumn("s_phone", 884434366, supplierNation),
	i64Column(field("s_acctbal", money), uniform{stream{962338209, 1}, -99999, 1099999, 1}),
	{field("s_comment", vec.TString), fillSupplierComment},
}

// The streams that put "Customer … Complaints" or "Customer … Recommends" over the comments of
// ten in 10,000 suppliers.
var (
	supplierComment = comment{stream{1341315363, 2}, 63}
	remarkPick      = stream{202794285, 1}
	remarkGap       = stream{263032577, 1}
	remarkOffset    = stream{715851524, 1}
	remarkKind      = stream{753643799, 1}
)

func fillSupplierComment(w *work, v *vec.Vec) {
	text := pool()
	off, data := cols.Strs(v, w.rows)
	x, chosen := supplierComment.at(w.from), remarkPick.at(w.from)
	for i := range w.rows {
		at, n := supplierComment.cut(x)
		data = append(data, text[at:at+n]...)
		chosen = next(chosen)
		if pick(chosen, 10_000)+1 <= 10 {
			remark(data[len(data)-n:], w.from+int64(i))
		}
		off[i+1] = int32(len(data))
		x = mulmod(x, powers[2])
	}
	cols.SetData(v, data)
}

// remark overwrites parts of the comment of supplier row.
func remark(text []byte, row int64) {
	const subject, verbLen = "Customer ", len("Complaints")
	room := len(text) - len(subject) - verbLen
	gap := int(pick(next(remarkGap.at(row)), uint64(room+1)))
	at := int(pick(next(remarkOffset.at(row)), uint64(room-gap+1)))
	verb := "Recommends"
	if pick(next(remarkKind.at(row)), 101) < 50 {
		verb = "Complaints"
	}
	copy(text[at:], subject)
	copy(text[at+len(subject)+gap:], verb)
}
