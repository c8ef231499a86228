package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// blobPrefix is what the names of objects begin with, among what a task remembers: an attempt that is lost cannot write there.
const blobPrefix = "blob:"

// ResultName is the object that holds a task's whole result. Artifacts have names of their own, after ArtifactPrefix.
const (
	ResultName     = "result"
	ArtifactPrefix = "artifact:"
)

// BlobName is what an attempt remembers an object by.
func BlobName(name string) string { return blobPrefix + name }

// BlobKeys is what the keys of a task's objects begin with.
func BlobKeys(id tasks.ID) string { return string(id) + "/" }

// BlobKey is the key of an attempt's nth object. No other attempt has the same, not even one of the same number elsewhere.
func (l Lease) BlobKey(n int) string {
	return BlobKeys(l.Task) + strconv.Itoa(l.Attempt) + "-" + l.Token + "/" + strconv.Itoa(n)
}

// Blob is what is known of an object: where it is, and what it looks like.
type Blob struct {
	Key      string          `json:"key"`
	MIMEType string          `json:"mimeType"`
	Form     json.RawMessage `json:"form"` // as its writer says
}

// Shelve notes that the attempt is about to write objects of its task. It comes before the first of them, so that none is ever left behind.
func (s *Store) Shelve(ctx context.Context, l Lease) (Pulse, error) {
	p, err := pulse(s.taskWith(ctx, s.scripts.shelve, l.Task, []string{blobsKey(l.Task.Shard())}, l.args()...))
	if err != nil {
		return p, fmt.Errorf("shelve: %w", err)
	}
	return p, nil
}

// Blob finds an object of a task. ErrNotFound: it has none of that name. The result is the one of the attempt that ended the task.
func (s *Store) Blob(ctx context.Context, id tasks.ID, name string) (*Blob, error) {
	if err := s.ours(id); err != nil {
		return nil, err
	}
	var known *redis.StringCmd
	var by *redis.SliceCmd
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		known = p.HGet(ctx, memoryKey(id), BlobName(name))
		by = p.HMGet(ctx, taskKey(id), "attempt", "token")
		return nil
	})
	if errors.Is(known.Err(), redis.Nil) {
		return nil, tasks.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("find object: %w", err)
	}
	var b Blob
	if err := json.Unmarshal([]byte(known.Val()), &b); err != nil {
		return nil, fmt.Errorf("find object: %w", err)
	}
	attempt, _ := strconv.Atoi(text(by.Val()[0]))
	last := Lease{id, attempt, text(by.Val()[1])}
	if name == ResultName && !strings.HasPrefix(b.Key, strings.TrimSuffix(last.BlobKey(0), "0")) {
		return nil, tasks.ErrNotFound // of an attempt that did not live to end the task
	}
	return &b, nil
}
