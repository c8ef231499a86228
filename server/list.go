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
	all := c.names
	if own := s.handles.names(q); len(own) > 0 {
		all = slices.Concat(c.names, own)
		slices.Sort(all)
	}
	start, err := after(all, q.Params)
	if err != nil {
		return nil, err
	}
	names, next := all[start:], ""
	if len(names) > pageSize {
		names = names[:pageSize]
		next = base64.RawURLEncoding.EncodeToString([]byte(names[pageSize-1]))
	}
	page := make([]json.RawMessage, len(names))
	for i, name := range names {
		page[i] = s.listed(c, name, q)
	}
	return wire.Tools(page, next, q.server(s)), nil
}

// listed is a tool as the request's revision shows it; where a handle may come instead of its result, its output schema says so.
func (s *Server) listed(c *catalogue, name string, q *request) json.RawMessage {
	t := c.tools[name]
	if t == nil {
		return s.handles[name].listed
	}
	entry := t.listed
	if q.revision == wire.V20251125 {
		entry = t.legacy
	}
	if s.handles == nil || q.extended() {
		return entry.plain
	}
	return entry.orHandle
}

// after is where the page of a cursor starts. A cursor is the last name of the page before, so that a catalogue that changes
// between two pages neither repeats a tool nor leaves one out.
func after(names []string, params wire.Object) (int, error) {
	if !params.Has("cursor") {
		return 0, nil
	}
	cursor, ok := params.Text("cursor")
	name, err := base64.RawURLEncoding.DecodeString(cursor)
	if !ok || err != nil || len(name) == 0 {
		return 0, invalid("cursor is not one of ours")
	}
	i, found := slices.BinarySearch(names, string(name))
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
