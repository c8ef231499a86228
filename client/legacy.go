package client

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// collected is what tasks/result answered.
type collected struct {
	raw json.RawMessage
	err error
}

// endLegacy is end for servers of 2025-11-25. They ask on the stream of tasks/result, so that is opened as soon as there is a question.
func (w *watch) endLegacy(ctx context.Context) (*Task, error) {
	ctx, leave := context.WithCancel(ctx)
	var result chan collected
	defer func() {
		leave()
		if result != nil {
			<-result
		}
	}()
	for {
		t, err := w.poll(ctx)
		if err != nil {
			return nil, err
		}
		if result == nil && (t.Status == tasks.InputRequired || t.Ended()) {
			result = w.collect(ctx)
		}
		if t.Ended() {
			r := <-result
			result = nil
			return t.legacyOutcome(r)
		}
		if err := sleep(ctx, jittered(w.interval())); err != nil {
			return nil, err
		}
	}
}

// collect fetches the result, however long that takes.
func (w *watch) collect(ctx context.Context) chan collected {
	done, id := make(chan collected, 1), w.last.ID
	go func() {
		raw, err := w.persist(ctx, &request{method: "tasks/result", params: object{"taskId": id}})
		done <- collected{raw, err}
	}()
	return done
}

// legacyOutcome is the ended task with its result. This revision calls a task failed whose tool reported an error: that is a result.
func (t *Task) legacyOutcome(r collected) (*Task, error) {
	if t.Status == tasks.Cancelled {
		return t, nil
	}
	if e, ok := errors.AsType[*Error](r.err); ok && !passes(r.err) {
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
