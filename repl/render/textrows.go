package render

import "github.com/riffle-io/riffle/dataflow/vec"

// TextOptions are the options of a result whose columns are all text.
func TextOptions(names []string) Options {
	o := Options{Names: names, Types: make([]vec.Type, len(names))}
	for i := range o.Types {
		o.Types[i] = vec.TString
	}
	return o
}

// TextRows writes rows of cols columns of text.
func TextRows(w Writer, cols int, rows [][]string) error {
	types := make([]vec.Type, cols)
	for i := range types {
		types[i] = vec.TString
	}
	b := vec.NewBatch(types)
	for _, r := range rows {
		for c, v := range r {
			b.Cols[c].AppendBytes([]byte(v))
		}
		b.N++
	}
	return w.Write(b)
}
