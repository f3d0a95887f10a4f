package jobs

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
)

// record is what the registry keeps of a job.
type record struct {
	Spec    Spec      `json:"spec"`
	Version int       `json:"version"` // of the query; names its state directory
	Want    string    `json:"want"`    // Running, Paused, Stopped
	Created time.Time `json:"created"`
	// Ended is Finished or Failed when the job ended by itself, with the cause of a failure.
	Ended string `json:"ended,omitempty"`
	Cause string `json:"cause,omitempty"`
	Runs  int    `json:"runs"` // starts of a process or of a run, over the job's life
	// Target is where its rows go, "" when it was never prepared by a server that keeps it.
	Target string `json:"target,omitempty"`
	// Committed is the newest checkpoint of this version that its sinks are known to have committed.
	Committed int64   `json:"committed,omitempty"`
	Past      []Event `json:"past,omitempty"`
}

// registry is the durable list of jobs. Every put is synced before it returns.
type registry struct{ db *bbolt.DB }

var jobBucket = []byte("jobs")

func openRegistry(dir string) (r *registry, err error) {
	path := filepath.Join(dir, "registry.db")
	defer damagedRegistry(path, &err)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(jobBucket)
		return err
	})
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return &registry{db}, nil
}

// Registered lists the jobs of a server's directory that would run if a server did, in order of
// names. While a server runs, it has the registry and the answer is bbolt's error of a timeout.
func Registered(dir string) (names []string, err error) {
	path := filepath.Join(dir, "registry.db")
	defer damagedRegistry(path, &err)
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: 100 * time.Millisecond})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	r := &registry{db}
	defer r.close()
	list, err := r.list()
	for _, rec := range list {
		if rec.Want != Stopped && rec.Ended == "" {
			names = append(names, rec.Spec.Name)
		}
	}
	return names, err
}

func (r *registry) put(rec *record) error {
	data, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	return r.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(jobBucket).Put([]byte(rec.Spec.Name), data)
	})
}

func (r *registry) remove(name string) error {
	return r.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(jobBucket).Delete([]byte(name)) })
}

// ErrRegistry means that the registry is not what was written.
var ErrRegistry = errors.New("the registry of jobs is damaged")

func lostRegistry(path string, why error) error {
	return fmt.Errorf("%w: %s: %w; put the file back from a copy, or move it away and promote the jobs again: their savepoints stay", ErrRegistry, path, why)
}

// damagedRegistry makes an error of bbolt's panic over a file that something else wrote to.
func damagedRegistry(path string, err *error) {
	if r := recover(); r != nil {
		*err = lostRegistry(path, fmt.Errorf("%v", r))
	}
}

// list is every record in order of names.
func (r *registry) list() (out []*record, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // the file is mapped into memory
	defer damagedRegistry(r.db.Path(), &err)
	err = r.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(jobBucket)
		if b == nil {
			return nil // a server was killed before it made one
		}
		return b.ForEach(func(k, v []byte) error {
			rec := &record{}
			if err := json.Unmarshal(v, rec); err != nil {
				return lostRegistry(r.db.Path(), fmt.Errorf("entry of job %s: %w", k, err))
			}
			out = append(out, rec)
			return nil
		})
	})
	return out, err
}

func (r *registry) close() error { return r.db.Close() }
