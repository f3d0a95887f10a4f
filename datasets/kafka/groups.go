package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
)

// ErrGroupActive says that a group's offsets cannot be changed, since members read with it.
var ErrGroupActive = errors.New("the group has members that read")

// Group is a consumer group.
type Group struct {
	Name  string
	State string // Empty, Stable, …
}

// Groups lists the cluster's consumer groups by name.
func (a *Admin) Groups(ctx context.Context) ([]Group, error) {
	listed, err := a.admin.ListGroups(ctx)
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	var out []Group
	for _, g := range listed.Sorted() {
		out = append(out, Group{Name: g.Group, State: g.State})
	}
	return out, nil
}

// PartitionLag is where a group is in a partition: Committed is the first offset that it has not
// processed, Start and End are the partition's bounds.
type PartitionLag struct {
	TopicPartition
	Committed, Start, End int64
}

// Lag is the number of records that the group has yet to read.
func (l PartitionLag) Lag() int64 { return max(0, l.End-max(l.Committed, l.Start)) }

// GroupLag lists where a group is, by topic and partition; nothing when there is no such group. A
// topic that is gone is left out.
func (a *Admin) GroupLag(ctx context.Context, group string) ([]PartitionLag, error) {
	offsets, err := a.GroupOffsets(ctx, group)
	if err != nil {
		return nil, err
	}
	var out []PartitionLag
	topics := map[string][]PartitionInfo{}
	for _, tp := range offsets.sorted() {
		parts, known := topics[tp.Topic]
		if !known {
			if parts, err = a.Describe(ctx, tp.Topic); err != nil && !errors.Is(err, ErrUnknownTopic) {
				return nil, err
			}
			topics[tp.Topic] = parts
		}
		i := slices.IndexFunc(parts, func(p PartitionInfo) bool { return p.Partition == tp.Partition })
		if i >= 0 {
			out = append(out, PartitionLag{TopicPartition: tp, Committed: offsets[tp], Start: parts[i].Start, End: parts[i].End})
		}
	}
	return out, nil
}

// CommitGroup sets the offsets of a group, which is made when it is not there. A group with members
// is refused with ErrGroupActive: they would write their own offsets over these.
func (a *Admin) CommitGroup(ctx context.Context, group string, offsets Offsets) error {
	groups, err := a.admin.DescribeGroups(ctx, group)
	if err != nil {
		return fmt.Errorf("group %s: %w", group, err)
	}
	if g, ok := groups[group]; ok && len(g.Members) > 0 {
		return fmt.Errorf("group %s: %w: %d of them, state %s", group, ErrGroupActive, len(g.Members), g.State)
	}
	var all kadm.Offsets
	for tp, at := range offsets {
		all.AddOffset(tp.Topic, tp.Partition, at, -1)
	}
	if err := a.admin.CommitAllOffsets(ctx, group, all); err != nil {
		return fmt.Errorf("commit offsets of group %s: %w", group, err)
	}
	return nil
}
