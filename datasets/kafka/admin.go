package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Admin asks for and changes what a cluster has. Its methods may be called from several goroutines
// at a time. They retry what passes by itself for as long as their context lives, 30 s at most.
type Admin struct {
	client *kgo.Client
	admin  *kadm.Client
}

// OpenAdmin makes an Admin; it connects with the first call.
func OpenAdmin(c Config) (*Admin, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	return &Admin{client: client, admin: kadm.NewClient(client)}, nil
}

// Close closes the connections.
func (a *Admin) Close() { a.client.Close() }

// Topic describes a topic.
type Topic struct {
	Name       string
	Partitions int
	Replicas   int // of each partition
}

// PartitionInfo describes a partition. Start is its oldest offset, End the one the next record
// gets, and StableEnd is End without what open transactions hold back.
type PartitionInfo struct {
	Partition             int32
	Leader                int32 // broker id; < 0 when there is none
	Start, End, StableEnd int64
}

// Topics lists the cluster's topics by name, without Kafka's internal ones.
func (a *Admin) Topics(ctx context.Context) ([]Topic, error) {
	details, err := a.admin.ListTopics(ctx)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	topics := make([]Topic, 0, len(details))
	for _, d := range details.Sorted() {
		topics = append(topics, Topic{Name: d.Topic, Partitions: len(d.Partitions), Replicas: d.Partitions.NumReplicas()})
	}
	return topics, nil
}

// Describe returns the partitions of a topic in order. The error is ErrUnknownTopic when there is
// none.
func (a *Admin) Describe(ctx context.Context, topic string) ([]PartitionInfo, error) {
	details, err := a.admin.ListTopics(ctx, topic)
	if err != nil {
		return nil, topicError(topic, err)
	}
	d, ok := details[topic]
	if !ok {
		return nil, topicError(topic, ErrUnknownTopic)
	}
	if d.Err != nil {
		return nil, topicError(topic, d.Err)
	}
	parts := make([]PartitionInfo, 0, len(d.Partitions))
	for _, p := range d.Partitions.Sorted() {
		parts = append(parts, PartitionInfo{Partition: p.Partition, Leader: p.Leader})
	}
	for _, ask := range []struct {
		list func(context.Context, ...string) (kadm.ListedOffsets, error)
		put  func(p *PartitionInfo, offset int64)
	}{
		{a.admin.ListStartOffsets, func(p *PartitionInfo, o int64) { p.Start = o }},
		{a.admin.ListEndOffsets, func(p *PartitionInfo, o int64) { p.End = o }},
		{a.admin.ListCommittedOffsets, func(p *PartitionInfo, o int64) { p.StableEnd = o }},
	} {
		listed, err := ask.list(ctx, topic)
		if err != nil {
			return nil, topicError(topic, err)
		}
		for i := range parts {
			offset, err := lookup(listed, topic, parts[i].Partition)
			if err != nil {
				return nil, err
			}
			ask.put(&parts[i], offset)
		}
	}
	return parts, nil
}

// lookup is the listed offset of one partition.
func lookup(listed kadm.ListedOffsets, topic string, partition int32) (int64, error) {
	o, ok := listed.Lookup(topic, partition)
	if !ok {
		return 0, fmt.Errorf("topic %s partition %d: the broker listed no offset", topic, partition)
	}
	if errors.Is(o.Err, kerr.UnknownTopicOrPartition) {
		return 0, topicError(topic, o.Err)
	}
	if o.Err != nil {
		return 0, fmt.Errorf("topic %s partition %d: list offsets: %w", topic, partition, o.Err)
	}
	return o.Offset, nil
}

// CreateTopic makes a topic. partitions and replicas below 1 take the broker's default; configs are
// Kafka's topic settings. An existing topic is an error that wraps kerr.TopicAlreadyExists.
func (a *Admin) CreateTopic(ctx context.Context, topic string, partitions, replicas int, configs map[string]string) error {
	if partitions < 1 {
		partitions = -1
	}
	if replicas < 1 {
		replicas = -1
	}
	set := make(map[string]*string, len(configs))
	for key, value := range configs {
		set[key] = kadm.StringPtr(value)
	}
	resp, err := a.admin.CreateTopic(ctx, int32(partitions), int16(replicas), set, topic)
	if err == nil {
		err = resp.Err
	}
	if err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	return nil
}

// DeleteTopic removes a topic with all its records.
func (a *Admin) DeleteTopic(ctx context.Context, topic string) error {
	resp, err := a.admin.DeleteTopic(ctx, topic)
	if err == nil {
		err = resp.Err
	}
	if err != nil {
		return fmt.Errorf("delete %w", topicError(topic, err))
	}
	return nil
}

// LastCommitted returns the newest checkpoint that a TxnProducer committed under a group, and false
// when there is none. Its answer is final once a new TxnProducer with the job's id is open: before
// that an older one may still commit, and a commit just decided may not show yet.
func (a *Admin) LastCommitted(ctx context.Context, group string) (checkpoint int64, ok bool, err error) {
	offsets, err := a.committed(ctx, group)
	newest := int64(-1)
	for _, o := range offsets {
		if n, ok := parseMetadata(o.Metadata); ok {
			newest = max(newest, n)
		}
	}
	return max(newest, 0), newest >= 0, err
}

// GroupOffsets returns the offsets that a group has committed; none when there is no such group.
func (a *Admin) GroupOffsets(ctx context.Context, group string) (Offsets, error) {
	committed, err := a.committed(ctx, group)
	offsets := Offsets{}
	for _, o := range committed {
		offsets[TopicPartition{o.Topic, o.Partition}] = o.At
	}
	return offsets, err
}

// committed lists a group's offsets. It waits for transactions that are about to change them.
func (a *Admin) committed(ctx context.Context, group string) (offsets []kadm.OffsetResponse, err error) {
	err = whileBusy(ctx, func() error {
		listed, err := a.admin.FetchOffsets(kadm.RequireStable(ctx), group)
		if err != nil {
			return err
		}
		offsets = listed.Sorted()
		for _, o := range offsets {
			if o.Err != nil {
				return fmt.Errorf("topic %s partition %d: %w", o.Topic, o.Partition, o.Err)
			}
		}
		return nil
	})
	if errors.Is(err, kerr.GroupIDNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("offsets of group %s: %w", group, err)
	}
	return offsets, nil
}

// TopicPartition names a partition.
type TopicPartition struct {
	Topic     string
	Partition int32
}

// Offsets are positions, each the first offset that is not yet processed.
type Offsets map[TopicPartition]int64

// sorted returns the partitions by topic and number.
func (o Offsets) sorted() []TopicPartition {
	parts := make([]TopicPartition, 0, len(o))
	for tp := range o {
		parts = append(parts, tp)
	}
	slices.SortFunc(parts, func(a, b TopicPartition) int {
		if c := strings.Compare(a.Topic, b.Topic); c != 0 {
			return c
		}
		return int(a.Partition - b.Partition)
	})
	return parts
}
