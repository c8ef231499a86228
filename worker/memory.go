package worker

import (
	"context"
	"encoding/json"
	"errors"
	"maps"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// Recall finds what was remembered; all of it is read once, when a later attempt first asks.
func (a *attempt) Recall(ctx context.Context, name string) (json.RawMessage, error) {
	a.remembering.Lock()
	defer a.remembering.Unlock()
	if !a.recalled && a.Attempt > 1 { // there is nothing before the first
		if err := insist(ctx, a.log, "recall", a.recall); err != nil {
			return nil, err
		}
	}
	return a.memory[name], nil
}

func (a *attempt) recall(ctx context.Context) error {
	memory, err := a.w.opts.Store.Recall(ctx, a.Task)
	if err != nil {
		return err
	}
	maps.Copy(memory, a.memory)
	a.memory, a.recalled = memory, true
	return nil
}

// Remember keeps a value, through outages of Redis.
func (a *attempt) Remember(ctx context.Context, name string, value json.RawMessage) error {
	a.remembering.Lock()
	defer a.remembering.Unlock()
	a.remembered++
	err := insist(ctx, a.log, "remember", func(ctx context.Context) error {
		p, err := a.w.opts.Store.Remember(ctx, a.Lease, a.remembered, name, value)
		_ = a.pulse(p, err) // the error is for insist to judge
		if p.Ended {
			return store.ErrEnded
		}
		return err
	})
	switch {
	case err == nil:
		a.memory[name] = value
		return nil
	case errors.Is(err, store.ErrEnded):
		return tasks.ErrCancelled
	case refused(err):
		return tasks.ErrLost
	case permanent(err):
		return tasks.Permanent(err)
	}
	return err
}
