package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/repl/render"
)

// brokerFlag says which cluster a command asks.
type brokerFlag struct{ brokers string }

func (b *brokerFlag) add(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVarP(&b.brokers, "brokers", "b", os.Getenv("RIFFLE_BROKERS"), "host:port, several with commas (default: $RIFFLE_BROKERS, or 127.0.0.1:9092)")
}

// with runs fn with an admin of the cluster.
func (b *brokerFlag) with(ctx context.Context, fn func(ctx context.Context, k *kafka.Admin) error) error {
	addr := b.brokers
	if addr == "" {
		addr = "127.0.0.1:9092"
	}
	k, err := kafka.OpenAdmin(kafka.Config{Brokers: strings.Split(addr, ",")})
	if err != nil {
		return usage("--brokers: %v", err)
	}
	defer k.Close()
	return fn(ctx, k)
}

func (a *app) topicsCommand() *cobra.Command {
	b := &brokerFlag{}
	list := &cobra.Command{Use: "ls", Short: "List topics", Args: exactly(0), RunE: func(cmd *cobra.Command, _ []string) error {
		return b.with(cmd.Context(), a.listTopics)
	}}
	show := &cobra.Command{Use: "show TOPIC", Short: "Show the partitions of a topic", Args: exactly(1), RunE: func(cmd *cobra.Command, args []string) error {
		return b.with(cmd.Context(), func(ctx context.Context, k *kafka.Admin) error { return a.showTopic(ctx, k, args[0]) })
	}}
	cmd := &cobra.Command{Use: "topics", Short: "List topics and look into them", Example: "  riffle topics -b localhost:9092\n  riffle topics show orders --json", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("riffle topics %s: there are ls, show", args[0])
			}
			return b.with(cmd.Context(), a.listTopics)
		}}
	b.add(cmd)
	cmd.AddCommand(list, show)
	return cmd
}

func (a *app) listTopics(ctx context.Context, k *kafka.Admin) error {
	topics, err := k.Topics(ctx)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, t := range topics {
		parts, err := k.Describe(ctx, t.Name)
		if err != nil {
			return err
		}
		var records int64
		for _, p := range parts {
			records += p.End - p.Start
		}
		if a.json {
			if err := a.printJSON(map[string]any{"v": 1, "topic": t.Name, "partitions": t.Partitions, "replicas": t.Replicas, "records": records}); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{t.Name, fmt.Sprint(t.Partitions), fmt.Sprint(t.Replicas), render.Count(records)})
	}
	if a.json {
		return nil
	}
	return a.table("TOPIC PARTITIONS REPLICAS RECORDS", rows)
}

func (a *app) showTopic(ctx context.Context, k *kafka.Admin, topic string) error {
	parts, err := k.Describe(ctx, topic)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, p := range parts {
		if a.json {
			if err := a.printJSON(map[string]any{"v": 1, "topic": topic, "partition": p.Partition, "leader": p.Leader, "start": p.Start, "end": p.End}); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{fmt.Sprint(p.Partition), fmt.Sprint(p.Leader), render.Count(p.Start), render.Count(p.End), render.Count(p.End - p.Start)})
	}
	if a.json {
		return nil
	}
	return a.table("PARTITION LEADER START END RECORDS", rows)
}
