package keeper

import (
	"context"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// reap takes a task from a worker that was not heard of in time, and has it run again.
func (k *Keeper) reap(ctx context.Context, id tasks.ID) (bool, error) {
	m, err := k.store.Reap(ctx, id)
	switch {
	case err != nil:
		return false, err
	case m.Broken:
		k.log.Warn("worker lost, task failed", "task", id)
		return true, nil
	case m.Next == nil:
		return false, nil
	}
	k.log.Info("worker lost, task runs again", "task", id, "attempt", m.Next.Attempt)
	return true, k.enqueue(ctx, *m.Next) // if this fails, due has it
}
