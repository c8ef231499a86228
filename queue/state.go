package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// State is where a delivery is.
type State int

// The states of a delivery.
const (
	Absent  State = iota // never enqueued, or taken and done with
	Pending              // waits to be taken
	Active               // was taken, and its taker has not returned: it does at once, or is dead
	Other                // will not be taken soon, if ever: asynq put it aside, or lost a part of it
)

func (s State) String() string {
	return [...]string{"absent", "pending", "active", "other"}[s]
}

// State looks a delivery up. asynq's own inspector would report a delivery as active that is in no list of asynq's any
// more, and none at all after Redis was emptied, so it is the keys that are read.
func (q *Queue) State(ctx context.Context, d tasks.Delivery) (State, error) {
	var hash *redis.MapStringStringCmd
	var lease *redis.FloatCmd
	_, err := q.rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		hash = p.HGetAll(ctx, key(name(d), taskKey+taskID(d)))
		lease = p.ZScore(ctx, key(name(d), leaseKey), taskID(d))
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) { // Nil: it has no lease
		return Absent, fmt.Errorf("look up %s: %w", taskID(d), err)
	}
	leased := lease.Err() == nil
	switch h := hash.Val(); {
	case len(h) == 0 && !leased:
		return Absent, nil
	case h["msg"] == "":
		return Other, nil
	case h["state"] == "pending":
		return Pending, nil
	case h["state"] == "active" && leased:
		return Active, nil
	}
	return Other, nil
}
