package launch

import (
	"context"
	"errors"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// goodbye is how long requests in flight may take to end at shutdown.
const goodbye = 10 * time.Second

// run runs the parts until ctx ends, or one of them fails. Who is needed longest ends last: requests and attempts, then what they
// handed on, then those who watch and keep.
func (p *parts) run(ctx context.Context, started func()) error {
	defer p.close()
	base, stopBase := context.WithCancel(context.WithoutCancel(ctx)) // the watcher and the keeper outlive the rest
	defer stopBase()
	var below errgroup.Group
	below.Go(func() error { return p.watcher.Run(base) })
	below.Go(func() error { return p.keeper.Run(base) })

	above, ctx := errgroup.WithContext(ctx)
	if p.front != nil {
		above.Go(func() error { return p.front.Run(ctx) })
		above.Go(func() error { return p.serve(ctx, 0, p.http) })
	}
	if p.worker != nil {
		above.Go(func() error { return p.worker.Run(ctx) })
	}
	if p.ops != nil {
		above.Go(func() error { return p.serve(ctx, 1, p.ops) })
	}
	started()
	err := above.Wait()
	p.dispatcher.Wait()
	stopBase()
	return errors.Join(err, below.Wait())
}

// serve answers HTTP until ctx ends; then requests in flight end.
func (p *parts) serve(ctx context.Context, door int, s *http.Server) error {
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(p.listen[door]) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	if p.front != nil {
		p.front.Drain()
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye) // ctx has ended; its requests have not
	defer cancel()
	if s.Shutdown(bye) != nil {
		_ = s.Close() // held calls: their tasks run on
	}
	<-failed //nolint:errcheck // it says that it was shut down
	return nil
}
