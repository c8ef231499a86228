package server

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/longhaul-mcp/longhaul/wire"
)

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
	start, end, next, err := pageOf(all, q.Params)
	if err != nil {
		return nil, err
	}
	page := make([]json.RawMessage, end-start)
	for i, name := range all[start:end] {
		page[i] = s.listed(c, name, q)
	}
	return wire.Tools(page, next, q.server(s)), nil
}

// listed returns a tool as the request's revision shows it. If a handle may come instead of its result, the output schema says so.
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

// server returns what a result says about us: nothing before 2026-07-28.
func (q *request) server(s *Server) *wire.Implementation {
	if !q.modern() {
		return nil
	}
	return &s.about
}
