package queue

import (
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// Queue puts deliveries into queues and tells what became of them. Its methods may be called
// by any goroutine.
type Queue struct {
	rdb   redis.UniversalClient
	asynq *asynq.Client
	apart bool // announcements are sent after the script, by themselves
}

// New makes a Queue that uses the caller's Redis client, adds a hook to it that concerns asynq's own script alone, and never closes it.
func New(rdb redis.UniversalClient) *Queue {
	q := &Queue{rdb: rdb, asynq: asynq.NewClientFromRedisClient(rdb)}
	// On a cluster the two parts of a pipeline go to different nodes, and the announcement might come first.
	if _, q.apart = rdb.(*redis.ClusterClient); !q.apart {
		rdb.AddHook(announcer{rdb})
	}
	return q
}
