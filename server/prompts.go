package server

import (
	"context"
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/wire"
)

// listPrompts serves prompts/list.
func (s *Server) listPrompts(_ context.Context, q *request) (json.RawMessage, error) {
	c, err := s.mirror.read()
	if err != nil {
		return nil, err
	}
	page, next, err := pageItems(c.sources.prompts, q.Params)
	if err != nil {
		return nil, err
	}
	return wire.Prompts(page, next, q.server(s)), nil
}

// getPrompt serves prompts/get.
func (s *Server) getPrompt(ctx context.Context, q *request) (json.RawMessage, error) {
	name, ok := q.Params.Text("name")
	if !ok {
		return nil, invalid("name must be a string")
	}
	c, err := s.mirror.read()
	if err != nil {
		return nil, err
	}
	source := c.sources.ofPrompt(name)
	if source == nil {
		return nil, invalid("unknown prompt %.100q: prompts/list names those that there are", name)
	}
	return s.inquire(ctx, q, source)
}
