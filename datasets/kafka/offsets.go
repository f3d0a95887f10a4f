package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// Extent is what a range means in one partition: offsets Start up to but not with End.
type Extent struct {
	Partition  int32
	Start, End int64 // End is NoEnd when the range has none
}

// Resolve turns a range into offsets, one Extent for each partition it covers, in order. committed
// makes the last stable offset the end, as a read committed reader sees it.
//
// A bounded range ends at the present end at the latest, so that reading it terminates. A time
// means the first record at or after it, by the records' own timestamps, and the end when there is
// none. A start offset that retention has removed is a *RangeError; so is one beyond the end when
// the range names its partition, while over all partitions it means the end.
func (a *Admin) Resolve(ctx context.Context, topic string, r Range, committed bool) ([]Extent, error) {
	parts, err := a.Describe(ctx, topic)
	if err != nil {
		return nil, err
	}
	if r.Partition != AllPartitions {
		if r.Partition < 0 || int(r.Partition) >= len(parts) {
			return nil, fmt.Errorf("topic %s has partitions 0 to %d, not %d", topic, len(parts)-1, r.Partition)
		}
		parts = parts[r.Partition : r.Partition+1]
	}
	now := time.Now()
	from, err := a.resolvePoint(ctx, topic, r.From, now, parts, committed)
	if err != nil {
		return nil, err
	}
	to := from
	if r.Bounded {
		if to, err = a.resolvePoint(ctx, topic, r.To, now, parts, committed); err != nil {
			return nil, err
		}
	}
	extents := make([]Extent, len(parts))
	for i := range parts {
		p := &parts[i]
		end := p.end(committed)
		if from[i] < p.Start || (from[i] > p.End && r.Partition != AllPartitions) {
			return nil, &RangeError{Topic: topic, Partition: p.Partition, Offset: from[i], Start: p.Start, End: p.End}
		}
		e := Extent{Partition: p.Partition, Start: min(from[i], p.End), End: NoEnd}
		if r.Bounded {
			e.End = max(e.Start, min(to[i], end))
		}
		extents[i] = e
	}
	return extents, nil
}

// end is the end that a reader sees.
func (p *PartitionInfo) end(committed bool) int64 {
	if committed {
		return p.StableEnd
	}
	return p.End
}

// resolvePoint returns the offset of a point in each of parts.
func (a *Admin) resolvePoint(ctx context.Context, topic string, at Point, now time.Time, parts []PartitionInfo, committed bool) ([]int64, error) {
	offsets := make([]int64, len(parts))
	var listed kadm.ListedOffsets
	if t, ok := at.time(now); ok {
		var err error
		// Records have ms: a time within one starts at the next.
		ms := (t.UnixMicro() + 999) / 1000
		if listed, err = a.admin.ListOffsetsAfterMilli(ctx, max(ms, 0), topic); err != nil {
			return nil, topicError(topic, err)
		}
	}
	for i := range parts {
		switch at.Kind {
		case PointStart:
			offsets[i] = parts[i].Start
		case PointEnd:
			offsets[i] = parts[i].end(committed)
		case PointOffset:
			offsets[i] = at.Value
		default:
			var err error
			if offsets[i], err = lookup(listed, topic, parts[i].Partition); err != nil {
				return nil, err
			}
			offsets[i] = max(parts[i].Start, min(offsets[i], parts[i].end(committed)))
		}
	}
	return offsets, nil
}

// time is the moment a point means, if it means one.
func (p Point) time(now time.Time) (time.Time, bool) {
	switch p.Kind {
	case PointNow:
		return now, true
	case PointAgo:
		return now.Add(-time.Duration(p.Value) * time.Microsecond), true
	case PointTime:
		return time.UnixMicro(p.Value), true
	}
	return time.Time{}, false
}
