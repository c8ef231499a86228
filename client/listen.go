package client

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// silence is how long nothing may come on a stream before it is taken for dead. Servers need not send anything on a quiet stream, so being
// wrong must cost no more than opening another one.
const silence = time.Minute

var (
	errSilence = errors.New("the stream is silent")
	errOver    = errors.New("the task has ended")
)

// whileHeard returns a context that ends with errSilence once alive was not called for so long. leave ends it too.
func whileHeard(ctx context.Context, silence time.Duration) (_ context.Context, alive func(), leave context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	quiet := time.AfterFunc(silence, func() { cancel(errSilence) })
	return ctx, func() { quiet.Reset(silence) }, func(cause error) { quiet.Stop(); cancel(cause) }
}

// listen follows a task on a stream until the task has ended. It returns neither a task nor an error if there is no stream, or it ended first.
func (w *watch) listen(ctx context.Context) (*Task, error) {
	if !w.listens() {
		return nil, nil
	}
	ctx, alive, leave := whileHeard(ctx, silence)
	defer leave(nil)

	l := &listener{watch: w, ctx: ctx, leave: leave}
	_, err := w.send(ctx, &request{
		method: wire.MethodSubscriptionsListen, params: object{"notifications": object{"taskIds": []string{w.last.ID}}},
		notice: l.notice, alive: alive,
	})
	switch {
	case l.err != nil:
		return nil, l.err
	case w.last.Ended():
		return &w.last, nil
	case errors.Is(err, errSilence), err == nil, passes(err):
		return nil, nil
	}
	if _, refused := errors.AsType[*Error](err); refused || errors.Is(err, errTooLarge) {
		w.deaf.Store(true)
		return nil, nil
	}
	return nil, err
}

// listens reports that there may be a stream.
func (w *watch) listens() bool { return w.modern() && !w.alone && !w.deaf.Load() }

// listener reads what comes on a stream.
type listener struct {
	*watch
	ctx   context.Context
	leave context.CancelCauseFunc
	err   error // ends the wait
}

func (l *listener) notice(m message) {
	switch m.Method {
	case wire.NoticeSubscriptionsAcknowledged:
		l.acknowledged(m.Params)
	case wire.NoticeTasks:
		t, err := readTask(m.Params)
		if err == nil && t.ID == l.last.ID && !l.last.Ended() {
			l.take(t)
		}
	}
	if l.last.Ended() {
		l.leave(errOver)
	}
}

// take takes note of a task. Some servers notify of an end without the result: then the task is polled.
func (l *listener) take(t *Task) {
	if t.Ended() && t.Status != tasks.Cancelled && t.Result == nil && t.Err == nil {
		l.look()
		return
	}
	l.see(t)
}

// acknowledged looks whether the server granted the subscription. If so nothing is missed from now on, and a poll tells what happened before.
func (l *listener) acknowledged(params json.RawMessage) {
	if !slices.Contains(readAcknowledgement(params).TaskIDs, l.last.ID) {
		l.alone = true
		l.leave(errOver)
		return
	}
	l.look()
}

func (l *listener) look() {
	if _, err := l.poll(l.ctx); err != nil && l.ctx.Err() == nil {
		l.err = err
		l.leave(errOver)
	}
}
