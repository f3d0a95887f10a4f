package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/riffle-io/riffle/dataflow"
	"github.com/riffle-io/riffle/dataflow/plan"
	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/json"
)

// ErrNoSample means that a topic has no record from which its columns could be inferred.
var ErrNoSample = errors.New("the topic has no records to infer columns from")

// Field tells where a column of a topic's table comes from.
type Field struct {
	vec.Field
	Meta string // "": a field of the value; else key, headers, topic, partition, offset, timestamp
}

// Meta lists the columns that every topic has beside those of its values. They are hidden from *.
func Meta() []Field {
	return []Field{
		{vec.Field{Name: "_key", Type: vec.TString}, "key"},
		{vec.Field{Name: "_headers", Type: vec.TJSON}, "headers"},
		{vec.Field{Name: "_topic", Type: vec.TString}, "topic"},
		{vec.Field{Name: "_partition", Type: vec.TInt32}, "partition"},
		{vec.Field{Name: "_offset", Type: vec.TInt64}, "offset"},
		{vec.Field{Name: "_timestamp", Type: vec.TTimestamp}, "timestamp"},
	}
}

// MetaType is the type of a metadata column; ok is false when there is no such metadata.
func MetaType(key string) (vec.Type, bool) {
	for _, f := range Meta() {
		if f.Meta == key {
			return f.Type, true
		}
	}
	return vec.Type{}, false
}

// TableOptions describes a topic as a table.
type TableOptions struct {
	Config
	Topic string
	Range Range  // what to read
	Group string // a consumer group whose offsets follow the checkpoints of jobs; "": none
	// UntilEnd makes a read without an end stop at the end that the topic has when it starts. It
	// stays a stream: watermarks rise, and rows can be late.
	UntilEnd bool
	// Stream makes a range with an end a stream too.
	Stream   bool
	Fields   []Field // of the value, and declared metadata; nil: infer from a sample
	Raw      bool    // values are not decoded: one column "value"
	RetryFor time.Duration
}

// Table is a topic as a table. Its columns are those of the values, then the metadata columns.
type Table struct {
	o      TableOptions
	fields []Field
	schema *vec.Schema
	named  int // columns before the hidden ones
}

// OpenTable makes a table of a topic, and reads a sample of it when no fields are given.
func OpenTable(ctx context.Context, o TableOptions) (*Table, error) {
	t := &Table{o: o}
	fields := o.Fields
	if fields == nil {
		var err error
		if fields, err = infer(ctx, &t.o); err != nil {
			return nil, err
		}
	}
	have := map[string]bool{}
	for _, f := range fields {
		have[f.Name] = true
	}
	t.fields, t.named = append(t.fields, fields...), len(fields)
	for _, f := range Meta() {
		if !have[f.Name] {
			t.fields = append(t.fields, f)
		}
	}
	t.schema = &vec.Schema{}
	for _, f := range t.fields {
		t.schema.Fields = append(t.schema.Fields, f.Field)
	}
	return t, nil
}

func (t *Table) Name() string        { return "kafka:" + t.o.Topic }
func (t *Table) Schema() *vec.Schema { return t.schema }
func (t *Table) Stats() plan.Stats   { return plan.Stats{Rows: -1, Bytes: -1} }

// Unbounded is true for a range without an end, and for one that is to be read as a stream.
func (t *Table) Unbounded() bool { return !t.o.Range.Bounded || t.o.Stream }

// Hidden leaves the metadata columns that were not declared out of *.
func (t *Table) Hidden(col int) bool { return col >= t.named }

// Source reads the columns of a scan.
func (t *Table) Source(scan *plan.Scan) (dataflow.Source, error) {
	s := &source{t: t, schema: t.schema.Project(scan.Cols), value: &vec.Schema{}}
	for i, c := range scan.Cols {
		f := t.fields[c]
		if f.Meta == "" {
			s.value.Fields = append(s.value.Fields, f.Field)
			s.valueAt = append(s.valueAt, i)
		} else {
			s.meta = append(s.meta, metaCol{at: i, key: f.Meta, t: f.Type})
		}
	}
	return s, nil
}

// sampleRecords and sampleWait bound what is read to infer columns.
const (
	sampleRecords = 200
	sampleWait    = 3 * time.Second
)

// infer reads records from the end of each partition, where the newest format of values is.
func infer(ctx context.Context, o *TableOptions) ([]Field, error) {
	if o.Raw {
		return []Field{{Field: vec.Field{Name: "value", Type: vec.TString}}}, nil
	}
	values, err := sample(ctx, o)
	if err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("topic %s: %w; declare them with CREATE TABLE … WITH ('connector'='kafka', …)", o.Topic, ErrNoSample)
	}
	for _, v := range values {
		if s := strings.TrimSpace(string(v)); !strings.HasPrefix(s, "{") {
			o.Raw = true
			return []Field{{Field: vec.Field{Name: "value", Type: vec.TString}}}, nil
		}
	}
	schema, err := json.Infer(values)
	if err != nil {
		return nil, err
	}
	var out []Field
	for _, f := range schema.Fields {
		out = append(out, Field{Field: f})
	}
	return out, nil
}

func sample(ctx context.Context, o *TableOptions) ([][]byte, error) {
	admin, err := OpenAdmin(o.Config)
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	parts, err := admin.Describe(ctx, o.Topic)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for _, p := range parts {
		if p.StableEnd <= p.Start || len(out) >= sampleRecords {
			continue
		}
		from := max(p.Start, p.StableEnd-sampleRecords/int64(len(parts))-1)
		vals, err := sampleFrom(ctx, o, p.Partition, from, p.StableEnd)
		if err != nil {
			return nil, err
		}
		out = append(out, vals...)
	}
	return out, nil
}

func sampleFrom(ctx context.Context, o *TableOptions, partition int32, from, to int64) (out [][]byte, err error) {
	r, err := OpenPartition(ReaderOptions{Config: o.Config, Topic: o.Topic, Partition: partition, Start: from, End: to, ReadCommitted: true, RetryFor: sampleWait})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var recs Records
	for deadline := time.Now().Add(sampleWait); time.Now().Before(deadline); {
		if err := r.Next(ctx, &recs); err != nil {
			if errors.Is(err, errEOF) {
				return out, nil
			}
			return nil, err
		}
		for i := 0; i < recs.Len(); i++ {
			if v := recs.ValueAt(i); v != nil {
				out = append(out, append([]byte{}, v...))
			}
		}
	}
	return out, nil
}
