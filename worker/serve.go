package worker

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/longhaul-mcp/longhaul/queue"
)

// serve takes deliveries from the queues, and begins again when there are more queues to serve.
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

// serveThese serves the queues that it has. It returns when ctx ends, or when there is another queue to serve.
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

// awaitQueue waits for a tool whose queue is not served here and should be. If this worker was told its queues it only warns, once for each
// tool.
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

// complain warns of the worker's own tools whose queue it does not serve.
func (w *Worker) complain(told map[string]string) {
	for _, t := range w.opts.Registry.Tools() {
		if q := w.policy(t).Queue; w.queues[q] == 0 && told[t.Name] != q {
			told[t.Name] = q
			w.opts.Logger.Warn("this worker does not serve the queue of its own tool: another one has to", "tool", t.Name, "queue", q)
		}
	}
}

// missing returns the queues of the worker's own tools that it does not serve.
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
