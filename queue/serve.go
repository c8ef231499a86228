package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Slots are a worker's places for attempts.
type Slots interface {
	// Acquire takes a slot, or waits for one. It returns an error only when ctx has ended.
	Acquire(ctx context.Context) error
	// Release gives a slot back.
	Release()
}

// ServeOptions say what is served, and within which bounds.
type ServeOptions struct {
	// Queues are the queues to take from and their weights, 1 to 100: how often each is asked before the others. Small
	// numbers are cheaper. There must be one at least.
	Queues map[string]int
	// Slots bound how many deliveries are in hand. Required.
	Slots Slots
	// Logger is told of trouble. Zero: slog.Default.
	Logger *slog.Logger

	after func(time.Duration) <-chan time.Time // time.After, except in tests
	aside time.Duration                        // putAside, except in tests
}

// putAside is how often asynq looks at what it put aside. Nothing of ours is delayed, but a delivery whose taker died, or never heard that
// it had taken it, is put aside when its lease has expired. It comes back, is refused since its task has moved on, and only then forgotten.
const putAside = time.Minute

// handlers is how many deliveries asynq may be busy handing over. It has nothing to do with how many attempts run.
const handlers = 32

// Server takes deliveries for one worker.
type Server struct {
	rdb  redis.UniversalClient
	hook hook
}

// NewServer makes a server on a client of its own, to which it adds a hook: nothing else may use the client.
func NewServer(rdb redis.UniversalClient) *Server {
	s := &Server{rdb: rdb}
	rdb.AddHook(&s.hook)
	return s
}

// Close closes the client. It must wait for Serve to return: asynq panics on a client that is closed under it.
func (s *Server) Close() error { return s.rdb.Close() }

// Serve takes deliveries from the queues and hands each to handle, until ctx ends. It then takes no more, waits until all
// that it took were handed over, and returns nil; it returns an error only if it could not begin. A Redis that is away
// is waited for.
//
// handle is called with one slot, which is its own from then on, and with a context that carries ctx's values but never
// ends. It must return quickly, and asynq then forgets the delivery. It may be called from several goroutines at once,
// and, for what was already taken, after ctx has ended. The priority of attempts after the first is reported as normal.
//
// It may be called again when it has returned: to serve other queues. The client's read timeout bounds how long a Redis that stopped
// answering can delay the return.
func (s *Server) Serve(ctx context.Context, o ServeOptions, handle func(context.Context, tasks.Delivery)) error {
	weights, err := o.weights()
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.after == nil {
		o.after = time.After
	}
	if o.aside == 0 {
		o.aside = putAside
	}
	w := listen(ctx, s.rdb, o.Queues)
	defer w.close()
	p := &pacer{ctx: ctx, slots: o.Slots, woken: w, names: len(weights), after: o.after}
	h := &handler{base: context.WithoutCancel(ctx), pacer: p, logger: o.Logger, handle: handle}
	s.hook.pacer.Store(p)
	s.forgetDead(ctx)
	server := asynq.NewServerFromRedisClient(s.rdb, config(weights, h, o.aside))
	if err := server.Start(h); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	<-ctx.Done() // from here on the pacer lets nothing through
	server.Stop()
	server.Shutdown()
	p.close()
	return nil
}

// weights are asynq's queues, four for each of ours.
func (o ServeOptions) weights() (map[string]int, error) {
	var errs []error
	if len(o.Queues) == 0 {
		errs = append(errs, errors.New("no queue to take from"))
	}
	if o.Slots == nil {
		errs = append(errs, errors.New("no slots"))
	}
	ws := map[string]int{}
	for q, weight := range o.Queues {
		if err := tasks.ValidQueue(q); err != nil {
			errs = append(errs, err)
		}
		if weight < 1 || weight > 100 {
			errs = append(errs, fmt.Errorf("queue %s: weight %d is not between 1 and 100", q, weight))
		}
		for _, s := range siblings {
			ws[q+s.suffix] = weight * s.weight
		}
	}
	return ws, errors.Join(errs...)
}

// config switches off all that asynq does besides delivering. What cannot be switched off is made rare: nothing of ours
// is delayed, retried or kept in asynq.
func config(weights map[string]int, h *handler, aside time.Duration) asynq.Config {
	return asynq.Config{
		Concurrency:              handlers,
		Queues:                   weights,
		BaseContext:              h.context,
		ErrorHandler:             h,
		IsFailure:                func(error) bool { return false },
		RetryDelayFunc:           func(int, error, *asynq.Task) time.Duration { return time.Second },
		TaskCheckInterval:        time.Microsecond, // the pacer is what waits
		DelayedTaskCheckInterval: aside,
		JanitorInterval:          time.Hour,
		ShutdownTimeout:          10 * time.Second,
		Logger:                   logger{h.logger},
		LogLevel:                 asynq.InfoLevel,
	}
}
