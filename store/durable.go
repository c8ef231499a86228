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

// durable waits, with strict durability, until a replica has everything that was written about a task so far. WAIT speaks of the
// writes of its own connection, so it follows one: replication is one stream, and what was written before it comes first.
func (s *Store) durable(ctx context.Context, id tasks.ID) error {
	if !s.opts.Strict {
		return nil
	}
	node, err := s.master(ctx, taskKey(id))
	if err != nil {
		return err
	}
	var confirmed *redis.Cmd
	_, err = node.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, syncKey(id.Shard()), 1, 0)
		confirmed = p.Do(ctx, "WAIT", 1, replicaPatience.Milliseconds())
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for a replica: %w", err)
	}
	if n, err := confirmed.Int(); err != nil || n < 1 {
		return errors.Join(ErrNotReplicated, err)
	}
	return nil
}

// master is the client of the one node that holds a key.
func (s *Store) master(ctx context.Context, key string) (redis.UniversalClient, error) {
	if cluster, ok := s.rdb.(*redis.ClusterClient); ok {
		return cluster.MasterForKey(ctx, key)
	}
	return s.rdb, nil
}
