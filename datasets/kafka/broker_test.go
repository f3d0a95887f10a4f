package kafka

import (
	"errors"
	"net"
	"os"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// A transaction that is open when the broker stops is open after the restart, and the next
// producer with the id aborts it.
func TestBrokerOpenTransaction(t *testing.T) {
	dir := t.TempDir()
	b, err := StartBroker(BrokerOptions{DataDir: dir, Partitions: 1})
	check(t, err)
	c := Config{Brokers: []string{b.Addr()}}
	write(t, c, 0, 5)
	old := openTxn(t, c)
	check(t, old.Begin())
	produce(t, old, 100, 110)
	check(t, old.s.flush(testContext(t)))
	check(t, b.Close())
	startBroker(t, BrokerOptions{Listen: b.Addr(), DataDir: dir})
	a := openAdmin(t, c)
	wantValues(t, readable(t, c, a, true), values(0, 5))
	now := openTxn(t, c)
	check(t, now.Begin())
	produce(t, now, 5, 10)
	check(t, now.Commit(testContext(t), "group", 1, Offsets{{"t", 0}: 1}))
	wantReadable(t, c, a, values(0, 10))
	if err := old.Commit(testContext(t), "group", 2, Offsets{{"t", 0}: 1}); !errors.Is(err, ErrFenced) {
		t.Errorf("commit of the producer from before the restart: %v", err)
	}
}

// The files as they are in mid-run, which is what a killed process leaves, hold all that was
// acknowledged.
func TestBrokerKilled(t *testing.T) {
	dir, left := t.TempDir(), t.TempDir()
	b := startBroker(t, BrokerOptions{DataDir: dir, Partitions: 1})
	c := Config{Brokers: []string{b.Addr()}}
	p := openTxn(t, c)
	check(t, p.Begin())
	produce(t, p, 0, 500)
	check(t, p.Commit(testContext(t), "group", 7, Offsets{{"t", 0}: 3}))
	check(t, p.Begin())
	produce(t, p, 500, 510)
	check(t, p.s.flush(testContext(t)))
	check(t, os.CopyFS(left, os.DirFS(dir)))
	b = startBroker(t, BrokerOptions{DataDir: left})
	c = Config{Brokers: []string{b.Addr()}}
	a := openAdmin(t, c)
	openTxn(t, c)
	wantCommitted(t, a, 7, true)
	wantReadable(t, c, a, values(0, 500))
}

func TestBrokerAddressInUse(t *testing.T) {
	b := startBroker(t, BrokerOptions{})
	dir := t.TempDir()
	var op *net.OpError
	if _, err := StartBroker(BrokerOptions{Listen: b.Addr(), DataDir: dir}); !errors.As(err, &op) {
		t.Errorf("second broker on one port: %v", err)
	}
	startBroker(t, BrokerOptions{DataDir: dir}) // the directory was not left locked
}

// What a broker hands out with a wrong checksum is an error with its place, not rows.
func TestReaderCorrupt(t *testing.T) {
	raw := simpleBatch(t, 0, 3, 0, -1)
	raw[len(raw)-1] ^= 1
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "t"), kfake.SyntheticFetch(kfake.SyntheticBatch{Batch: raw}))
	check(t, err)
	t.Cleanup(cluster.Close)
	r := openReader(t, ReaderOptions{Config: Config{Brokers: cluster.ListenAddrs()}, Start: 3, End: NoEnd})
	var recs Records
	err = r.Next(testContext(t), &recs)
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) || corrupt.Topic != "t" || corrupt.Partition != 0 || corrupt.Offset != 3 || recs.Len() != 0 {
		t.Errorf("corrupt batch: %d records, %v", recs.Len(), err)
	}
}
