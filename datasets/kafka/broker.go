package kafka

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/riffle-io/riffle/internal/vfs"
)

// Broker is a one-node Kafka cluster inside this process, for development, demos and tests. It
// speaks the real protocol over TCP: any client can use it, with topics, groups and transactions.
//
// What it is not: it has no replication, no quotas, no tiered storage, and one goroutine serves all
// requests. It leaves flushing to the operating system until it is closed: after a crash of the
// process no acknowledged record is lost, after one of the machine the newest may be. A crash of the
// process also forgets which transactions were open or had been aborted: read committed readers may
// then see rows of an aborted one, or none behind one that was open. Close loses nothing.
type Broker struct {
	cluster *kfake.Cluster
	addr    string
	lock    io.Closer // nil without DataDir
}

// BrokerOptions are the settings of StartBroker; the zero value is a broker in memory on a free
// loopback port.
type BrokerOptions struct {
	Listen     string // host:port, also what clients are told; default "127.0.0.1:0"
	DataDir    string // keeps topics, groups and records across restarts; default: memory only
	Partitions int    // of topics that are created by use; default 4
}

// StartBroker starts a broker. A DataDir that another broker uses is a *vfs.LockedError.
func StartBroker(o BrokerOptions) (*Broker, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Partitions == 0 {
		o.Partitions = 4
	}
	ln, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	b := &Broker{addr: ln.Addr().String()}
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.ClusterID("riffle-development"),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return ln, nil }),
		kfake.DefaultNumPartitions(o.Partitions),
		// Replayed history has old timestamps; it must not expire as it is written.
		kfake.BrokerConfigs(map[string]string{"log.retention.ms": "-1"}),
	}
	if o.DataDir != "" {
		if b.lock, err = lockDataDir(o.DataDir); err != nil {
			return nil, errors.Join(fmt.Errorf("start broker: %w", err), ln.Close())
		}
		opts = append(opts, kfake.DataDir(o.DataDir))
	}
	if b.cluster, err = kfake.NewCluster(opts...); err != nil {
		err = fmt.Errorf("start broker: %w", err)
		if b.lock != nil {
			err = errors.Join(err, b.lock.Close())
		}
		return nil, err
	}
	b.cluster.ControlKey(int16(kmsg.Metadata), b.createByUse)
	return b, nil
}

// createByUse makes the topics that a metadata request asks for and allows to create, and leaves
// the answer to the cluster. The cluster's own creation by use writes a topic down only when it is
// closed, so that a kill would lose the topic with all its records.
func (b *Broker) createByUse(kreq kmsg.Request) (kmsg.Response, error, bool) {
	req := kreq.(*kmsg.MetadataRequest)
	if req.AllowAutoTopicCreation {
		for _, t := range req.Topics {
			if t.Topic != nil && t.TopicID == [16]byte{} {
				// An error means that it exists, or that the answer will be "no such topic".
				_ = b.cluster.CreateTopic(*t.Topic, 0, nil)
			}
		}
	}
	return nil, nil, false
}

func lockDataDir(dir string) (io.Closer, error) {
	disk := vfs.OS{}
	if err := disk.MkdirAll(dir); err != nil {
		return nil, err
	}
	return disk.Lock(dir)
}

// Addr is the host:port that clients connect to.
func (b *Broker) Addr() string { return b.addr }

// Close stops the broker, drops its connections and, with a DataDir, writes its state to disk.
func (b *Broker) Close() error {
	b.cluster.Close()
	if b.lock == nil {
		return nil
	}
	return b.lock.Close()
}
