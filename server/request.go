package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// request is one JSON-RPC request on its way through the door, and its answer.
type request struct {
	wire.Message
	header   http.Header
	meta     wire.Meta
	revision revision
	owner    tasks.Owner
	session  *store.Session // nil: the request belongs to none
	begun    bool           // noted in the session, as a request that can be cancelled
	courier  *courier       // nil: the request's stream carries no questions
	out      *stream
	log      *slog.Logger
}

func (q *request) modern() bool { return q.revision.modern() }

// notification: its name says that it is one, whatever came.
func (q *request) notification() bool { return strings.HasPrefix(q.Method, "notifications/") }

// extended reports whether the client declared the Tasks extension.
func (q *request) extended() bool { return q.modern() && q.meta.Capabilities.Tasks }

// asks are the kinds of question that the client can answer. Before 2026-07-28 only a session says, and only in one can it be asked.
func (q *request) asks() tasks.Capabilities {
	switch {
	case q.modern():
		return q.meta.Capabilities.Asks
	case q.session != nil:
		return q.session.Capabilities
	}
	return nil
}

// logLevel is of the log messages that the client wants. A session's may change while a stream of it is open.
func (q *request) logLevel() wire.Level {
	if q.courier != nil {
		return *q.courier.level.Load()
	}
	return q.meta.LogLevel
}

// inquire puts a task's questions to the client on this request's own stream, where that can be.
func (q *request) inquire(ctx context.Context, t *tasks.Task) error {
	if q.courier == nil {
		return nil
	}
	return q.courier.ask(ctx, t, store.Errand{})
}

// answer ends the request: on its stream if one was opened, else as a plain response.
func (q *request) answer(result json.RawMessage, err error) {
	if errors.Is(err, errAnswered) {
		return
	}
	if errors.Is(err, errGone) || errors.Is(err, context.Canceled) { // nothing else cancels a request
		q.out.abandon()
		return
	}
	if err != nil {
		q.fail(err)
		return
	}
	q.reply(http.StatusOK, wire.Response(q.ID, result))
}

func (q *request) fail(err error) {
	f, mapped := explain(err, q.modern())
	if !mapped {
		q.log.Error("request failed", "method", q.Method, "err", err)
	}
	switch f.status {
	case http.StatusServiceUnavailable:
		q.out.w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	case http.StatusMethodNotAllowed:
		q.out.w.Header().Set("Allow", http.MethodPost)
	}
	if q.Kind != wire.Request && f.status == http.StatusOK { // what is no request is refused by its status (transports)
		f.status = http.StatusBadRequest
	}
	q.reply(f.status, wire.ErrorResponse(q.ID, &f.error))
}

func (q *request) reply(status int, message []byte) {
	if q.out.open {
		q.out.asked = answered
		_ = q.out.send(message) // a client that is gone misses nothing
		q.out.close()
		return
	}
	h := q.out.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	q.out.w.WriteHeader(status)
	q.out.plain(message)
}
