package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// ErrNotReplicated: Redis has the write, but no replica confirmed it in time; a failover could still forget it.
var ErrNotReplicated = errors.New("no replica has confirmed the write")

// replicaPatience is how long a replica may take to confirm.
const replicaPatience = time.Second

// lasting is task for a write that must outlive a failover: with strict durability it waits until a replica has everything that was
// written about the task so far. unsure is why that could not be confirmed.
func (s *Store) lasting(ctx context.Context, script *redis.Script, id tasks.ID, args ...any) (r reply, unsure, err error) {
	if !s.opts.Strict {
		r, err = s.task(ctx, script, id, args...)
		return r, nil, err
	}
	if err := s.ours(id); err != nil {
		return nil, nil, err
	}
	args = append([]any{string(id)}, args...)
	return s.confirmed(ctx, id, func(b batch) *redis.Cmd { return b.run(ctx, script, taskKeys(id), args...) })
}

// confirmed sends a write and the wait for a replica to one master over one connection: go-redis repeats all of it or nothing. A wait
// by itself could come to a newly promoted master that never had the write, and be confirmed there. WAIT speaks of what its own
// connection wrote, and a script that is repeated writes nothing: so a key is set in between.
func (s *Store) confirmed(ctx context.Context, id tasks.ID, write func(batch) *redis.Cmd) (r reply, unsure, err error) {
	node, err := s.master(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	var wrote, replicas *redis.Cmd
	var set *redis.StatusCmd
	_ = pipelined(ctx, node, func(b batch) { // an error shows in the command that met it
		wrote = write(b)
		set = b.Set(ctx, syncKey(id.Shard()), 1, 0)
		replicas = b.Do(ctx, "WAIT", 1, replicaPatience.Milliseconds())
	})
	v, err := wrote.Slice()
	if Unavailable(err) {
		s.lookAround(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	return v, replicated(set, replicas), nil
}

// replicated is nil if a replica has confirmed what was set.
func replicated(set *redis.StatusCmd, replicas *redis.Cmd) error {
	if err := set.Err(); err != nil {
		return fmt.Errorf("wait for a replica: %w", err)
	}
	n, err := replicas.Int()
	if err != nil {
		return fmt.Errorf("wait for a replica: %w", err)
	}
	if n < 1 {
		return ErrNotReplicated
	}
	return nil
}

// confirmEnd waits, with strict durability, until a replica has the end of a task that a client is about to be told of. An end that only
// the master has could be taken back. noted: a replica has it already.
func (s *Store) confirmEnd(ctx context.Context, t *tasks.Task, noted bool) error {
	if !s.opts.Strict || !t.Status.Terminal() || noted {
		return nil
	}
	r, unsure, err := s.confirmed(ctx, t.ID, func(b batch) *redis.Cmd { return b.Do(ctx, "HMGET", taskKey(t.ID), "status") })
	if err := errors.Join(err, unsure); err != nil {
		return err
	}
	if r.text(0) != string(t.Status) { // another master answers by now, which never had it
		return ErrNotReplicated
	}
	_, _ = s.task(ctx, s.scripts.confirm, t.ID) // otherwise the next reader waits too
	return nil
}

// master is the client of the one node that holds a task.
func (s *Store) master(ctx context.Context, id tasks.ID) (redis.UniversalClient, error) {
	if cluster, ok := s.rdb.(*redis.ClusterClient); ok {
		return cluster.MasterForKey(ctx, taskKey(id))
	}
	return s.rdb, nil
}

// lookAround has a cluster's client ask again who holds what: what is sent to a node by its own client follows no redirection.
func (s *Store) lookAround(ctx context.Context) {
	if cluster, ok := s.rdb.(*redis.ClusterClient); ok {
		cluster.ReloadState(ctx)
	}
}
