package repl

import (
	"context"
	"fmt"
	"strings"

	"github.com/riffle-io/riffle/datasets/kafka"
	"github.com/riffle-io/riffle/repl/render"
)

func adminOf(addr string) (*kafka.Admin, error) {
	return kafka.OpenAdmin(kafka.Config{Brokers: strings.Split(addr, ",")})
}

// topicNodes lists the topics of a cluster.
func topicNodes(ctx context.Context, addr string) ([]Node, error) {
	a, err := adminOf(addr)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	topics, err := a.Topics(ctx)
	if err != nil {
		return nil, err
	}
	var out []Node
	for _, t := range topics {
		part := "partitions"
		if t.Partitions == 1 {
			part = "partition"
		}
		out = append(out, Node{ID: "topic:" + addr + "/" + t.Name, Label: t.Name, Kind: NodeTopic, Detail: fmt.Sprintf("%d %s", t.Partitions, part), Insert: quote("kafka://" + addr + "/" + t.Name)})
	}
	return out, nil
}

// groupNodes lists the consumer groups of a cluster, with their lag.
func groupNodes(ctx context.Context, addr string) ([]Node, error) {
	a, err := adminOf(addr)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	groups, err := a.Groups(ctx)
	if err != nil {
		return nil, err
	}
	var out []Node
	for _, g := range groups {
		detail := strings.ToLower(g.State)
		if lags, err := a.GroupLag(ctx, g.Name); err == nil {
			detail = "lag " + render.Count(totalLag(lags)) + "  " + detail
		}
		out = append(out, Node{ID: "group:" + addr + "/" + g.Name, Label: g.Name, Kind: NodeConsume, Detail: detail})
	}
	return out, nil
}

func totalLag(list []kafka.PartitionLag) (n int64) {
	for _, l := range list {
		n += l.Lag()
	}
	return n
}

// offsetNodes lists where a group is in its partitions.
func offsetNodes(ctx context.Context, addr, group string) ([]Node, error) {
	a, err := adminOf(addr)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	lags, err := a.GroupLag(ctx, group)
	if err != nil {
		return nil, err
	}
	var out []Node
	for _, l := range lags {
		out = append(out, Node{ID: fmt.Sprintf("offset:%s/%s/%s/%d", addr, group, l.Topic, l.Partition), Label: fmt.Sprintf("%s/%d", l.Topic, l.Partition), Kind: NodeColumn,
			Detail: fmt.Sprintf("at %s of %s, lag %s", render.Count(l.Committed), render.Count(l.End), render.Count(l.Lag())), Leaf: true})
	}
	return out, nil
}
