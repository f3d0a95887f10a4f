// Kafkafill writes Nexmark bids into a topic as JSON, in the order of their event times within each
// partition:
//
//	kafkafill BROKER TOPIC PARTITIONS COUNT
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/gen/nexmark"
	"github.com/riffle-io/riffle/datasets/json"
)

// block is how many bids in a row go to one partition: those of one epoch.
const block = 46

// columns are those of a bid but for its URL.
var columns = []int{0, 1, 2, 3, 5, 6}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: kafkafill BROKER TOPIC PARTITIONS COUNT")
		os.Exit(2)
	}
	if err := fill(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "kafkafill:", err)
		os.Exit(1)
	}
}

func fill(broker, topic, partitionText, countText string) error {
	partitions, err := strconv.ParseInt(partitionText, 10, 32)
	if err != nil {
		return err
	}
	count, err := strconv.ParseInt(countText, 10, 64)
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(broker), kgo.DefaultProduceTopic(topic),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite(),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerLinger(20*time.Millisecond),
		kgo.MaxBufferedRecords(200_000))
	if err != nil {
		return err
	}
	defer client.Close()
	start := time.Now()
	size, err := send(client, int32(partitions), count)
	if err != nil {
		return err
	}
	seconds := time.Since(start).Seconds()
	fmt.Printf("%d records of %.1f bytes in %.1f s\n", count, float64(size)/float64(count), seconds)
	return nil
}

// send produces count bids and waits for the broker to have them. It returns their bytes.
func send(client *kgo.Client, partitions int32, count int64) (size int64, err error) {
	table, err := nexmark.NewKind(nexmark.Bid, count*50/46+50)
	if err != nil {
		return 0, err
	}
	var failed error
	var once sync.Once
	done := func(_ *kgo.Record, err error) {
		if err != nil {
			once.Do(func() { failed = err })
		}
	}
	enc := json.NewEncoder(table.Schema().Project(columns))
	next := table.Fill(columns)
	for at := int64(0); at < count; {
		var b *vec.Batch
		first := at
		b, at = next(at, count)
		for i := range b.N {
			value := enc.Append(nil, b, i)
			size += int64(len(value))
			p := int32((first + int64(i)) / block % int64(partitions))
			client.Produce(context.Background(), &kgo.Record{Partition: p, Value: value}, done)
		}
	}
	if err := client.Flush(context.Background()); err != nil {
		return 0, err
	}
	return size, failed
}
