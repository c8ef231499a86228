package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Get reads a task: one round trip, one moment of it, from the master. It never writes.
func (s *Store) Get(ctx context.Context, id tasks.ID) (*tasks.Task, error) {
	t, _, err := s.read(ctx, id, false)
	return t, err
}

// read is Get, on demand with the events that are kept for replay.
func (s *Store) read(ctx context.Context, id tasks.ID, replay bool) (*tasks.Task, []string, error) {
	if err := s.ours(id); err != nil {
		return nil, nil, err
	}
	var hash, ask *redis.MapStringStringCmd
	var message, lastErr, out *redis.StringCmd
	var events *redis.StringSliceCmd
	reading := func(p redis.Pipeliner) error {
		hash = p.HGetAll(ctx, taskKey(id))
		message = p.Get(ctx, messageKey(id))
		lastErr = p.Get(ctx, errorKey(id))
		out = p.Get(ctx, resultKey(id))
		ask = p.HGetAll(ctx, questionsKey(id))
		if replay {
			events = p.LRange(ctx, eventsKey(id), 0, -1)
		}
		return nil
	}
	// MULTI, since a plain pipeline interleaves with answers: input_required without a question would be seen
	_, err := s.rdb.TxPipelined(ctx, reading)
	if redis.IsExecAbortError(err) { // a full Redis takes no MULTI, and no answers either
		_, err = s.rdb.Pipelined(ctx, reading)
	}
	if err != nil && !errors.Is(err, redis.Nil) { // Nil: one of the strings is absent
		return nil, nil, fmt.Errorf("read task: %w", err)
	}
	if err := hash.Err(); err != nil { // a Sentinel that does not know its master says Nil too
		return nil, nil, fmt.Errorf("read task: %w", err)
	}
	if len(hash.Val()) == 0 {
		return nil, nil, tasks.ErrNotFound
	}
	t, err := record(hash.Val()).task(id, beside{message.Val(), lastErr.Val(), out.Val(), ask.Val()})
	if err != nil {
		return nil, nil, fmt.Errorf("read task %s: %w", id, err)
	}
	if err := s.confirmEnd(ctx, t, hash.Val()["confirmed"] == "1"); err != nil {
		return nil, nil, fmt.Errorf("read task: %w", err)
	}
	if !replay {
		return t, nil, nil
	}
	return t, events.Val(), nil
}
