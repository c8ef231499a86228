package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/longhaul-mcp/longhaul/blob"
	"github.com/longhaul-mcp/longhaul/keeper"
	"github.com/longhaul-mcp/longhaul/queue"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/prometheus/client_golang/prometheus"
)

// Options say what a worker needs and how it behaves.
type Options struct {
	Registry   *tasks.Registry
	Store      *store.Store
	Watcher    *store.Watcher
	Queue      *queue.Server // the worker closes it
	Dispatcher *keeper.Dispatcher
	Blobs      *blob.Store // where large results and artifacts go. Zero: there are none, and large results are errors
	Name       string      // tells this process from others

	Concurrency  int            // attempts at once. Zero: DefaultConcurrency
	DefaultQueue string         // for tools whose policy names none. Zero: DefaultQueue
	Queues       map[string]int // queues to serve, with weights. Zero: the queues of its own tools, those that come later included
	Drain        time.Duration  // how long running attempts may finish at shutdown. Zero: not at all
	Hung         time.Duration  // how long a tool that ignores the end of its context keeps its slot. Zero: DefaultHung
	Logger       *slog.Logger   // Zero: slog.Default
}

// The defaults of Options.
const (
	DefaultConcurrency = 8
	DefaultQueue       = "default"
	DefaultDrain       = 30 * time.Second
	DefaultHung        = time.Minute
)

// farewell is how long attempts have after the drain to stop and to get their last writes through.
const farewell = 10 * time.Second

// Worker runs attempts of the tools in its registry.
type Worker struct {
	opts     Options
	slots    slots
	hung     hung
	queues   map[string]int // those that are served; only serve changes it
	work     sync.WaitGroup // all goroutines of Run
	attempts atomic.Int64   // how many run
	draining chan struct{}  // closed when the worker was told to stop
	metrics  *metrics

	running context.Context // of the attempts: outlives the taking of deliveries
	writing context.Context // of their last writes: outlives running
}

// New makes a worker. It does nothing before Run.
func New(o Options, reg prometheus.Registerer) *Worker {
	if o.Concurrency == 0 {
		o.Concurrency = DefaultConcurrency
	}
	if o.DefaultQueue == "" {
		o.DefaultQueue = DefaultQueue
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Hung == 0 {
		o.Hung = DefaultHung
	}
	w := &Worker{opts: o, slots: newSlots(o.Concurrency), hung: make(hung, o.Concurrency), draining: make(chan struct{})}
	w.metrics = newMetrics(reg, w.slots)
	w.queues = maps.Clone(o.Queues)
	w.grow()
	return w
}

func (w *Worker) policy(t *tasks.Registered) tasks.Policy {
	return t.Policy.WithDefaults(w.opts.DefaultQueue)
}

// Run takes deliveries until ctx ends. Then running attempts have Drain to finish; after that the rest is given back. It returns when nothing
// runs any more, at the latest a farewell after the drain.
func (w *Worker) Run(ctx context.Context) error {
	var release, hangUp context.CancelCauseFunc
	w.running, release = context.WithCancelCause(context.WithoutCancel(ctx)) // attempts outlive the taking
	w.writing, hangUp = context.WithCancelCause(context.WithoutCancel(ctx))  // and their last writes outlive them
	defer hangUp(nil)
	defer release(nil)
	stop := context.AfterFunc(ctx, func() { close(w.draining) })
	defer stop()

	w.opts.Logger.Info("worker serves", "queues", slices.Sorted(maps.Keys(w.queues)), "slots", w.opts.Concurrency, "tools", len(w.opts.Registry.Tools()))
	serving := make(chan error, 1)
	w.work.Go(func() { w.announce(ctx) })
	w.work.Go(func() { newResponders(w).run(ctx) })
	w.work.Go(func() { serving <- w.serve(ctx) })
	var err error
	select {
	case err = <-serving:
	case <-ctx.Done(): // while Redis is away serving may take long to end: the drain does not wait for it
	}
	if n := w.attempts.Load(); n > 0 {
		w.opts.Logger.Info("worker stops, running attempts may finish", "attempts", n, "for", w.opts.Drain.String())
	}
	w.await(w.opts.Drain)      // what can still finish does
	release(tasks.ErrDraining) // the rest gives its attempt back
	w.await(farewell)
	if n := w.attempts.Load(); n > 0 {
		err = errors.Join(err, fmt.Errorf("%d attempts did not end: their tools did not stop, or Redis did not take what came of them; their tasks run again elsewhere", n))
	}
	return err
}

// await waits for everything that runs here, for d at most.
func (w *Worker) await(d time.Duration) {
	done := make(chan struct{})
	go func() { defer close(done); w.work.Wait() }()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}
