package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/repl/render"
)

func (a *app) groupsCommand() *cobra.Command {
	b := &brokerFlag{}
	cmd := a.clusterCommand(b, "consumer groups", &cobra.Command{Use: "groups", Short: "List consumer groups, look into them, set their offsets",
		Example: "  riffle groups -b 127.0.0.1:9092\n  riffle groups reset billing --to @-1h --dry-run"},
		a.listGroups, &cobra.Command{Use: "show GROUP", Short: "Show where a group is in each partition", Example: "  riffle groups show billing -b 127.0.0.1:9092"}, a.showGroup)
	cmd.AddCommand(a.groupsReset(b))
	return cmd
}

func (a *app) listGroups(ctx context.Context, k *kafka.Admin) error {
	groups, err := k.Groups(ctx)
	if err != nil {
		return err
	}
	out := listing{a: a, head: "GROUP STATE PARTITIONS LAG"}
	for _, g := range groups {
		lags, err := k.GroupLag(ctx, g.Name)
		if err != nil {
			return err
		}
		var lag int64
		for _, l := range lags {
			lag += l.Lag()
		}
		if err := out.add(object{"group": g.Name, "state": g.State, "partitions": len(lags), "lag": lag},
			g.Name, strings.ToLower(g.State), len(lags), render.Count(lag)); err != nil {
			return err
		}
	}
	return out.end()
}

func (a *app) showGroup(ctx context.Context, k *kafka.Admin, group string) error {
	lags, err := groupLag(ctx, k, group)
	if err != nil {
		return err
	}
	out := listing{a: a, head: "TOPIC PARTITION COMMITTED END LAG"}
	for _, l := range lags {
		if err := out.add(object{"topic": l.Topic, "partition": l.Partition, "committed": l.Committed, "start": l.Start, "end": l.End, "lag": l.Lag()},
			l.Topic, l.Partition, render.Count(l.Committed), render.Count(l.End), render.Count(l.Lag())); err != nil {
			return err
		}
	}
	return out.end()
}

// groupLag is where a group is; one without offsets is an error.
func groupLag(ctx context.Context, k *kafka.Admin, group string) ([]kafka.PartitionLag, error) {
	lags, err := k.GroupLag(ctx, group)
	if err == nil && len(lags) == 0 {
		err = usage("there is no group %s with offsets; riffle groups ls lists them", group)
	}
	return lags, err
}

// move is a group's new offset in a partition.
type move struct {
	kafka.PartitionLag
	to int64
}

func (a *app) groupsReset(b *brokerFlag) *cobra.Command {
	to, topic := "", ""
	dry, yes := false, false
	cmd := &cobra.Command{Use: "reset GROUP --to @POINT", Short: "Set the offsets of a group that does not read",
		Long: "Moves a group to a point of its topics: @start, @end, @now, an offset such as @8812, a time ago such as @-1h, or a time such\n" +
			"as @2026-11-20T10:00. It says first which records will be read again or left out. A group with members is refused.",
		Example: "  riffle groups reset billing --to @-1h --dry-run\n  riffle groups reset billing --to @start --topic orders --yes", Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := kafka.ParseRange("@" + strings.TrimPrefix(to, "@"))
			if to == "" || err != nil || r.Bounded {
				return usage("--to %q: must be a point such as @-1h, @start, @end, @8812 or @2026-11-20T10:00", to)
			}
			return b.with(cmd.Context(), func(ctx context.Context, k *kafka.Admin) error {
				moves, err := a.planReset(ctx, k, args[0], topic, r)
				if err != nil || dry {
					return err
				}
				if !yes {
					if err := a.confirm("set these offsets?"); err != nil {
						return err
					}
				}
				offsets := kafka.Offsets{}
				for _, m := range moves {
					offsets[m.TopicPartition] = m.to
				}
				if err := k.CommitGroup(ctx, args[0], offsets); err != nil {
					return err
				}
				a.notice("group %s moved in %d partitions", args[0], len(moves))
				return nil
			})
		}}
	f := cmd.Flags()
	f.StringVar(&to, "to", "", "where to: @start, @end, @now, @OFFSET, @-DURATION, @TIME")
	f.StringVar(&topic, "topic", "", "only this topic (default: all that the group reads)")
	f.BoolVar(&dry, "dry-run", false, "show what would change, and change nothing")
	f.BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// planReset finds the new offsets and prints them beside the present ones.
func (a *app) planReset(ctx context.Context, k *kafka.Admin, group, topic string, r kafka.Range) ([]move, error) {
	lags, err := groupLag(ctx, k, group)
	if err != nil {
		return nil, err
	}
	points := map[kafka.TopicPartition]int64{}
	asked := map[string]bool{}
	var moves []move
	for _, l := range lags {
		if topic != "" && l.Topic != topic {
			continue
		}
		if !asked[l.Topic] {
			asked[l.Topic] = true
			extents, err := k.Resolve(ctx, l.Topic, r, false)
			if err != nil {
				return nil, err
			}
			for _, e := range extents {
				points[kafka.TopicPartition{Topic: l.Topic, Partition: e.Partition}] = e.Start
			}
		}
		if at, ok := points[l.TopicPartition]; ok {
			moves = append(moves, move{l, at})
		}
	}
	if len(moves) == 0 {
		return nil, usage("group %s has no offsets in topic %s", group, topic)
	}
	return moves, a.printMoves(moves)
}

func (a *app) printMoves(moves []move) error {
	out := listing{a: a, head: "TOPIC PARTITION FROM TO RECORDS"}
	var again, skipped int64
	for _, m := range moves {
		n := m.to - m.Committed
		again, skipped = again+max(0, -n), skipped+max(0, n)
		what := "stays"
		switch {
		case n < 0:
			what = render.Count(-n) + " again"
		case n > 0:
			what = render.Count(n) + " left out"
		}
		if err := out.add(object{"topic": m.Topic, "partition": m.Partition, "from": m.Committed, "to": m.to, "end": m.End},
			m.Topic, m.Partition, render.Count(m.Committed), render.Count(m.to), what); err != nil {
			return err
		}
	}
	if err := out.end(); err != nil || a.json {
		return err
	}
	a.notice("%s records will be read again, %s left out", render.Count(again), render.Count(skipped))
	return nil
}
