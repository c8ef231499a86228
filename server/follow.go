package server

import (
	"context"
	"sync"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// follower makes a channel of what a watch reports, so that it can be part of a select. The channel has no buffer: a slow reader gets the latest
// state, not an old one.
type follower struct {
	updates <-chan store.Update
	watch   *store.Watch
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// follow starts to watch tasks. The follower must be closed.
func (s *Server) follow(ctx context.Context, ids ...tasks.ID) (*follower, error) {
	subscribing, cancel := brief(ctx)
	defer cancel()
	watch, err := s.opts.Watcher.Watch(subscribing, ids...)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	updates := make(chan store.Update)
	f := &follower{updates: updates, watch: watch, cancel: stop}
	f.running.Go(func() { f.pump(ctx, updates) })
	return f, nil
}

func (f *follower) pump(ctx context.Context, updates chan<- store.Update) {
	for {
		u, err := f.watch.Next(ctx)
		if err != nil { // only the end of ctx is one
			return
		}
		select {
		case updates <- u:
		case <-ctx.Done():
			return
		}
	}
}

func (f *follower) close() {
	f.cancel()
	f.running.Wait()
	f.watch.Close()
}
