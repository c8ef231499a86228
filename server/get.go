package server

import (
	"context"
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/wire"
)

// get serves tasks/get.
func (s *Server) get(ctx context.Context, q *request) (json.RawMessage, error) {
	ctx, cancel := brief(ctx)
	defer cancel()
	t, err := s.find(ctx, q)
	if err != nil {
		return nil, err
	}
	return wire.Get(t, s.about), nil
}
