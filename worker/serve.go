package worker

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/longhaul-mcp/longhaul/queue"
)

// serve takes deliveries from the queues that are served, and begins again when there are more of these.
func (w *Worker) serve(ctx context.Context) error {
	defer func() { _ = w.opts.Queue.Close() }() // here, since it may outlast Run while Redis is away
	for ctx.Err() == nil {
		if err := w.serveThese(ctx); err != nil {
			return err
		}
		if ctx.Err() == nil && w.grow() {
			w.opts.Logger.Info("worker serves more queues", "queues", slices.Sorted(maps.Keys(w.queues)))
		}
	}
	return nil
}

// serveThese returns when there is a queue to serve that is not served, too.
func (w *Worker) serveThese(ctx context.Context) error {
	if len(w.queues) == 0 { // its tools are still to come
		w.awaitQueue(ctx)
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { w.awaitQueue(ctx); stop() })
	defer watching.Wait()
	defer stop()
	return w.opts.Queue.Serve(ctx, queue.ServeOptions{Queues: w.queues, Slots: w.slots, Logger: w.opts.Logger}, w.take)
}

// awaitQueue waits for a tool whose queue should be served here and is not. Where others have to, it says so, once for each tool.
func (w *Worker) awaitQueue(ctx context.Context) {
	told := make(map[string]string)
	for {
		changed := w.opts.Registry.Changed()
		if len(w.opts.Queues) > 0 {
			w.complain(told)
		} else if len(w.missing()) > 0 {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// complain says which of its own tools nobody may be serving.
func (w *Worker) complain(told map[string]string) {
	for _, t := range w.opts.Registry.Tools() {
		if q := w.policy(t).Queue; w.queues[q] == 0 && told[t.Name] != q {
			told[t.Name] = q
			w.opts.Logger.Warn("this worker does not serve the queue of its own tool: another one has to", "tool", t.Name, "queue", q)
		}
	}
}

// missing are the queues of its own tools that are not served.
func (w *Worker) missing() (queues []string) {
	for _, q := range w.opts.Registry.Queues() {
		if q = cmp.Or(q, w.opts.DefaultQueue); w.queues[q] == 0 {
			queues = append(queues, q)
		}
	}
	return queues
}

// grow adds the queues that are missing, unless this worker was told which to serve. It never gives one up: there may still be tasks in it.
func (w *Worker) grow() bool {
	if len(w.opts.Queues) > 0 {
		return false
	}
	missing := w.missing()
	w.queues = maps.Clone(w.queues) // who serves reads the one before
	if w.queues == nil {
		w.queues = make(map[string]int)
	}
	for _, q := range missing {
		w.queues[q] = 1
	}
	return len(missing) > 0
}
