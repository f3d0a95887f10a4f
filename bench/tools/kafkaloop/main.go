// Kafkaloop reads a topic of JSON bids to its end, decodes the columns that the window query needs
// and counts the records: what a program costs that does nothing else.
//
//	kafkaloop BROKER TOPIC
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/json"
	"github.com/riffle-io/riffle/datasets/kafka"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: kafkaloop BROKER TOPIC")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "kafkaloop:", err)
		os.Exit(1)
	}
}

func run(broker, topic string) error {
	ctx := context.Background()
	conf := kafka.Config{Brokers: []string{broker}}
	admin, err := kafka.OpenAdmin(conf)
	if err != nil {
		return err
	}
	defer admin.Close()
	all, err := kafka.ParseRange("@start..end")
	if err != nil {
		return err
	}
	extents, err := admin.Resolve(ctx, topic, all, true)
	if err != nil {
		return err
	}
	var records atomic.Int64
	start := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	for _, e := range extents {
		g.Go(func() error {
			n, err := read(ctx, kafka.ReaderOptions{Config: conf, Topic: topic, Partition: e.Partition, Start: e.Start, End: e.End})
			records.Add(n)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	fmt.Printf("%d records in %.3f s\n", records.Load(), time.Since(start).Seconds())
	return nil
}

// read decodes one partition and returns the number of its records.
func read(ctx context.Context, o kafka.ReaderOptions) (records int64, err error) {
	r, err := kafka.OpenPartition(o)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	schema := vec.NewSchema(vec.Field{Name: "auction", Type: vec.TInt64}, vec.Field{Name: "date_time", Type: vec.TTimestamp})
	b := vec.NewBatch(schema.Types())
	dec := json.NewDecoder(schema)
	recs := new(kafka.Records)
	for {
		if err := r.Next(ctx, recs); errors.Is(err, io.EOF) {
			return records, nil
		} else if err != nil {
			return records, err
		}
		for at := 0; at < recs.Len(); {
			b.Reset()
			dec.Reset(b.Cols, 0)
			for end := min(at+vec.MaxRows, recs.Len()); at < end; at++ {
				if err := dec.Decode(recs.ValueAt(at)); err != nil {
					return records, err
				}
			}
		}
		records += int64(recs.Len())
	}
}
