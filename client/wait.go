package client

import (
	"context"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	minPoll     = 50 * time.Millisecond
	defaultPoll = time.Second
	maxPoll     = time.Minute
	// relisten is the longest pause before another stream is tried; the task is polled once meanwhile.
	relisten = 5 * time.Second
)

// Wait waits for a task's result, as Call does. The task may have been started by another process, or long ago.
func (c *Client) Wait(ctx context.Context, id string) (*Result, error) {
	return c.follow(ctx, &Task{ID: id})
}

// follow sees a task through to its end.
func (c *Client) follow(ctx context.Context, t *Task) (*Result, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w := &watch{Client: c, last: Task{ID: t.ID, Tool: t.Tool}, token: t.token, stop: stop, asker: newAsker(ctx, c, t.ID, stop)}
	w.stuck = time.AfterFunc(time.Hour, func() { stop(ErrStuck) })
	w.stuck.Stop()
	defer w.stuck.Stop()
	defer w.asker.end()
	if t.Status != "" && !t.Ended() { // an end is seen only with its result: get fetches it
		w.see(t)
	}
	end := w.end
	switch c.face(ctx) {
	case faceLegacy:
		end = w.endLegacy
	case faceHandles:
		end = w.endHandle
	case faceNone:
		return nil, c.errNoTasks()
	}
	t, err := end(ctx)
	if err != nil {
		return nil, ended(ctx, err)
	}
	return t.outcome()
}

// outcome returns the end of a task as Call does.
func (t *Task) outcome() (*Result, error) {
	if t.Status == tasks.Completed && t.Result != nil {
		return t.Result, nil
	}
	return nil, &TaskError{Task: *t}
}

// watch is a wait for one task.
type watch struct {
	*Client
	last     Task
	token    string         // its progress token; empty: another process started it
	streamed tasks.Progress // the last that came in a notification
	stop     context.CancelCauseFunc
	asker    *asker
	stuck    *time.Timer
	alone    bool // the server does not stream this task
}

// end waits for the end of the task: by listening where the server lets us, otherwise by polling.
func (w *watch) end(ctx context.Context) (*Task, error) {
	for {
		if t, err := w.listen(ctx); t != nil || err != nil {
			return t, err
		}
		t, err := w.poll(ctx)
		if err != nil || t.Ended() {
			return t, err
		}
		if err := sleep(ctx, jittered(w.interval())); err != nil {
			return nil, err
		}
	}
}

// poll asks for the task's state.
func (w *watch) poll(ctx context.Context) (*Task, error) {
	t, err := w.get(ctx, w.last.ID)
	if err != nil {
		return nil, err
	}
	return w.see(t), nil
}

// interval is how long to wait between two polls: as the server asks, within bounds.
func (w *watch) interval() time.Duration {
	d := w.last.pollInterval
	if d == 0 {
		d = defaultPoll
	}
	if w.listens() {
		d = min(d, relisten)
	}
	return min(max(d, minPoll), maxPoll)
}

// see takes note of a state of the task, and returns the newest that is known: a stream may lag behind a poll.
func (w *watch) see(t *Task) *Task {
	old := w.last
	if t.Updated.Before(old.Updated) && !t.Ended() {
		return &old
	}
	if t.Tool == "" {
		t.Tool = old.Tool
	}
	if t.Progress == (tasks.Progress{}) {
		t.Progress = w.streamed
	}
	w.last = *t
	if changed(old, *t) {
		w.restart()
		if w.Client.opts.Changed != nil {
			w.Client.opts.Changed(*t)
		}
	}
	w.asker.see(t)
	return t
}

func changed(old, now Task) bool {
	return old.Status != now.Status || old.Message != now.Message || old.Progress != now.Progress || !old.Updated.Equal(now.Updated) ||
		len(old.Questions) != len(now.Questions)
}

// restart starts the time anew in which something has to change. It does not run while a question is open: people take their time.
func (w *watch) restart() {
	w.stuck.Stop()
	if w.Client.opts.Stuck > 0 && w.last.Status == tasks.Working {
		w.stuck.Reset(w.Client.opts.Stuck)
	}
}
