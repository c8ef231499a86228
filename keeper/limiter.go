package keeper

import (
	"context"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
)

// shortest is the least that the limiter waits, so that a rate of many starts a second costs Redis little.
const shortest = 20 * time.Millisecond

// keepLimits looks after the limits while this process is the keeper: it lets in whose time has come, and takes permits back that are of no use
// any more. It does not wait for the rounds, since a limited rate asks for more precision than they have.
func (k *Keeper) keepLimits(ctx context.Context) {
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		wait := period
		if k.elected.Load() {
			wait = k.tickLimits(ctx)
		}
		next.Reset(wait)
	}
}

// tickLimits looks after the limits once, and says how long they can be left alone.
func (k *Keeper) tickLimits(ctx context.Context) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, dispatchTimeout)
	defer cancel()
	limits, err := k.store.TickLimits(ctx)
	if err != nil {
		k.log.Debug("limits are not looked after", "err", err) // the rounds say it aloud
	}
	wait := period
	for _, l := range limits {
		k.settleAll(ctx, l)
		if l.Wait >= 0 {
			wait = min(wait, l.Wait)
		}
	}
	return max(wait, shortest)
}

func (k *Keeper) settleAll(ctx context.Context, l store.LimitTick) {
	if err := k.settle(ctx, l.Limit, append(l.Let, l.Unsure...), k.put); err != nil {
		k.log.Warn("permits were not passed on, trying again", "limit", l.Limit, "err", err)
	}
}
