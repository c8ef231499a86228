package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// held is a call that stays open until its task ends, asks something, or the client leaves.
type held struct {
	*call
	server   *Server
	id       tasks.ID
	progress teller
	limit    <-chan time.Time // when the client gets a handle instead; nil: never
	task     *tasks.Task      // as last seen; nil: not yet
	looked   bool             // the task as the call found it has been shown
	answered map[string]bool  // a key never names two questions, so what was answered once is never asked again
}

// hold serves a call by watching its task; t is how it stands, if that is known.
func (s *Server) hold(ctx context.Context, c *call, id tasks.ID, t *tasks.Task) (json.RawMessage, error) {
	if t != nil && t.Status.Terminal() {
		return c.outcome(s, t)
	}
	d, ends := s.patience(c)
	if !ends {
		d = forever
	}
	s.begin(ctx, c.request, store.Stream{Kind: aCall, Task: id, Tool: c.tool.Name, Token: c.meta.Token, Hold: d})
	return s.await(ctx, c, id, t, d)
}

// await holds a call until its task ends, or until the client is to get a handle.
func (s *Server) await(ctx context.Context, c *call, id tasks.ID, t *tasks.Task, d time.Duration) (json.RawMessage, error) {
	h := &held{call: c, server: s, id: id, task: t, progress: s.teller(c.request, c.meta.Token), answered: make(map[string]bool)}
	if d >= 0 {
		limit := time.NewTimer(d)
		defer limit.Stop()
		h.limit = limit.C
	}
	result, err := h.watch(ctx)
	if err != nil && ctx.Err() != nil || errors.Is(err, errGone) {
		h.abandon(ctx)
		return nil, errGone
	}
	return result, err
}

func (h *held) watch(ctx context.Context) (json.RawMessage, error) {
	f, err := h.server.follow(ctx, h.id)
	if err != nil {
		return nil, &strayError{h.id, err}
	}
	defer f.close()
	ping := time.NewTicker(h.server.opts.Ping)
	defer ping.Stop()
	for {
		select {
		case u := <-f.updates:
			if result, err := h.update(ctx, u); result != nil || err != nil {
				return result, err
			}
		case <-ping.C:
			if err := h.out.silence(h.progress.again(ctx, h.task)); err != nil {
				return nil, err
			}
		case <-h.patience():
			return h.handOver(h.server.positioned(ctx, h.task)), nil
		case <-h.server.draining:
			if h.limit != nil && h.task != nil {
				return h.handOver(h.task), nil
			}
			if h.comesBack() {
				return nil, errGone
			}
			return nil, &strayError{h.id, errCutOff}
		case <-ctx.Done():
			return nil, errGone
		}
	}
}

// update shows the client what happened. A result ends the call.
func (h *held) update(ctx context.Context, u store.Update) (json.RawMessage, error) {
	t := u.Task
	if t == nil || t.Owner != h.owner {
		return nil, tasks.ErrNotFound
	}
	if err := h.logs(t, u.Logs); err != nil {
		return nil, err
	}
	h.task, h.out.seq = t, t.Seq
	if t.Status.Terminal() {
		return h.outcome(h.server, t)
	}
	if t.Status == tasks.InputRequired {
		if result, err := h.question(ctx, t); result != nil || err != nil {
			return result, err
		}
	}
	if err := h.inquire(ctx, t); err != nil {
		return nil, err
	}
	h.looked = true
	return nil, h.out.tell(h.progress.next(ctx, t))
}

func (c *call) outcome(s *Server, t *tasks.Task) (json.RawMessage, error) {
	result, err := outcome(t)
	if err != nil {
		return nil, err
	}
	return c.plain(s, result), nil
}

// outcome is what the call of a task that has ended is answered with: the tool's result as it is stored, or an error.
func outcome(t *tasks.Task) (json.RawMessage, error) {
	switch {
	case t.Status == tasks.Cancelled:
		return nil, errCancelled
	case t.Status == tasks.Completed && t.Result != nil:
		return t.Result, nil
	case t.Status == tasks.Failed && t.Error != nil:
		e := t.Error
		return nil, &failure{http.StatusOK, wire.Error{Code: e.Code, Message: e.Message, Data: e.Data}}
	}
	return nil, fmt.Errorf("task %s is %s and its outcome is lost", t.ID, t.Status)
}

// question answers the task's questions with what the request brought along, and asks for the rest: the call then ends with
// InputRequiredResult, and its repeat goes on (patterns/mrtr).
func (h *held) question(ctx context.Context, t *tasks.Task) (json.RawMessage, error) {
	answers, missing := make(map[string]json.RawMessage), []tasks.Question(nil)
	for _, q := range t.Questions {
		if h.answered[q.Key] {
			continue
		}
		a, ok, err := h.brought(q)
		if err != nil {
			return nil, err
		}
		if ok {
			answers[q.Key] = a
		} else {
			missing = append(missing, q)
		}
	}
	for key := range answers {
		h.answered[key] = true
	}
	if err := h.give(ctx, answers); err != nil || len(missing) == 0 {
		return nil, err
	}
	switch {
	case h.limit != nil && !h.canAnswer(missing):
		return h.handOver(t), nil
	case !h.modern: // somebody else may be asked: the task can be shared
		return nil, nil
	}
	return h.server.ask(ctx, h.call, missing, claims{Task: h.id})
}

// patience ends when the client is to get a handle, of a task that has been seen.
func (h *held) patience() <-chan time.Time {
	if h.task == nil {
		return nil
	}
	return h.limit
}

// handOver answers the call with a handle.
func (h *held) handOver(t *tasks.Task) json.RawMessage { return h.plain(h.server, handle(t)) }

// brought is the request's answer to a question. One that does not fit is an error if the client can have seen the question, that is
// if it was open when the call was repeated; a guess about a later question is no answer.
func (h *held) brought(q tasks.Question) (answer json.RawMessage, ok bool, err error) {
	if answer, ok = h.responses[q.Key]; !ok {
		return nil, false, nil
	}
	err = checkAnswer(q, answer)
	if err != nil && (h.looked || h.state.Task == "") {
		return nil, false, nil
	}
	return answer, true, err
}

func (h *held) give(ctx context.Context, answers map[string]json.RawMessage) error {
	if len(answers) == 0 {
		return nil
	}
	ctx, cancel := brief(context.WithoutCancel(ctx)) // an answer that was given counts, even if its client leaves now
	defer cancel()
	if err := h.server.reply(ctx, h.id, answers); err != nil {
		return &strayError{h.id, err}
	}
	return nil
}

// logs tells what was logged since the client was told last, maybe on another connection.
func (h *held) logs(t *tasks.Task, logs []store.Log) error {
	if h.out.seq > t.Seq { // a failover took seq back
		h.out.seq = 0
	}
	for _, l := range logs {
		if l.Seq <= h.out.seq || !h.logLevel().Covers(wire.Level(l.Level)) {
			continue
		}
		h.out.seq = l.Seq
		if err := h.out.send(wire.Logged(wire.Level(l.Level), h.tool.Name, l.Message)); err != nil {
			return err
		}
	}
	return nil
}
