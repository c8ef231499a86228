package keeper

import (
	"context"
	"log/slog"
	"time"

	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	period = time.Second
	// A killed keeper's successor ticks within lease + period, well before a shard takes the silence for an outage (6 s).
	lease = 3 * time.Second
	// One damaged task must not hold up the others of its shard; several errors in a row are an outage.
	maxErrors = 3
)

// Keeper moves tasks on when time passes, while it is the elected one.
type Keeper struct {
	store   *store.Store
	queue   *queue.Queue
	process string
	log     *slog.Logger
}

// New makes a keeper. The process's name tells it from the others that stand for election.
func New(s *store.Store, q *queue.Queue, process string, log *slog.Logger) *Keeper {
	return &Keeper{s, q, process, log}
}

// Run stands for election, and keeps while elected, until ctx ends. It returns nil.
func (k *Keeper) Run(ctx context.Context) error {
	tick := time.NewTicker(period)
	defer tick.Stop()
	failing := false
	for {
		err := k.round(ctx)
		if ctx.Err() != nil {
			k.resign(ctx)
			return nil
		}
		if failing != (err != nil) { // say it once, not every second of an outage
			failing = err != nil
			k.report(err)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (k *Keeper) report(err error) {
	if err != nil {
		k.log.Warn("keeper cannot look after the tasks", "err", err)
	} else {
		k.log.Info("keeper looks after the tasks again")
	}
}

// resign is courtesy: without it the lease runs out.
func (k *Keeper) resign(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = k.store.Resign(ctx, k.process)
}

// round is one tick of the elected keeper, and a look at the lease for everybody else.
func (k *Keeper) round(ctx context.Context) error {
	for more := true; more; {
		elected, err := k.store.Elect(ctx, k.process, lease)
		if err != nil || !elected {
			return err
		}
		shards, err := k.store.Tick(ctx)
		more = false
		for _, o := range shards {
			if !o.Empty() {
				more = k.act(ctx, o) || more
			}
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// act does everything that is overdue in a shard. It reports whether anything moved, and so more may be waiting behind it.
func (k *Keeper) act(ctx context.Context, o store.Overdue) (moved bool) {
	errs := 0
	for _, role := range []struct {
		name string
		ids  []tasks.ID
		do   func(context.Context, tasks.ID) (bool, error)
	}{{"sweep", o.Due, k.sweep}, {"reap", o.Live, k.reap}, {"prune", o.Ends, k.prune}} {
		for _, id := range role.ids {
			if ctx.Err() != nil || errs > maxErrors {
				return false
			}
			did, err := role.do(ctx, id)
			if err != nil {
				errs++
				k.log.Warn("keeper action failed, it will be tried again", "action", role.name, "task", id, "err", err)
			}
			moved = moved || did
		}
	}
	return moved
}
