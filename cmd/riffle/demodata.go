package main

//go:generate go run . demo-data ../../../shared/data/flights/flights-3m.parquet demo/flights.parquet

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/parquet"
)

// demoSource says where the demo's flights come from; it is in the file's metadata too.
const demoSource = "US Bureau of Transportation Statistics, On-Time Performance, 1 to 14 January 2001 (by way of vega-datasets)"

// demoDays is how many of the first days of the data the demo carries.
const demoDays = 14

// demoDataCommand makes the demo's file from the whole set of flights. It is for maintainers.
func (a *app) demoDataCommand() *cobra.Command {
	return &cobra.Command{Use: "demo-data FLIGHTS OUT", Hidden: true, Args: exactly(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := parquet.Open(nil, args[0])
			if err != nil {
				return err
			}
			out, err := os.Create(args[1])
			if err != nil {
				return err
			}
			w, err := parquet.NewWriter(out, in.Schema(), parquet.WriterOptions{RowGroupRows: 32 << 10, Codec: parquet.Zstd, Metadata: map[string]string{"source": demoSource}})
			if err != nil {
				return err
			}
			date := in.Schema().Index("date")
			end := int64(978307200+demoDays*86400) * 1_000_000 // 1 January 2001 and so many days
			err = in.Each(cmd.Context(), func(b *vec.Batch) error {
				var sel []int32
				for k, n := 0, b.Live(); k < n; k++ {
					if i := b.Row(k); b.Cols[date].Value(i).I < end {
						sel = append(sel, int32(i))
					}
				}
				if len(sel) == 0 {
					return nil
				}
				return w.Write(b.WithSel(sel))
			})
			if err == nil {
				err = w.Close()
			}
			if e := out.Close(); err == nil {
				err = e
			}
			return err
		}}
}
