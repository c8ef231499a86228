package server

import (
	"context"
	"encoding/json"
)

// subscribe serves resources/subscribe (up to 2025-11-25). The session's GET stream, at whichever replica, tells what changes.
func (s *Server) subscribe(ctx context.Context, q *request) (json.RawMessage, error) {
	uri, err := uriOf(q.Params)
	if err != nil {
		return nil, err
	}
	c, err := s.mirror.read()
	if err != nil {
		return nil, err
	}
	source := c.sources.ofURI(uri)
	if source == nil {
		return nil, q.noResource(uri)
	}
	if !source.Subscribes {
		return nil, invalid("source %s does not tell when its resources change", source.Name)
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	if err := s.store.SubscribeSession(ctx, q.session.ID, uri); err != nil {
		return nil, err
	}
	return json.RawMessage("{}"), nil
}

// unsubscribe serves resources/unsubscribe.
func (s *Server) unsubscribe(ctx context.Context, q *request) (json.RawMessage, error) {
	uri, err := uriOf(q.Params)
	if err != nil {
		return nil, err
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	if err := s.store.UnsubscribeSession(ctx, q.session.ID, uri); err != nil {
		return nil, err
	}
	return json.RawMessage("{}"), nil
}
