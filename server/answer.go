package server

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// fitting are the answers to open questions, all of which fit. Other keys are nobody's, or were answered already: they are ignored.
func fitting(open []tasks.Question, answers map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	fit := make(map[string]json.RawMessage, len(answers))
	for _, q := range open {
		answer, ok := answers[q.Key]
		if !ok {
			continue
		}
		if err := checkAnswer(q, answer); err != nil {
			return nil, err
		}
		fit[q.Key] = answer
	}
	return fit, nil
}

// checkAnswer compares an answer with its question: a client may mend what is wrong now, a tool could only fail on it later.
func checkAnswer(q tasks.Question, answer json.RawMessage) error {
	if wrong := flaw(q.Request, answer); wrong != "" {
		return invalid("inputResponses: the answer to %q %s", q.Key, wrong)
	}
	return nil
}

var actions = []string{"accept", "decline", "cancel"}

// flaw is what is wrong with an answer: empty if nothing is.
func flaw(r tasks.InputRequest, answer json.RawMessage) string {
	switch r.Kind() {
	case tasks.CanSample:
		return sampledFlaw(answer)
	case tasks.CanListRoots:
		return rootsFlaw(answer)
	}
	reply := tasks.ParseReply(answer) // read as its tool will read it
	switch {
	case !slices.Contains(actions, reply.Action):
		return "has no action, which is accept, decline or cancel"
	case !reply.Accepted() || r.Kind() == tasks.CanVisit:
		return ""
	}
	return formFlaw(r, reply.Content)
}

func formFlaw(r tasks.InputRequest, content json.RawMessage) string {
	if string(content) == "null" {
		content = nil
	}
	if len(content) > 0 && content[0] != '{' {
		return "has a content that is not an object"
	}
	if err := r.Fits(content); err != nil {
		return "breaks its requestedSchema: " + plainly(err)
	}
	return ""
}

func sampledFlaw(answer json.RawMessage) string {
	var o wire.Object
	if json.Unmarshal(answer, &o) != nil {
		return "is not an object"
	}
	_, role := o.Text("role")
	_, model := o.Text("model")
	content := o["content"]
	if !role || !model || len(content) == 0 || content[0] != '{' && content[0] != '[' {
		return "is no sampled message: it has a role, a content and a model"
	}
	return ""
}

func rootsFlaw(answer json.RawMessage) string {
	var o wire.Object
	if json.Unmarshal(answer, &o) != nil || len(o["roots"]) == 0 || o["roots"][0] != '[' {
		return "has no roots, which is an array"
	}
	return ""
}

// plainly is what a schema found, without the words of its library.
func plainly(err error) string {
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), "validating root: "), "validating ")
}

// reply gives answers that fit to a task's questions. A task that had given its slot back goes to the queue again.
func (s *Server) reply(ctx context.Context, id tasks.ID, answers map[string]json.RawMessage) error {
	next, err := s.store.Answer(ctx, id, answers)
	if err != nil {
		return err
	}
	if next != nil {
		s.opts.Dispatcher.Dispatch(*next)
	}
	return nil
}
