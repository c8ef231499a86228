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
	// lameDuck is how long a front end that is not ready any more still answers: load balancers need a moment to see it.
	lameDuck = 2 * time.Second
)

// run runs the parts until ctx ends, or one of them fails. Who is needed longest ends last: requests and attempts, then what they
// handed on, then those who watch and keep, and tell how it goes.
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

// bannerPatience is how long the banner waits for what it shows to work.
const bannerPatience = 5 * time.Second

// awaitTools waits until a call would find its tool: this process's own, if it runs any.
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

// farewell tells clients and load balancers that this front end goes, and gives the latter time to hear it.
func (p *parts) farewell(ctx context.Context) {
	p.front.Drain()
	if p.embedded {
		return // there is no other
	}
	t := time.NewTimer(lameDuck)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// serve answers HTTP until ctx ends; then requests in flight end.
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
		_ = s.Close() // what is cut off are streams; their tasks run on
	}
	<-failed //nolint:errcheck // it says that it was shut down
	return nil
}
