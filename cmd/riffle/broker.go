package main

import (
	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/datasets/kafka"
)

func (a *app) brokerCommand() *cobra.Command {
	o := kafka.BrokerOptions{}
	cmd := &cobra.Command{
		Use:   "broker",
		Short: "Run the embedded Kafka broker, for development",
		Long: "Runs a one-node Kafka broker in this process, for development and demos: it speaks Kafka's protocol,\n" +
			"with topics, groups and transactions, but has no replication. Do not keep data there that you cannot lose.",
		Example: "  riffle broker --listen 127.0.0.1:9092 --data ./kafka-data",
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := kafka.StartBroker(o)
			if err != nil {
				return err
			}
			defer b.Close()
			where := "in memory, gone when it stops"
			if o.DataDir != "" {
				where = "in " + o.DataDir
			}
			a.notice("development broker on %s, records %s; ctrl-c stops it. It is not for production.", b.Addr(), where)
			return wait(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:9092", "host:port to listen on; port 0 picks a free one")
	f.StringVar(&o.DataDir, "data", "", "directory of the log, kept across restarts (default: memory)")
	f.IntVar(&o.Partitions, "partitions", 4, "partitions of topics that are created by use")
	return cmd
}
