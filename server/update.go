package server

import (
	"context"
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/wire"
)

// update serves tasks/update: an empty acknowledgement, whatever the answers were for. One that does not fit its question undoes all.
func (s *Server) update(ctx context.Context, q *request) (json.RawMessage, error) {
	if !q.Params.Has("inputResponses") {
		return nil, invalid("inputResponses is missing")
	}
	answers, err := responses(q.Params)
	if err != nil {
		return nil, err
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	t, err := s.find(ctx, q)
	if err != nil {
		return nil, err
	}
	fit, err := fitting(t.Questions, answers)
	if err != nil {
		return nil, err
	}
	if len(answers) > 0 { // also if none is for an open question: what a repeat brings may not be durable yet
		if err := s.reply(ctx, t.ID, fit); err != nil {
			return nil, err
		}
	}
	return wire.Acknowledged(s.about), nil
}
