package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// takeAnswer takes the response to a question that some replica put to a session's client. The response names its task and question, so no
// replica has to remember what was asked. One about a question that is not open, or about another caller's task, is ignored.
//
// An answer that does not fit is refused, and counts as cancelled: unlike with tasks/update the client has no way to correct it, and a call would
// wait for ever.
func (s *Server) takeAnswer(ctx context.Context, q *request) error {
	id, key, ok := wire.Asked(q.ID)
	if !ok {
		return nil
	}
	ctx = context.WithoutCancel(ctx) // an answer that was given counts, even if its client leaves now
	return s.persist(ctx, func(ctx context.Context) error { return s.answerQuestion(ctx, q, id, key) })
}

// persistence is how long an answer waits for the store: the client does not send it again, nor is the question put again.
const persistence = 20 * time.Second

// persist tries something again while the store does not answer.
func (s *Server) persist(ctx context.Context, try func(context.Context) error) error {
	enough := time.NewTimer(persistence)
	defer enough.Stop()
	again := time.NewTicker(storeTimeout / 4)
	defer again.Stop()
	for {
		trying, cancel := brief(ctx)
		err := try(trying)
		cancel()
		if !store.Unavailable(err) {
			return err
		}
		select {
		case <-again.C:
		case <-enough.C:
			return err
		case <-s.draining:
			return err
		}
	}
}

func (s *Server) answerQuestion(ctx context.Context, q *request, id tasks.ID, key string) error {
	t, err := s.store.Get(ctx, id)
	if errors.Is(err, tasks.ErrNotFound) || err == nil && t.Owner != q.owner {
		return nil
	}
	if err != nil {
		return err
	}
	open := slices.IndexFunc(t.Questions, func(o tasks.Question) bool { return o.Key == key })
	if open < 0 {
		return nil
	}
	answer, wrong := q.Result, ""
	if answer != nil {
		wrong = flaw(t.Questions[open].Request, answer)
	}
	if answer == nil || wrong != "" {
		answer = wire.CancelAnswer
	}
	if err := s.reply(ctx, id, map[string]json.RawMessage{key: answer}); err != nil {
		return err
	}
	if wrong != "" {
		return refuse(http.StatusBadRequest, wire.CodeInvalidParams, "the answer to %q %s: it counts as cancelled", key, wrong)
	}
	return nil
}
