package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/longhaul-mcp/longhaul/wire"
)

// ServeHTTP is the MCP endpoint.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{header: r.Header, out: newStream(w), log: s.opts.Logger}
	defer q.recover()
	if err := s.admit(r); err != nil {
		q.fail(err)
		return
	}
	if r.Method != http.MethodPost {
		s.serveSession(q, r)
		return
	}
	body, err := s.read(w, r)
	if err != nil {
		q.fail(err)
		return
	}
	q.revision = revision(r.Header.Get(wire.HeaderVersion)) // for the answer to a body that cannot even be decoded
	if !utf8.Valid(body) {
		q.fail(refuse(http.StatusBadRequest, wire.CodeParse, "body is not UTF-8"))
		return
	}
	if q.Message, err = wire.Decode(body); err == nil {
		err = q.identify()
	}
	if err != nil {
		q.fail(err)
		return
	}
	q.owner = s.caller(r)
	if err := s.join(r.Context(), q); err != nil {
		q.fail(err)
		return
	}
	s.route(q, r, body)
}

// recover keeps a request that makes us panic from ending the process.
func (q *request) recover() {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) { // how net/http is told to drop a connection
		panic(v)
	}
	q.log.Error("panic", "method", q.Method, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	q.fail(refuse(http.StatusInternalServerError, wire.CodeInternal, "internal error"))
}

// admit checks what can be checked before the body is read.
func (s *Server) admit(r *http.Request) error {
	if err := s.origins.check(r); err != nil {
		return err
	}
	if ofSession(r) {
		return nil
	}
	if r.Method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, wire.CodeInvalidRequest, "this endpoint accepts POST, and GET and DELETE within a session that "+
			"initialize opened (Streamable HTTP); the older transport, HTTP+SSE of 2024-11-05, is not offered")
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, wire.CodeInvalidRequest, "Content-Type must be application/json")
	}
	if !accepts(r.Header.Values("Accept")) {
		return refuse(http.StatusBadRequest, wire.CodeInvalidRequest, "Accept must contain both application/json and text/event-stream")
	}
	return nil
}

// accepts reports whether a client takes both kinds of response (Sending Messages). Wildcards count.
func accepts(values []string) bool {
	var plain, events bool
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			media, _, _ := strings.Cut(part, ";")
			switch strings.ToLower(strings.TrimSpace(media)) {
			case "*/*":
				plain, events = true, true
			case "application/json", "application/*":
				plain = true
			case "text/event-stream", "text/*":
				events = true
			}
		}
	}
	return plain && events
}

func (s *Server) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var buf bytes.Buffer
	if n := r.ContentLength; n > 0 && n <= maxBody {
		buf.Grow(int(n) + bytes.MinRead)
	}
	_, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, refuse(http.StatusRequestEntityTooLarge, wire.CodeInvalidRequest, "body has more than %d bytes", maxBody)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, wire.CodeParse, "body could not be read")
	}
	return buf.Bytes(), nil
}

// route hands the message to whoever serves it.
func (s *Server) route(q *request, r *http.Request, body []byte) {
	switch {
	case q.Kind == wire.Request:
		s.serve(q, r, body)
	case q.Kind == wire.Batch:
		s.batch(q, r, body)
	case q.session != nil:
		s.accept(q, r)
	case !q.modern():
		s.delegate(q.out.w, q, r, body)
	case q.Kind == wire.Notice && q.notification():
		q.out.w.WriteHeader(http.StatusAccepted) // 2026-07-28 gives none of them a meaning on HTTP
	case q.Kind == wire.Notice:
		q.fail(refuse(http.StatusBadRequest, wire.CodeInvalidRequest, "a request needs an id"))
	default:
		q.fail(refuse(http.StatusBadRequest, wire.CodeInvalidRequest, "a body is a single request or notification"))
	}
}

func (s *Server) serve(q *request, r *http.Request, body []byte) {
	if !q.modern() {
		s.serveLegacy(q, r, body)
		return
	}
	m := methods[q.Method]
	if q.notification() { // with an id
		q.fail(&wire.Error{Code: wire.CodeMethodNotFound, Message: "method not found: a notification has no id"})
		return
	}
	if m.serve == nil {
		s.delegate(q.out.w, q, r, body)
		return
	}
	if m.extension && !q.extended() {
		q.fail(incapable(true))
		return
	}
	q.answer(m.serve(s, r.Context(), q))
}

// delegate gives a request to the SDK. It adds params if there are none: the SDK's handlers would see a nil pointer.
func (s *Server) delegate(w http.ResponseWriter, q *request, r *http.Request, body []byte) {
	if q.Kind == wire.Request && q.Bare {
		body = wire.WithParams(q.Message)
	}
	r = r.WithContext(r.Context()) // a copy: the caller keeps its own body
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	s.sdk.ServeHTTP(w, r)
}
