package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// ErrConflict says that asynq already knows this attempt of this task: it waits, was taken, or left traces. State tells
// which.
var ErrConflict = errors.New("attempt was already enqueued")

const (
	taskType = "attempt"

	// asynq's own ideas of failure must never end a delivery: the record decides. Zero would mean asynq's defaults, or
	// the archive at once.
	neverExhausted = 1000
	neverTimedOut  = 30 * 24 * time.Hour
)

// Enqueue puts a delivery into its queue and wakes the workers. It is durable when it returns nil; ErrConflict when this
// attempt was enqueued before; after any other error it may or may not be in the queue.
func (q *Queue) Enqueue(ctx context.Context, d tasks.Delivery) error {
	if err := check(d); err != nil {
		return fmt.Errorf("enqueue %s: %w", taskID(d), err)
	}
	_, err := q.asynq.EnqueueContext(ctx, asynq.NewTask(taskType, payload(d)),
		asynq.Queue(name(d)), asynq.TaskID(taskID(d)), asynq.MaxRetry(neverExhausted), asynq.Timeout(neverTimedOut))
	conflict := errors.Is(err, asynq.ErrTaskIDConflict)
	if q.apart && (err == nil || conflict) {
		// On a conflict too: it may have been this very call, resent because its reply was lost.
		q.rdb.Publish(ctx, channel(d.Queue), name(d))
	}
	switch {
	case conflict:
		return fmt.Errorf("enqueue %s: %w", taskID(d), ErrConflict)
	case err != nil:
		return fmt.Errorf("enqueue %s: %w", taskID(d), err)
	}
	return nil
}
