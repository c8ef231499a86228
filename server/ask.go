package server

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// before sorts the questions that the policy asks before there is a task into those with an answer and those without. Earlier
// revisions cannot be asked on a stateless connection: there the tool meets its questions itself, and learns that it cannot ask.
func (c *call) before() (answered []store.Answered, missing []tasks.Question, err error) {
	if !c.modern() {
		return nil, nil, nil
	}
	for _, q := range c.tool.Policy.Before {
		answer, ok, err := c.answerTo(q)
		switch {
		case err != nil:
			return nil, nil, err
		case ok:
			answered = append(answered, store.Answered{Question: q, Answer: answer})
		default:
			missing = append(missing, q)
		}
	}
	return answered, missing, nil
}

// answerTo is the first answer that the client gave. One from before the tool changed its question is none.
func (c *call) answerTo(q tasks.Question) (answer json.RawMessage, ok bool, err error) {
	if answer, ok = c.state.Answers[q.Key]; ok && checkAnswer(q, answer) == nil {
		return answer, true, nil
	}
	if answer, ok = c.responses[q.Key]; !ok {
		return nil, false, nil
	}
	return answer, true, checkAnswer(q, answer)
}

func answers(answered []store.Answered) map[string]json.RawMessage {
	m := make(map[string]json.RawMessage, len(answered))
	for _, a := range answered {
		m[a.Key] = a.Answer
	}
	return m
}

// ask answers a call with questions; state says what for. Only kinds that this very request declared may be asked (patterns/mrtr, Server Requirements).
func (s *Server) ask(ctx context.Context, q *request, questions []tasks.Question, state claims) (json.RawMessage, error) {
	var lacking []tasks.Capability
	for _, question := range questions {
		if kind := question.Request.Kind(); !q.asks().Has(kind) {
			lacking = append(lacking, kind)
		}
	}
	if len(lacking) > 0 {
		return nil, incapable(false, lacking...)
	}
	state.Owner = q.owner
	sealed, err := s.seal(ctx, state)
	if err != nil {
		return nil, err
	}
	return wire.InputRequired(questions, sealed, s.about), nil
}

// askable are the kinds of question that a task of this call may ask: those that the client declared, and with a handle those that a
// person or the model can answer in its stead (task_answer).
func (s *Server) askable(c *call) tasks.Capabilities {
	kinds := slices.Clone(c.asks())
	if c.extended() || c.augmented() || !s.handsOut(c) {
		return kinds
	}
	for _, k := range []tasks.Capability{tasks.CanFillForms, tasks.CanVisit, tasks.CanSample} {
		if !kinds.Has(k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// canAnswer reports whether the client itself can be asked all these questions.
func (q *request) canAnswer(questions []tasks.Question) bool {
	return !slices.ContainsFunc(questions, func(o tasks.Question) bool { return !q.asks().Has(o.Request.Kind()) })
}
