package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// serveLegacy serves a request of a revision before 2026-07-28.
func (s *Server) serveLegacy(q *request, r *http.Request, body []byte) {
	m := legacyMethods[q.Method]
	switch {
	case q.Method == wire.MethodInitialize:
		s.initialize(q, r, body)
	case m.serve == nil:
		q.fail(&wire.Error{Code: wire.CodeMethodNotFound, Message: "method not found"})
	case !q.revision.since(m.since):
		q.fail(&wire.Error{Code: wire.CodeMethodNotFound, Message: "method not found: revision " + string(q.revision) + " does not have it"})
	case m.session && q.session == nil:
		q.fail(refuse(http.StatusBadRequest, wire.CodeInvalidRequest, "%s needs a session: send the %s that initialize answered", q.Method, wire.HeaderSession))
	default:
		q.answer(m.serve(s, r.Context(), q))
	}
}

// initialize has the SDK negotiate, and opens a session for the outcome.
func (s *Server) initialize(q *request, r *http.Request, body []byte) {
	var negotiated recorder
	s.delegate(&negotiated, q, r, body)
	var answer struct {
		Result json.RawMessage
		Error  *wire.Error
	}
	if json.Unmarshal(negotiated.body.Bytes(), &answer) != nil || wire.Negotiated(answer.Result) == "" {
		if answer.Error != nil && answer.Error.Code == 0 { // the SDK's own words are about its types
			q.fail(misread(q.Params))
			return
		}
		negotiated.replay(q.out.w)
		return
	}
	if err := s.open(r.Context(), q, wire.Negotiated(answer.Result)); err != nil {
		q.fail(err)
		return
	}
	if wire.Negotiated(answer.Result) == wire.V20251125 {
		answer.Result = wire.WithTasks(answer.Result, q.owner != tasks.Nobody)
	}
	q.answer(answer.Result, nil)
}

// misread explains what is wrong with the params of an initialize that the SDK could not read.
func misread(params wire.Object) error {
	doc, err := json.Marshal(params)
	if err == nil {
		err = tasks.Unmarshal(doc, new(mcp.InitializeParams))
	}
	if err == nil {
		return invalid("params are not those of initialize")
	}
	return invalid("params: %v", err)
}

// pong serves ping. The SDK would too, but it changes some numeric request ids in its answer.
func (s *Server) pong(context.Context, *request) (json.RawMessage, error) {
	return json.RawMessage("{}"), nil
}

// recorder keeps a small response to be looked at before it is sent.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header {
	if r.header == nil {
		r.header = make(http.Header)
	}
	return r.header
}

func (r *recorder) WriteHeader(status int) { r.status = status }

func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

func (r *recorder) replay(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	if r.status != 0 {
		w.WriteHeader(r.status)
	}
	_, _ = w.Write(r.body.Bytes()) // a client that is gone misses nothing
}
