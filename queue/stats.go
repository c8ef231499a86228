package queue

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Stats counts a queue's deliveries.
type Stats struct {
	Pending int64 // wait to be taken
	Active  int64 // were taken by a worker that has not returned: close to zero, unless workers died
}

// Stats counts the deliveries of a queue, of every priority and attempt.
func (q *Queue) Stats(ctx context.Context, queue string) (Stats, error) {
	var pending, active []*redis.IntCmd
	_, err := q.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, n := range names(queue) {
			pending = append(pending, p.LLen(ctx, key(n, pendingKey)))
			active = append(active, p.LLen(ctx, key(n, activeKey)))
		}
		return nil
	})
	if err != nil {
		return Stats{}, fmt.Errorf("count queue %s: %w", queue, err)
	}
	var s Stats
	for i := range pending {
		s.Pending += pending[i].Val()
		s.Active += active[i].Val()
	}
	return s, nil
}
