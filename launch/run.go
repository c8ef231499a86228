package launch

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	// goodbye is how long requests in flight may take to end at shutdown.
	goodbye = 10 * time.Second
	// lameDuck is how long a front end still answers after it ceased to be ready: load balancers need a moment to notice.
	lameDuck = 2 * time.Second
)

// run runs the parts until ctx ends, or one of them fails. What is needed longest ends last: first requests and attempts (above), then what
// they dispatched, then the watcher, the keeper, metrics and health (below).
func (p *parts) run(ctx context.Context, started func()) error {
	defer p.close()
	base, stopBase := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBase()
	below, base := errgroup.WithContext(base)
	below.Go(func() error { return p.watcher.Run(base) })
	below.Go(func() error { return p.keeper.Run(base) })
	if p.ops != nil {
		below.Go(func() error { return serve(base, p.ops, p.opsListener, nil) })
	}

	above, ctx := errgroup.WithContext(ctx)
	context.AfterFunc(ctx, func() { p.stopping.Store(true) })
	asked := make(chan struct{})
	below.Go(func() error { return p.relay(ctx, base, asked) })
	if p.hub != nil {
		below.Go(func() error { return (&teller{hub: p.hub, store: p.store, worker: p.name, every: tellEvery}).run(base) })
	}
	if p.front != nil {
		above.Go(func() error { return p.front.Run(ctx) })
		above.Go(func() error { return serve(ctx, p.http, p.listener, p.farewell) })
	}
	if p.worker != nil {
		above.Go(func() error {
			<-asked
			return p.worker.Run(ctx)
		})
	}
	if p.config != nil {
		above.Go(func() error { return p.config.run(ctx) })
	}
	above.Go(func() error {
		<-asked
		p.awaitTools(ctx)
		if ctx.Err() == nil {
			started()
		}
		return nil
	})
	err := above.Wait()
	p.dispatcher.Wait()
	stopBase()
	return errors.Join(err, below.Wait())
}

// bannerPatience is how long the banner waits until the call that it shows would work.
const bannerPatience = 5 * time.Second

// awaitTools waits until calls find the tools of this process, if it runs any.
func (p *parts) awaitTools(ctx context.Context) {
	if p.front == nil {
		return
	}
	var own []*tasks.Registered
	if p.worker != nil {
		own = p.registry.Tools()
	}
	ctx, cancel := context.WithTimeout(ctx, bannerPatience)
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !p.front.Lists(own) {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

// farewell tells clients and load balancers that this front end is going away, and gives load balancers time to notice.
func (p *parts) farewell(ctx context.Context) {
	p.front.Drain()
	if p.embedded {
		return // there is no other front end to go to
	}
	t := time.NewTimer(lameDuck)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// serve answers HTTP until ctx ends, and then lets requests in flight finish.
func serve(ctx context.Context, s *http.Server, l net.Listener, farewell func(context.Context)) error {
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye) // ctx has ended; its requests have not
	defer cancel()
	if farewell != nil {
		farewell(bye)
	}
	if s.Shutdown(bye) != nil {
		_ = s.Close() // only streams are cut off; their tasks run on
	}
	<-failed //nolint:errcheck // it is http.ErrServerClosed
	return nil
}
