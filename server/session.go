package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// defaultLevel is the log level of a session until its client sets another.
const defaultLevel = "info"

// open opens a session for a client that has initialized. A client that ignores its id is served without one.
func (s *Server) open(ctx context.Context, q *request, version string) error {
	ctx, cancel := brief(ctx)
	defer cancel()
	client := wire.DecodeOpening(q.Params)
	x := store.Session{
		ID: rand.Text(), Version: version, Client: client.Client.Name, ClientVersion: client.Client.Version,
		Owner: q.owner, Capabilities: client.Capabilities, Level: defaultLevel,
	}
	if err := s.store.OpenSession(ctx, x); err != nil {
		return err
	}
	q.out.w.Header().Set(wire.HeaderSession, x.ID)
	return nil
}

// join finds the session that a request names. The request speaks the revision that was negotiated there.
func (s *Server) join(ctx context.Context, q *request) error {
	id, err := one(q.header, wire.HeaderSession)
	if err != nil || id == "" || q.modern() || q.Method == wire.MethodInitialize { // 2026-07-28 has no sessions, and initialize opens a new one
		return err
	}
	var x *store.Session
	find := func(ctx context.Context) (err error) { x, err = s.recall(ctx, id, q.owner); return err }
	if q.Kind == wire.Answer {
		err = s.persist(ctx, find)
	} else {
		err = find(ctx)
	}
	if err != nil {
		return err
	}
	if says := q.header.Get(wire.HeaderVersion); says != "" && says != x.Version {
		return refuse(http.StatusBadRequest, wire.CodeInvalidRequest, "%s %s, but this session negotiated %s", wire.HeaderVersion, says, x.Version)
	}
	q.session, q.revision = x, revision(x.Version)
	q.meta.LogLevel = wire.Level(x.Level)
	q.header.Set(wire.HeaderVersion, x.Version) // for the SDK
	return nil
}

// recall reads a session. Another caller's does not exist.
func (s *Server) recall(ctx context.Context, id string, owner tasks.Owner) (*store.Session, error) {
	if len(id) > maxSessionID {
		return nil, store.ErrNoSession
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	x, err := s.store.UseSession(ctx, id)
	if err == nil && x.Owner != owner {
		return nil, store.ErrNoSession
	}
	return x, err
}

const maxSessionID = 64 // of which ours have 26

// ofSession reports that a request is about a session itself: GET opens a stream of it, and DELETE ends it.
func ofSession(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodDelete) &&
		r.Header.Get(wire.HeaderSession) != "" && !revision(r.Header.Get(wire.HeaderVersion)).modern()
}

// serveSession serves requests about a session itself.
func (s *Server) serveSession(q *request, r *http.Request) {
	q.owner = s.caller(r)
	err := s.join(r.Context(), q)
	switch {
	case err != nil:
	case r.Method == http.MethodDelete:
		err = s.endSession(r.Context(), q)
	case r.Header.Get(wire.HeaderLastEvent) != "":
		err = s.resume(r.Context(), q, r.Header.Get(wire.HeaderLastEvent))
	default:
		err = s.attend(r.Context(), q)
	}
	if err != nil {
		q.fail(err)
	}
}

// endSession serves DELETE. The tasks that the session's calls started go on: leaving is not cancelling.
func (s *Server) endSession(ctx context.Context, q *request) error {
	ctx, cancel := brief(ctx)
	defer cancel()
	if err := s.store.EndSession(ctx, q.owner, q.session.ID); err != nil {
		return err
	}
	q.out.w.WriteHeader(http.StatusNoContent)
	return nil
}

// accept takes messages of a session's client that have no answer.
func (s *Server) accept(q *request, r *http.Request) {
	var err error
	switch {
	case q.Kind == wire.Answer:
		err = s.takeAnswer(r.Context(), q)
	case q.Kind == wire.Notice && !q.notification():
		err = refuse(http.StatusBadRequest, wire.CodeInvalidRequest, "a request needs an id")
	case q.Method == wire.NoticeCancelled:
		err = s.cancelRequest(r.Context(), q)
	}
	if err != nil {
		q.fail(err)
		return
	}
	q.out.w.WriteHeader(http.StatusAccepted)
}

// setLevel serves logging/setLevel.
func (s *Server) setLevel(ctx context.Context, q *request) (json.RawMessage, error) {
	level, err := wire.DecodeLevel(q.Params)
	if err != nil {
		return nil, err
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	if err := s.store.SetLevel(ctx, q.session.ID, string(level)); err != nil {
		return nil, err
	}
	return json.RawMessage("{}"), nil
}
