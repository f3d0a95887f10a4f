package main

import (
	"context"
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

// clusterCommand is a command that looks at something of a cluster: it lists them, ls lists them, and
// show NAME shows one. plural is what they are called.
func (a *app) clusterCommand(b *brokerFlag, plural string, cmd *cobra.Command, list func(context.Context, *kafka.Admin) error, show *cobra.Command, one func(context.Context, *kafka.Admin, string) error) *cobra.Command {
	all := func(cmd *cobra.Command, _ []string) error { return b.with(cmd.Context(), list) }
	show.Args = exactly(1)
	show.RunE = func(cmd *cobra.Command, args []string) error {
		return b.with(cmd.Context(), func(ctx context.Context, k *kafka.Admin) error { return one(ctx, k, args[0]) })
	}
	cmd.Args = oneOfIts
	cmd.RunE = all
	b.add(cmd)
	cmd.AddCommand(&cobra.Command{Use: "ls", Short: "List " + plural, Example: "  riffle " + cmd.Name() + " ls --json", Args: exactly(0), RunE: all}, show)
	return cmd
}

// oneOfIts is for commands that have commands below them: a word that is none of these is a mistake
// that names them.
func oneOfIts(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var words []string
	for _, c := range cmd.Commands() {
		words = append(words, c.Name())
	}
	return usage("%s %s: there are %s", cmd.CommandPath(), args[0], strings.Join(words, ", "))
}

func (a *app) topicsCommand() *cobra.Command {
	return a.clusterCommand(&brokerFlag{}, "topics", &cobra.Command{Use: "topics", Short: "List topics and look into them", Example: "  riffle topics -b 127.0.0.1:9092\n  riffle topics show flights --json"},
		a.listTopics, &cobra.Command{Use: "show TOPIC", Short: "Show the partitions of a topic", Example: "  riffle topics show flights -b 127.0.0.1:9092"}, a.showTopic)
}

func (a *app) listTopics(ctx context.Context, k *kafka.Admin) error {
	topics, err := k.Topics(ctx)
	if err != nil {
		return err
	}
	out := listing{a: a, head: "TOPIC PARTITIONS REPLICAS RECORDS"}
	for _, t := range topics {
		parts, err := k.Describe(ctx, t.Name)
		if err != nil {
			return err
		}
		var records int64
		for _, p := range parts {
			records += p.End - p.Start
		}
		if err := out.add(object{"topic": t.Name, "partitions": t.Partitions, "replicas": t.Replicas, "records": records},
			t.Name, t.Partitions, t.Replicas, render.Count(records)); err != nil {
			return err
		}
	}
	return out.end()
}

func (a *app) showTopic(ctx context.Context, k *kafka.Admin, topic string) error {
	parts, err := k.Describe(ctx, topic)
	if err != nil {
		return err
	}
	out := listing{a: a, head: "PARTITION LEADER START END RECORDS"}
	for _, p := range parts {
		if err := out.add(object{"topic": topic, "partition": p.Partition, "leader": p.Leader, "start": p.Start, "end": p.End},
			p.Partition, p.Leader, render.Count(p.Start), render.Count(p.End), render.Count(p.End-p.Start)); err != nil {
			return err
		}
	}
	return out.end()
}
