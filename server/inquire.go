package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// inquire has a worker ask a source what the client asked us. Sources are shared by all callers: whoever may call here may read there.
func (s *Server) inquire(ctx context.Context, q *request, source *tasks.Source) (json.RawMessage, error) {
	params, err := json.Marshal(q.Params)
	if err != nil {
		return nil, err
	}
	result, err := s.opts.Watcher.Inquire(ctx, source.Name, q.Method, params)
	if err != nil {
		return nil, q.unanswered(ctx, source.Name, err)
	}
	asked, err := wire.AskedFor(result)
	if err != nil {
		return nil, &wire.Error{Code: wire.CodeInternal, Message: "source " + source.Name + ": " + err.Error()}
	}
	if asked == nil {
		return wire.Answered(result, q.Method, q.server(s)), nil
	}
	if !q.modern() {
		return nil, &wire.Error{Code: wire.CodeInternal, Message: fmt.Sprintf("source %s asks for input first, which takes a client of revision %s", source.Name, wire.V20260728)}
	}
	if lacking := q.lacks(asked); len(lacking) > 0 {
		return nil, incapable(false, lacking...)
	}
	return result, nil
}

// lacks returns the kinds of question that the client did not declare that it answers.
func (q *request) lacks(asked []tasks.InputRequest) (lacking []tasks.Capability) {
	for _, r := range asked {
		if kind := r.Kind(); !q.asks().Has(kind) {
			lacking = append(lacking, kind)
		}
	}
	return lacking
}

// unanswered makes the error for the client when a source did not answer, or not with a result.
func (q *request) unanswered(ctx context.Context, source string, err error) error {
	e, ok := errors.AsType[*tasks.Error](err)
	switch {
	case ctx.Err() != nil:
		return errGone
	case ok && e.Code == wire.CodeNoResource && q.modern(): // the server behind it is older than the client
		return &wire.Error{Code: wire.CodeInvalidParams, Message: e.Message, Data: data(e)}
	case ok && e.Code != wire.CodeUnavailable:
		return &wire.Error{Code: e.Code, Message: e.Message, Data: data(e)}
	case ok:
		return unavailable(http.StatusOK, e.Message)
	case errors.Is(err, store.ErrCrowded):
		return unavailable(http.StatusServiceUnavailable, fmt.Sprintf("source %s: %v: %s", source, err, tryAgain))
	case errors.Is(err, store.ErrNobody), errors.Is(err, store.ErrNoReply):
		return unavailable(http.StatusOK, fmt.Sprintf("source %s: %v: %s", source, err, tryAgain))
	}
	return err
}

// data is nil where there is none: an empty message would be null.
func data(e *tasks.Error) any {
	if e.Data == nil {
		return nil
	}
	return e.Data
}
