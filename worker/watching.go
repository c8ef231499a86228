package worker

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// A source that cannot be watched is tried again after a pause that doubles.
const (
	firstWatchPause = time.Second
	lastWatchPause  = 30 * time.Second
	tellTime        = 2 * time.Second
)

// watching follows the resources of a source to which somebody subscribes, while this worker is the one that has to (store.Wanted).
type watching struct {
	*responder
	open    map[string]context.CancelFunc // by URI
	working sync.WaitGroup
}

func newWatching(r *responder) *watching {
	return &watching{responder: r, open: make(map[string]context.CancelFunc)}
}

// look starts and stops following resources, according to what Redis says is wanted now. If Redis does not answer nothing changes.
func (x *watching) look(ctx context.Context) {
	var wanted []string
	if source, ok := x.w.opts.Registry.Source(x.source); ok && source.Subscribes {
		looking, cancel := context.WithTimeout(ctx, standEvery)
		defer cancel()
		var err error
		if wanted, err = x.w.opts.Store.Wanted(looking, x.source, x.name); err != nil {
			return
		}
	}
	for uri, end := range x.open {
		if !slices.Contains(wanted, uri) {
			end()
			delete(x.open, uri)
		}
	}
	for _, uri := range wanted {
		if x.open[uri] == nil {
			x.open[uri] = x.begin(ctx, uri)
		}
	}
}

func (x *watching) begin(ctx context.Context, uri string) context.CancelFunc {
	ctx, end := context.WithCancel(ctx)
	x.working.Go(func() {
		defer end()
		x.follow(ctx, uri)
	})
	return end
}

// close stops following, and waits until that has ended.
func (x *watching) close() {
	for _, end := range x.open {
		end()
	}
	x.working.Wait()
}

// follow follows a resource until ctx ends.
func (x *watching) follow(ctx context.Context, uri string) {
	for pause := firstWatchPause; ; pause = min(2*pause, lastWatchPause) {
		began := time.Now()
		err := x.watch(ctx, uri)
		if ctx.Err() != nil {
			return
		}
		x.w.opts.Logger.Warn("resource is not watched, trying again", "source", x.source, "uri", uri, "err", err)
		if time.Since(began) > lastWatchPause {
			pause = firstWatchPause
		}
		if sleep(ctx, pause) != nil {
			return
		}
	}
}

func (x *watching) watch(ctx context.Context, uri string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("source panicked: %v\n%s", p, debug.Stack())
		}
	}()
	source, ok := x.w.opts.Registry.Source(x.source)
	if !ok || source.Watch == nil {
		return fmt.Errorf("source %s has no subscriptions any more", x.source)
	}
	return source.Watch(ctx, uri, func() { x.tell(ctx, uri) })
}

func (x *watching) tell(ctx context.Context, uri string) {
	ctx, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	if err := x.w.opts.Store.Updated(ctx, x.source, uri); err != nil {
		x.w.opts.Logger.Warn("a resource's change was not told", "source", x.source, "uri", uri, "err", err)
	}
}
