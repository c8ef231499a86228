package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// Ask puts a question and waits for its answer; after the policy's Park it gives the attempt back instead.
func (a *attempt) Ask(ctx context.Context, q tasks.Question) (json.RawMessage, error) {
	if !a.mayAsk(q) {
		return nil, tasks.Permanent(fmt.Errorf("%s: %w", q.Request.Method, tasks.ErrCannotAsk))
	}
	park := time.NewTimer(a.policy.Park)
	defer park.Stop()
	for {
		more := a.more() // before the look: an answer that comes in between is not missed
		answer, err := a.question(ctx, q)
		if answer != nil || err != nil {
			return answer, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-park.C:
			if a.park(ctx) {
				return nil, context.Cause(ctx)
			}
			park.Reset(a.policy.Park)
		}
	}
}

// mayAsk: the client declared that it can answer this, or it did before there was a task.
func (a *attempt) mayAsk(q tasks.Question) bool {
	return a.Capabilities.Has(q.Request.Kind()) ||
		slices.ContainsFunc(a.policy.Before, func(b tasks.Question) bool { return b.Key == q.Key })
}

// question writes the question, through outages of Redis.
func (a *attempt) question(ctx context.Context, q tasks.Question) (json.RawMessage, error) {
	for {
		answer, ended, err := a.w.Store.Question(ctx, a.Lease, q)
		switch {
		case ended:
			a.cancel(tasks.ErrCancelled)
			return nil, tasks.ErrCancelled
		case err == nil:
			return answer, nil
		case errors.Is(err, tasks.ErrLost):
			a.cancel(errGone)
			return nil, err
		case permanent(err):
			return nil, tasks.Permanent(err)
		case sleep(ctx, retryBeat) != nil:
			return nil, context.Cause(ctx)
		}
	}
}

// permanent: Redis answered, and the answer will not change.
func permanent(err error) bool {
	return errors.Is(err, tasks.ErrKeyReused) || errors.Is(err, store.ErrTooMany)
}

// park gives the attempt back until an answer comes. It is false if one is in already, or Redis does not answer: then wait on.
func (a *attempt) park(ctx context.Context) bool {
	if a.policy.Rerun == tasks.No {
		return false
	}
	a.mu.Lock()
	seen := a.seen
	a.mu.Unlock()
	_, err := a.w.Store.Release(ctx, a.Lease, store.Release{Phase: tasks.Parked, Message: "waiting for an answer", Answered: seen})
	if errors.Is(err, store.ErrAnswered) {
		a.answered(seen + 1)
		return false
	}
	if err != nil {
		return false
	}
	a.cancel(tasks.ErrParked)
	return true
}

func (a *attempt) more() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.changed
}

// answered wakes those who ask, if more answers are in than before.
func (a *attempt) answered(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n > a.seen {
		a.seen = n
		close(a.changed)
		a.changed = make(chan struct{})
	}
}
