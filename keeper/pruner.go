package keeper

import (
	"context"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// prune forgets a task whose retention is over, or ends one that was open for too long.
func (k *Keeper) prune(ctx context.Context, id tasks.ID) (bool, error) {
	m, err := k.store.Prune(ctx, id)
	if m.Broken {
		k.log.Warn("task was open for too long, and failed", "task", id)
	}
	return err == nil, err
}
