package keeper

import (
	"context"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/blob"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// prune forgets a task whose retention is over, or ends one that was open for too long.
func (k *Keeper) prune(ctx context.Context, id tasks.ID) (bool, error) {
	m, err := k.store.Prune(ctx, id)
	if m.Broken {
		k.log.Warn("task was open for too long, and failed", "task", id)
	}
	if m.Blobs {
		k.clear(id)
	}
	return err == nil, err
}

// clear has a task's objects deleted. What cannot be done now is overdue again in a minute.
func (k *Keeper) clear(id tasks.ID) {
	if k.blobs == nil {
		k.unable.Do(func() {
			k.log.Warn("tasks whose time is over have results in a blob store, and this process has none: they stay until a process with -blob is the keeper", "task", id)
		})
		return
	}
	select {
	case k.clearing <- id:
	default: // many are on their way
	}
}

const (
	cleaners      = 4
	clearTimeout  = 30 * time.Second
	clearingQueue = 1000
)

// clean deletes the objects of tasks that are to be forgotten, beside the keeper's own work: a blob store may take its time, and the clocks
// cannot wait for it.
func (k *Keeper) clean(ctx context.Context) {
	var cleaning sync.WaitGroup
	for range cleaners {
		cleaning.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case id := <-k.clearing:
					if err := k.forget(ctx, id); err != nil && ctx.Err() == nil {
						k.log.Warn("objects of a task could not be deleted, it will be tried again", "task", id, "err", err)
					}
				}
			}
		})
	}
	cleaning.Wait()
}

func (k *Keeper) forget(ctx context.Context, id tasks.ID) error {
	ctx, cancel := context.WithTimeout(ctx, clearTimeout)
	defer cancel()
	if err := k.blobs.DeleteAll(ctx, store.BlobKeys(id)); err != nil {
		return err
	}
	return k.store.Clear(ctx, id)
}

// Deleting has the keeper delete the objects of tasks that are forgotten. Without it they stay, and so do what is left of their tasks.
func (k *Keeper) Deleting(b *blob.Store) { k.blobs = b }
