package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// collected is the answer to tasks/result.
type collected struct {
	raw json.RawMessage
	err error
}

// refused returns the error with which the server itself refused to hand out a result, if it did.
func (r collected) refused() (*Error, bool) {
	e, ok := errors.AsType[*Error](r.err)
	return e, ok && !passes(r.err)
}

// collector waits for a task of 2025-11-25. It keeps tasks/result open until there is a result; progress and questions come on its stream
// meanwhile. Beside that it polls the task, and does so at once when a stream says that its status changed.
type collector struct {
	*watch
	asks   *asking
	news   chan message
	result chan collected // nil: tasks/result is not open
	early  bool           // the server refuses tasks/result before the end
	polled bool           // tasks/get tells progress too: that of notifications is not needed
}

func (w *watch) endLegacy(ctx context.Context) (*Task, error) {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	c := &collector{watch: w, asks: newAsking(ctx, w.Client, w.stop), news: make(chan message, 16)}
	defer c.asks.end()
	defer w.attend(ctx, &attendant{w.last.ID, c.asks, c.hear})()
	defer func() {
		leave()
		if c.result != nil {
			<-c.result
		}
	}()
	return c.end(ctx)
}

func (c *collector) end(ctx context.Context) (*Task, error) {
	for {
		began, before := time.Now(), c.last.Status
		t, err := c.poll(ctx)
		if err != nil {
			return nil, err
		}
		c.polled = c.polled || t.Progress != c.streamed
		if before == tasks.InputRequired && t.Status != before {
			c.serverRequests.withdraw(func(_ string, i *serverRequest) bool { return i.task == t.ID && i.since.Before(began) })
		}
		if t.Ended() {
			return c.outcome(ctx)
		}
		if c.result == nil && !c.early {
			c.result = c.collect(ctx)
		}
		if t, err = c.pause(ctx, began.Add(jittered(c.interval()))); t != nil || err != nil {
			return t, err
		}
	}
}

// pause waits until it is time to poll again, or until the result is there.
func (c *collector) pause(ctx context.Context, until time.Time) (*Task, error) {
	timer := time.NewTimer(max(minPoll, time.Until(until)))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return nil, nil
		case m := <-c.news:
			if c.hears(m) {
				return nil, nil
			}
		case r := <-c.result:
			c.result = nil
			return c.arrived(ctx, r)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// hear is called by whoever reads a stream. It may drop a message: the next poll tells the same.
func (c *collector) hear(m message) {
	select {
	case c.news <- m:
	default:
	}
}

// hears takes what a stream told, and reports whether to poll the task now.
func (c *collector) hears(m message) bool {
	if m.Method == wire.NoticeTasksStatus {
		t, err := readTask(m.Params)
		return err == nil && t.ID == c.last.ID && t.Status != c.last.Status
	}
	n, ok := readProgress(m)
	if !ok || c.polled || n.Meta.Task.ID != c.last.ID && (c.token == "" || n.Token != c.token) {
		return false
	}
	t := c.last
	c.streamed = n.progress()
	t.Progress = c.streamed
	c.see(&t)
	return false
}

// arrived deals with the answer to tasks/result. The task is polled once more: the result alone does not say how it ended.
func (c *collector) arrived(ctx context.Context, r collected) (*Task, error) {
	if _, refused := r.refused(); r.err != nil && !refused {
		return nil, r.err
	}
	t, err := c.poll(ctx)
	switch {
	case errors.Is(err, ErrNotFound) && r.err == nil: // forgotten meanwhile
		t = &c.last
	case err != nil:
		return nil, err
	case r.err == nil:
		return t.legacyOutcome(r)
	}
	c.early = true // this server may refuse tasks/result before the end: it is asked again then
	if !t.Ended() {
		return nil, nil
	}
	return c.outcome(ctx)
}

// outcome returns the task, which has ended, with its result. A tasks/result that was refused may have come too early: it is sent again.
func (c *collector) outcome(ctx context.Context) (*Task, error) {
	if c.last.Status == tasks.Cancelled {
		return &c.last, nil
	}
	if c.result != nil {
		r := c.rest(ctx)
		if _, refused := r.refused(); !refused {
			return c.last.legacyOutcome(r)
		}
	}
	c.result = c.collect(ctx)
	return c.last.legacyOutcome(c.rest(ctx))
}

// rest waits for the result of a task that has ended, but not for ever.
func (c *collector) rest(ctx context.Context) collected {
	timer := time.NewTimer(c.Client.opts.Patience)
	defer timer.Stop()
	select {
	case r := <-c.result:
		c.result = nil
		return r
	case <-timer.C:
		return collected{err: fmt.Errorf("%w: the task is %s, but its result does not come", ErrUnreachable, c.last.Status)}
	case <-ctx.Done():
		return collected{err: context.Cause(ctx)}
	}
}

// collect fetches the result, however long that takes.
func (c *collector) collect(ctx context.Context) chan collected {
	done, id := make(chan collected, 1), c.last.ID
	hear := func(m message) { c.hear(m); c.logged(m) } // on this stream the log can only be this task's
	go func() {
		raw, err := c.persist(ctx, &request{method: wire.MethodTasksResult, params: object{"taskId": id}, notice: hear, asks: c.asks})
		done <- collected{raw, err}
	}()
	return done
}

// legacyOutcome returns the ended task with its result. Where 2025-11-25 calls a task failed because its tool reported an error, there is a
// result, and so it counts as completed.
func (t *Task) legacyOutcome(r collected) (*Task, error) {
	if t.Status == tasks.Cancelled {
		return t, nil
	}
	if e, refused := r.refused(); refused {
		if e.Code == wire.CodeInvalidParams && t.Status == tasks.Completed {
			return nil, r.err // it is gone meanwhile
		}
		t.Err, t.Status = e, tasks.Failed
		return t, nil
	}
	if r.err != nil {
		return nil, r.err
	}
	var err error
	if t.Result, err = readResult(r.raw, t.ID); err == nil {
		t.Status = tasks.Completed
	}
	return t, err
}
