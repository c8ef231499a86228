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
	for !a.recalled && a.Attempt > 1 { // there is nothing before the first
		memory, err := a.w.opts.Store.Recall(ctx, a.Task)
		if err == nil {
			maps.Copy(memory, a.memory)
			a.memory, a.recalled = memory, true
		} else if sleep(ctx, retryBeat) != nil {
			return nil, context.Cause(ctx)
		}
	}
	return a.memory[name], nil
}

// Remember keeps a value, through outages of Redis.
func (a *attempt) Remember(ctx context.Context, name string, value json.RawMessage) error {
	a.remembering.Lock()
	defer a.remembering.Unlock()
	a.remembered++
	for {
		p, err := a.w.opts.Store.Remember(ctx, a.Lease, a.remembered, name, value)
		away := a.pulse(p, err) != nil
		switch {
		case errors.Is(err, store.ErrMemoryFull):
			return tasks.Permanent(err)
		case p.Ended:
			return tasks.ErrCancelled
		case err == nil:
			a.memory[name] = value
			return nil
		case !away: // refused: it is not ours any more
			return tasks.ErrLost
		case sleep(ctx, retryBeat) != nil:
			return context.Cause(ctx)
		}
	}
}
