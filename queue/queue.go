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
}

// New makes a Queue that uses the caller's Redis client and never closes it.
func New(rdb redis.UniversalClient) *Queue {
	return &Queue{rdb: rdb, asynq: asynq.NewClientFromRedisClient(rdb)}
}
