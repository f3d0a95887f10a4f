// Package kafka reads and writes Kafka topics fast and exactly once, and embeds a broker for
// development and tests.
//
//	reading   URL, Range ─► Resolve ─► one PartitionReader a partition ─► Records (columns of spans)
//	writing   Producer      idempotent, for plain inserts
//	          TxnProducer   one transaction a checkpoint; the transaction is the commit point
//	admin     Admin         topics and offsets
//	testing   Broker        a broker in this process
//
// Reading does not go through a client library's records: a reader sends fetch requests itself,
// keeps one in flight while the caller decodes the last, and Walker walks the raw record batches
// into [Records]: offsets, timestamps and the places of key, value and headers in one byte arena.
// No record is allocated or copied; compressed batches are decompressed once into a reused arena.
// Every batch's CRC is checked. Under read committed, control batches and the batches of aborted
// transactions are left out as the fetch response names them.
//
// Invariants:
//   - A reader's Position only grows, and every record below it was returned exactly once (records
//     of aborted transactions and those removed by compaction apart).
//   - What fails says where: topic, partition and offset, and the broker when it is the broker.
//   - After TxnProducer.Commit returned nil it is decided that read committed readers get both the
//     records and the group's offsets, even if broker and job die now; brokers show them within
//     milliseconds. After an error LastCommitted, asked once a new producer is open, tells.
//
// Not here: consumer groups with rebalancing (a job assigns its partitions itself), message formats
// before version 2 (topics written before Kafka 0.11), decoding of values.
//
// Sources: the Kafka protocol guide (kafka.apache.org/protocol), "Record Batch" and "Record" of the
// implementation chapter, KIP-98 (transactions), KIP-74 (fetch sizes), KIP-447.
package kafka
