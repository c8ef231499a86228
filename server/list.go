package server

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"

	"github.com/longhaul-mcp/longhaul/wire"
)

const pageSize = 100

// list serves tools/list.
func (s *Server) list(_ context.Context, q *request) (json.RawMessage, error) {
	c, err := s.mirror.read()
	if err != nil {
		return nil, err
	}
	start, err := c.after(q.Params)
	if err != nil {
		return nil, err
	}
	names, next := c.names[start:], ""
	if len(names) > pageSize {
		names = names[:pageSize]
		next = base64.RawURLEncoding.EncodeToString([]byte(names[pageSize-1]))
	}
	page := make([]json.RawMessage, len(names))
	for i, name := range names {
		page[i] = c.tools[name].entry(q)
	}
	return wire.Tools(page, next, q.server(s)), nil
}

// entry is the tool as the request's revision shows it.
func (t *tool) entry(q *request) json.RawMessage {
	if q.revision == wire.V20251125 {
		return t.legacy
	}
	return t.listed
}

// after is where the page of a cursor starts. A cursor is the last name of the page before, so that a catalogue that changes
// between two pages neither repeats a tool nor leaves one out.
func (c *catalogue) after(params wire.Object) (int, error) {
	if !params.Has("cursor") {
		return 0, nil
	}
	cursor, ok := params.Text("cursor")
	name, err := base64.RawURLEncoding.DecodeString(cursor)
	if !ok || err != nil || len(name) == 0 {
		return 0, invalid("cursor is not one of ours")
	}
	i, found := slices.BinarySearch(c.names, string(name))
	if found {
		i++
	}
	return i, nil
}

// server is what a result says about us: nothing before 2026-07-28.
func (q *request) server(s *Server) *wire.Implementation {
	if !q.modern {
		return nil
	}
	return &s.about
}
