package server

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// face is how a request that stays open shows its task to the client.
type face interface {
	// update shows what happened. It may be called again with the task as last seen, and must tell nothing twice. A result ends the request.
	update(ctx context.Context, u store.Update) (json.RawMessage, error)
	// silence breaks a silence, and takes up what another stream may have left behind without saying so.
	silence(ctx context.Context) error
	// due fires when the client is to be told the state of the task, ended or not. Nil: never, or not yet.
	due() <-chan time.Time
}

// errDue ends a watch whose client is to be told the state of its task.
var errDue = errors.New("the client is to be told how its task stands")

// watch keeps a request open until there is a result. It fails when the face is due (errDue), when we shut down (errStopping) and when the client
// leaves (errGone).
func (s *Server) watch(ctx context.Context, q *request, id tasks.ID, f face) (json.RawMessage, error) {
	w, err := s.follow(ctx, id)
	if err != nil && ctx.Err() != nil {
		return nil, errGone
	}
	if err != nil {
		return nil, &strayError{id, err}
	}
	defer w.close()
	ping := time.NewTicker(s.opts.Ping)
	defer ping.Stop()
	for last := (store.Update{}); ; {
		var result json.RawMessage
		var err error
		select {
		case u := <-w.updates:
			result, err = f.update(ctx, u)
			last = store.Update{ID: u.ID, Task: u.Task}
		case <-q.freed():
			if last.Task != nil {
				result, err = f.update(ctx, last)
			}
		case <-ping.C:
			err = f.silence(ctx)
		case <-f.due():
			err = errDue
		case <-s.draining:
			err = errStopping
		case <-ctx.Done():
			err = errGone
		}
		if errors.Is(err, errGone) || errors.Is(err, errStopping) {
			q.wasCut()
		}
		if result != nil || err != nil {
			return result, err
		}
	}
}

// wasCut notes that the connection ends before the request does.
func (q *request) wasCut() {
	if q.courier != nil {
		q.courier.cut.Store(true)
	}
}

// freed signals that another stream of the session may have left something to carry.
func (q *request) freed() <-chan struct{} {
	if q.courier == nil {
		return nil
	}
	return q.courier.freed
}
