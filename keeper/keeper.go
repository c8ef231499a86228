package keeper

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/longhaul-mcp/longhaul/blob"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	period = time.Second
	// A killed keeper's successor ticks within lease + period, well before a shard takes the silence for an outage (6 s).
	lease    = 3 * time.Second
	patience = lease / 2 // with one call
	// One damaged task must not hold up the others of its shard; several errors in a row are an outage.
	maxErrors = 3
)

// Keeper moves tasks on when time passes, while it is the elected one.
type Keeper struct {
	gate
	process string
	log     *slog.Logger
	elected atomic.Bool // as of the last round

	blobs    *blob.Store   // nil: this process has none
	clearing chan tasks.ID // tasks whose objects are to be deleted
	unable   sync.Once     // it has been said that they cannot be
}

// New makes a keeper. The process's name tells it from the others that stand for election.
func New(s *store.Store, q *queue.Queue, process string, log *slog.Logger) *Keeper {
	return &Keeper{gate: gate{s, q}, process: process, log: log, clearing: make(chan tasks.ID, clearingQueue)}
}

// Run stands for election, and keeps while elected, until ctx ends. It returns nil.
func (k *Keeper) Run(ctx context.Context) error {
	var others sync.WaitGroup
	others.Go(func() { k.keepLimits(ctx) })
	others.Go(func() { k.clean(ctx) })
	defer others.Wait()
	tick := time.NewTicker(period)
	defer tick.Stop()
	failing := false
	for {
		began := time.Now()
		err := k.round(ctx)
		if ctx.Err() != nil {
			k.resign(ctx)
			return nil
		}
		if failing != (err != nil) { // say it once, not every second of an outage
			failing = err != nil
			k.report(err)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			k.standAside(ctx, began)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// standAside lets the lease run out, of which this process cannot know whether it holds it: if only replies are lost, standing again would
// renew it each time, and nobody would keep. Others have more than a period to be elected.
func (k *Keeper) standAside(ctx context.Context, stood time.Time) {
	over := time.NewTimer(time.Until(stood.Add(lease + period + period/2)))
	defer over.Stop()
	select {
	case <-ctx.Done():
	case <-over.C:
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

// elect does not wait for longer than its lease would be worth having.
func (k *Keeper) elect(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return k.store.Elect(ctx, k.process, lease)
}

// round is one tick of the elected keeper, and a look at the lease for everybody else.
func (k *Keeper) round(ctx context.Context) error {
	for more := true; more; {
		elected, err := k.elect(ctx)
		k.elected.Store(elected)
		if err != nil || !elected {
			return err
		}
		shards, err := k.store.Tick(ctx)
		if err != nil {
			return errors.Join(err, k.act(ctx, shards, &more))
		}
		if err := k.act(ctx, shards, &more); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// roles are what a keeper does, the most urgent first.
func (k *Keeper) roles() []role {
	return []role{
		{"reap", func(o store.Overdue) []tasks.ID { return o.Live }, k.reap},
		{"sweep", func(o store.Overdue) []tasks.ID { return o.Due }, k.sweep},
		{"prune", func(o store.Overdue) []tasks.ID { return o.Ends }, k.prune},
	}
}

type role struct {
	name string
	of   func(store.Overdue) []tasks.ID
	do   func(context.Context, tasks.ID) (bool, error)
}

// act does what is overdue, for about a period: then it is time to tick again, or the shards would take the silence for an outage.
// more says whether something moved, so that there may be more behind it.
func (k *Keeper) act(ctx context.Context, shards []store.Overdue, more *bool) error {
	*more = false
	until := time.Now().Add(period)
	for _, r := range k.roles() {
		errs := 0
		for _, o := range shards {
			for _, id := range r.of(o) {
				if time.Now().After(until) || ctx.Err() != nil || errs > maxErrors {
					return ctx.Err()
				}
				did, err := r.do(ctx, id)
				if err != nil {
					errs++
					k.log.Warn("keeper action failed, it will be tried again", "action", r.name, "task", id, "err", err)
				}
				*more = *more || did
			}
		}
	}
	return nil
}
