package server

import (
	"context"
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// before sorts the questions that the policy asks before there is a task into those with an answer and those without. Earlier
// revisions cannot be asked on a stateless connection: there the tool meets its questions itself, and learns that it cannot ask.
func (c *call) before() (answered []store.Answered, missing []tasks.Question) {
	if !c.modern {
		return nil, nil
	}
	for _, q := range c.tool.Policy.Before {
		answer, ok := c.state.Answers[q.Key] // the first answer counts
		if !ok {
			answer, ok = c.responses[q.Key]
		}
		if ok {
			answered = append(answered, store.Answered{Question: q, Answer: answer})
		} else {
			missing = append(missing, q)
		}
	}
	return answered, missing
}

func answers(answered []store.Answered) map[string]json.RawMessage {
	m := make(map[string]json.RawMessage, len(answered))
	for _, a := range answered {
		m[a.Key] = a.Answer
	}
	return m
}

// ask answers the call with questions. Only kinds that this very request declared may be asked (patterns/mrtr, Server Requirements).
func (s *Server) ask(ctx context.Context, c *call, questions []tasks.Question, state claims) (json.RawMessage, error) {
	var lacking []tasks.Capability
	for _, q := range questions {
		if kind := q.Request.Kind(); !c.asks().Has(kind) {
			lacking = append(lacking, kind)
		}
	}
	if len(lacking) > 0 {
		return nil, incapable(false, lacking...)
	}
	state.Owner, state.Call = c.owner, digest(c.tool.Name, c.arguments)
	sealed, err := s.seal(ctx, state)
	if err != nil {
		return nil, err
	}
	return wire.InputRequired(questions, sealed, s.about), nil
}
