package launch

import (
	"context"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

const (
	// tellEvery is how often a worker renews its view, three times within its lease.
	tellEvery = store.ViewLease / 3
	// tellPause is the least time between two writes: a server may go up and down with every call.
	tellPause = time.Second
)

// teller writes to Redis, for operators, how this worker sees its upstream servers. That is one trip each tellEvery, however many servers there
// are, one more when the state of one changes, and none without servers.
type teller struct {
	hub    *upstream.Hub
	store  *store.Store
	worker string
	every  time.Duration // tellEvery
	told   bool          // Redis may have a view that is to be taken back at the end
}

// run tells until ctx ends, and takes back what it told.
func (t *teller) run(ctx context.Context) error {
	tick := time.NewTicker(t.every)
	defer tick.Stop()
	for ctx.Err() == nil {
		t.tell(ctx, viewsOf(t.hub.Health()))
		pause(ctx, tellPause)
		select {
		case <-tick.C:
		case <-t.hub.Changed():
		case <-ctx.Done():
		}
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // ctx has ended
	defer cancel()
	t.tell(bye, nil) // if that fails the lease runs out
	return nil
}

// tell writes the view. If Redis does not take it, the next one will do.
func (t *teller) tell(ctx context.Context, servers []store.View) {
	if len(servers) == 0 && !t.told {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, tellEvery)
	defer cancel()
	err := t.store.Tell(ctx, t.worker, servers)
	t.told = len(servers) > 0 || err != nil
}

func viewsOf(servers []upstream.Health) []store.View {
	list := make([]store.View, len(servers))
	for i, h := range servers {
		list[i] = store.View{Server: h.Server, State: string(h.State), Since: h.Since, Name: h.Name, Version: h.Version, Protocol: h.Revision, Calls: h.Calls}
		switch {
		case h.Err != nil:
			list[i].Reason = h.Err.Error()
		case h.Tools == 0: // whoever sees it up wonders where its tools are
			list[i].Reason = h.Warnings
		}
	}
	return list
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
