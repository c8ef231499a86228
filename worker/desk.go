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

// standEvery renews what says that a worker answers for a source, and that it still asks: three times in store.SourceLease.
const standEvery = store.SourceLease / 3

// pickPause is how long a worker waits before it asks a Redis that does not answer for inquiries again.
const pickPause = time.Second

var errRetracted = errors.New("nobody waits for the answer any more")

// desk is where one source is asked.
type desk struct {
	*desks
	source string
}

// run picks inquiries while there are places, and watches what is to be watched, until ctx ends. What is asked then goes on.
func (d *desk) run(ctx context.Context) {
	told, stop := d.w.opts.Watcher.Inquiries(d.source)
	defer stop()
	wanted, stop := d.w.opts.Watcher.WantedChanged(d.source)
	defer stop()
	x := newWatching(d)
	defer x.close()
	defer d.leave(ctx)
	stand := time.NewTimer(0)
	defer stand.Stop()
	waiting := false
	for {
		var free chan<- struct{} // a place, if it is worth having
		if waiting {
			free = d.places
		}
		select {
		case <-stand.C:
			more, wait := d.stand(ctx)
			waiting = waiting || more
			stand.Reset(wait)
			x.look(ctx)
		case <-wanted:
			x.look(ctx)
		case <-told:
			waiting = true
		case free <- struct{}{}:
			waiting = d.pick(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// stand says that this worker answers for the source. waiting: it is asked already. again is when to say so once more.
func (d *desk) stand(ctx context.Context) (waiting bool, again time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, standEvery)
	defer cancel()
	n, err := d.w.opts.Store.Stand(ctx, d.source, d.name)
	if err != nil {
		return false, pickPause
	}
	return n > 0, standEvery
}

// leave has no more inquiries put for this worker.
func (d *desk) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // ctx has ended
	defer cancel()
	_ = d.w.opts.Store.StandDown(ctx, d.source, d.name) // otherwise it lapses
}

// pick takes an inquiry and has it asked, in a place that has been taken for it. It is false if none waits.
func (d *desk) pick(ctx context.Context) bool {
	picking, cancel := context.WithTimeout(context.WithoutCancel(ctx), standEvery) // what was picked has to be known
	defer cancel()
	q, err := d.w.opts.Store.Pick(picking, d.source, d.name)
	if q == nil {
		<-d.places
		return err != nil && sleep(ctx, pickPause) == nil
	}
	d.w.work.Go(func() {
		defer func() { <-d.places }()
		d.serve(q)
	})
	return true
}

// serve asks the source and replies, unless the question is taken back.
func (d *desk) serve(q *store.Inquiry) {
	ctx, cancel := context.WithTimeout(d.w.running, q.Left)
	defer cancel()
	ctx, retract := context.WithCancelCause(ctx)
	var holding sync.WaitGroup
	holding.Go(func() { d.hold(ctx, q, retract) })
	result, err := d.ask(ctx, q)
	draining := errors.Is(context.Cause(ctx), tasks.ErrDraining)
	retracted := errors.Is(context.Cause(ctx), errRetracted)
	retract(nil)
	holding.Wait()
	if retracted {
		return
	}
	writing, cancel := context.WithTimeout(d.w.writing, standEvery)
	defer cancel()
	if err := d.w.opts.Store.Reply(writing, q, d.name, result, d.explain(err, draining)); err != nil {
		d.w.opts.Logger.Warn("a source's answer was lost", "source", d.source, "method", q.Method, "err", err)
	}
}

// hold says that the inquiry is still asked, and hears when nobody waits for it any more.
func (d *desk) hold(ctx context.Context, q *store.Inquiry, retract context.CancelCauseFunc) {
	told, stop := d.w.opts.Watcher.Retracted(q)
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
		if awaited, err := d.w.opts.Store.Asking(ctx, q, d.name); err == nil && !awaited {
			retract(errRetracted)
			return
		}
	}
}

// ask asks the source as it is now.
func (d *desk) ask(ctx context.Context, q *store.Inquiry) (result json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			d.w.opts.Logger.Error("source panicked", "source", d.source, "method", q.Method, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("source %s panicked", d.source)
		}
	}()
	source, ok := d.w.opts.Registry.Source(d.source)
	if !ok {
		return nil, &tasks.Error{Code: wire.CodeUnavailable, Message: fmt.Sprintf("source %s is not there any more", d.source)}
	}
	return source.Ask(ctx, q.Method, q.Params)
}

// explain is an error as the client sees it.
func (d *desk) explain(err error, draining bool) *tasks.Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*tasks.Error](err); ok {
		return e
	}
	if draining {
		return &tasks.Error{Code: wire.CodeUnavailable, Message: fmt.Sprintf("the worker of source %s is shutting down: try again", d.source)}
	}
	return &tasks.Error{Code: wire.CodeInternal, Message: err.Error()}
}
