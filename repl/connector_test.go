package repl

import (
	"fmt"
	"maps"
	"testing"

	"github.com/riffle-io/riffle/datasets/kafka"
)

// TestGroupFollows runs a job over a topic whose table names a consumer group: what the job has
// committed shows as the group's offsets.
func TestGroupFollows(t *testing.T) {
	addr, a := clicksTopic(t)
	produce(t, addr, "clicks", 0, `{"n":1}`, `{"n":2}`, `{"n":3}`)
	produce(t, addr, "clicks", 1, `{"n":4}`)
	s, _ := memSession(t)
	s.State, s.UntilEnd = t.TempDir(), true
	if st := finish(t, s.Start(t.Context(), fmt.Sprintf(`CREATE TABLE clicks (n BIGINT) WITH ('connector'='kafka', 'topic'='clicks', 'properties.group.id'='watched',
			'properties.bootstrap.servers'='%s', 'format'='json');
		CREATE TABLE copy (n BIGINT) WITH ('connector'='filesystem', 'format'='parquet', 'path'='%s');
		INSERT INTO copy SELECT n FROM clicks`, addr, t.TempDir()))); st.Err != "" {
		t.Fatal(st.Err)
	}
	got, err := a.GroupOffsets(t.Context(), "watched")
	want := kafka.Offsets{{Topic: "clicks", Partition: 0}: 3, {Topic: "clicks", Partition: 1}: 1}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("the group has %v, %v; want %v", got, err, want)
	}
}
