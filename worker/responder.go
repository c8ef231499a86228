package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// standEvery is how often a worker renews its leases on a source and on its inquiries: three times in store.SourceLease.
const standEvery = store.SourceLease / 3

// pickPause is how long a worker waits before it asks a Redis that does not answer for inquiries again.
const pickPause = time.Second

var errRetracted = errors.New("nobody waits for the answer any more")

// responder answers the inquiries of one source.
type responder struct {
	*responders
	source string
	places chan struct{} // one for each inquiry at a time
}

// run picks inquiries while there are places, and watches what is to be watched, until ctx ends. Inquiries that were begun go on.
func (r *responder) run(ctx context.Context) {
	told, stop := r.w.opts.Watcher.Inquiries(r.source)
	defer stop()
	wanted, stop := r.w.opts.Watcher.WantedChanged(r.source)
	defer stop()
	x := newWatching(r)
	defer x.close()
	defer r.leave(ctx)
	stand := time.NewTimer(0)
	defer stand.Stop()
	waiting := false
	for {
		var free chan<- struct{} // a place, if there is something to pick
		if waiting {
			free = r.places
		}
		select {
		case <-stand.C:
			more, wait := r.stand(ctx)
			waiting = waiting || more
			stand.Reset(wait)
			x.look(ctx)
		case <-wanted:
			x.look(ctx)
		case <-told:
			waiting = true
		case free <- struct{}{}:
			waiting = r.pick(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// stand says in Redis that this worker answers for the source. waiting: inquiries wait already. again is when to say so once more.
func (r *responder) stand(ctx context.Context) (waiting bool, again time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, standEvery)
	defer cancel()
	n, err := r.w.opts.Store.Stand(ctx, r.source, r.name)
	if err != nil {
		return false, pickPause
	}
	return n > 0, standEvery
}

// leave says that this worker no longer answers for the source.
func (r *responder) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // ctx has ended
	defer cancel()
	_ = r.w.opts.Store.StandDown(ctx, r.source, r.name) // if that fails the lease runs out
}

// pick takes an inquiry and has it asked, in the place that was taken for it. It returns false if none waits.
func (r *responder) pick(ctx context.Context) bool {
	picking, cancel := context.WithTimeout(context.WithoutCancel(ctx), standEvery) // ctx may end, but what was picked must be served
	defer cancel()
	q, err := r.w.opts.Store.Pick(picking, r.source, r.name)
	if q == nil {
		<-r.places
		return err != nil && sleep(ctx, pickPause) == nil
	}
	r.w.work.Go(func() {
		defer func() { <-r.places }()
		r.serve(q)
	})
	return true
}

// serve asks the source and replies, unless the question is taken back.
func (r *responder) serve(q *store.Inquiry) {
	ctx, cancel := context.WithTimeout(r.w.running, q.Left)
	defer cancel()
	ctx, retract := context.WithCancelCause(ctx)
	var holding sync.WaitGroup
	holding.Go(func() { r.hold(ctx, q, retract) })
	result, err := r.ask(ctx, q)
	draining := errors.Is(context.Cause(ctx), tasks.ErrDraining)
	retracted := errors.Is(context.Cause(ctx), errRetracted)
	retract(nil)
	holding.Wait()
	if retracted {
		return
	}
	writing, cancel := context.WithTimeout(r.w.writing, standEvery)
	defer cancel()
	if err := r.w.opts.Store.Reply(writing, q, r.name, result, r.explain(err, draining)); err != nil {
		r.w.opts.Logger.Warn("a source's answer was lost", "source", r.source, "method", q.Method, "err", err)
	}
}

// hold says in Redis that the inquiry is still being asked, and hears when nobody waits for it any more.
func (r *responder) hold(ctx context.Context, q *store.Inquiry, retract context.CancelCauseFunc) {
	told, stop := r.w.opts.Watcher.Retracted(q)
	defer stop()
	tick := time.NewTicker(standEvery)
	defer tick.Stop()
	for {
		select {
		case <-told:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if awaited, err := r.w.opts.Store.Asking(ctx, q, r.name); err == nil && !awaited {
			retract(errRetracted)
			return
		}
	}
}

// ask asks the source as it is registered now.
func (r *responder) ask(ctx context.Context, q *store.Inquiry) (result json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.w.opts.Logger.Error("source panicked", "source", r.source, "method", q.Method, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("source %s panicked", r.source)
		}
	}()
	source, ok := r.w.opts.Registry.Source(r.source)
	if !ok {
		return nil, &tasks.Error{Code: wire.CodeUnavailable, Message: fmt.Sprintf("source %s is not there any more", r.source)}
	}
	return source.Ask(ctx, q.Method, q.Params)
}

// explain makes an error the one that the client sees.
func (r *responder) explain(err error, draining bool) *tasks.Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*tasks.Error](err); ok {
		return e
	}
	if draining {
		return &tasks.Error{Code: wire.CodeUnavailable, Message: fmt.Sprintf("the worker of source %s is shutting down: try again", r.source)}
	}
	return &tasks.Error{Code: wire.CodeInternal, Message: err.Error()}
}
