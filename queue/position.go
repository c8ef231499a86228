package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// farthest is how many places from the front a delivery is looked for: it bounds what looking costs Redis.
const farthest = 1000

// Position is a delivery's place among those that wait under the same name, 1 for the next one. It is 0 if the delivery does not wait, or
// is not among the first 1000. Siblings of the queue are served in between, so it is no promise.
func (q *Queue) Position(ctx context.Context, d tasks.Delivery) (int, error) {
	pending := key(name(d), pendingKey)
	var place, length *redis.IntCmd
	_, err := q.rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		place = p.LPos(ctx, pending, taskID(d), redis.LPosArgs{Rank: -1, MaxLen: farthest}) // from the tail, where asynq takes them
		length = p.LLen(ctx, pending)
		return nil
	})
	if errors.Is(err, redis.Nil) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for %s in its queue: %w", taskID(d), err)
	}
	return int(length.Val() - place.Val()), nil
}
