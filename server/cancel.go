package server

import (
	"context"
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/wire"
)

// cancel serves tasks/cancel: an empty acknowledgement, also for a task that has ended.
func (s *Server) cancel(ctx context.Context, q *request) (json.RawMessage, error) {
	ctx, cancel := brief(ctx)
	defer cancel()
	t, err := s.find(ctx, q)
	if err != nil {
		return nil, err
	}
	if err := s.store.Cancel(ctx, t.ID); err != nil {
		return nil, err
	}
	s.opts.Dispatcher.Settle(t.Delivery.Limit, t.ID)
	return wire.Acknowledged(s.about), nil
}
