package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// held is a call that stays open until its task ends, asks something, or the client leaves. When its stream goes on on another connection, only
// the fields that are in the stream's note (begin) are set: the others mattered only at first.
type held struct {
	*request
	server    *Server
	id        tasks.ID
	tool      string
	arguments json.RawMessage
	responses map[string]json.RawMessage // the answers that came with the call
	repeats   bool                       // it repeats a call that was answered with questions
	waiter    string                     // its name among the calls that wait for the task, if dropping it means stop
	grace     time.Duration              // how long a repeat may take to come after it was dropped
	handsOut  bool                       // the answer may be a handle

	progress teller
	limit    <-chan time.Time // when the client gets a handle instead; nil: never
	task     *tasks.Task      // as last seen; nil: not yet
	looked   bool             // the state in which the call found the task has been shown
	gathered bool             // questions that come together have been waited for
	answered map[string]bool  // the keys of answered questions: none is asked again, since a key never names two
}

// hold serves a call by watching its task; t is the task's state, nil if that is not known yet.
func (s *Server) hold(ctx context.Context, c *call, id tasks.ID, t *tasks.Task) (json.RawMessage, error) {
	h := &held{
		request: c.request, server: s, id: id, task: t, tool: c.tool.Name, arguments: c.arguments, responses: c.responses,
		repeats: c.state.Task != "", waiter: c.waiter, grace: c.tool.Policy.Orphan,
	}
	if t != nil && t.Status.Terminal() {
		return h.ended(t)
	}
	d := s.patience(c)
	if d == 0 && t != nil {
		return h.handOver(s.positioned(ctx, t)), nil
	}
	s.begin(ctx, c.request, store.Stream{Kind: store.CallStream, Task: id, Tool: h.tool, Token: c.meta.Token, Waiter: c.waiter, Hold: d})
	return h.await(ctx, d)
}

// await holds a call until its task ends, or until a handle is due after d.
func (h *held) await(ctx context.Context, d time.Duration) (json.RawMessage, error) {
	h.progress, h.answered, h.handsOut = h.server.teller(h.request, h.meta.Token), make(map[string]bool), d != forever
	if h.handsOut {
		limit := time.NewTimer(d)
		defer limit.Stop()
		h.limit = limit.C
	}
	result, err := h.server.watch(ctx, h.request, h.id, h)
	switch {
	case errors.Is(err, errDue):
		return h.handOver(h.server.positioned(ctx, h.task)), nil
	case errors.Is(err, errStopping):
		return h.cutOff()
	case err != nil && ctx.Err() != nil || errors.Is(err, errGone):
		h.abandon(ctx)
		return nil, errGone
	}
	return result, err
}

// cutOff answers a call that this replica cannot hold any longer.
func (h *held) cutOff() (json.RawMessage, error) {
	switch {
	case h.handsOut && h.task != nil:
		return h.handOver(h.task), nil
	case h.comesBack():
		return nil, errGone
	}
	return nil, &strayError{h.id, errCutOff}
}

// due is when the client gets a handle. Before the task was seen there is none to give.
func (h *held) due() <-chan time.Time {
	if h.task == nil {
		return nil
	}
	return h.limit
}

// silence breaks a silence. It also puts questions that another stream carried, which may have ended with its replica.
func (h *held) silence(ctx context.Context) error {
	if h.task == nil {
		return h.out.ping()
	}
	if err := h.out.silence(h.progress.refresh(ctx, h.task)); err != nil {
		return err
	}
	return h.inquire(ctx, h.task)
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
		if err := h.out.tell(h.progress.final(ctx, t)); err != nil {
			return nil, err
		}
		return h.ended(t)
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

// ended answers the call of a task that has ended.
func (h *held) ended(t *tasks.Task) (json.RawMessage, error) {
	result, err := outcome(t, h.modern())
	if err != nil {
		return nil, err
	}
	return h.plain(h.server, result), nil
}

// outcome returns the answer to the call of a task that has ended: the tool's result as it is stored, or an error.
func outcome(t *tasks.Task, modern bool) (json.RawMessage, error) {
	switch {
	case t.Status == tasks.Cancelled:
		return nil, errCancelled
	case t.Status == tasks.Completed && t.Result != nil:
		return t.Result, nil
	case t.Status == tasks.Failed && t.Error != nil:
		e := t.Error
		return nil, &failure{status(e.Code, modern), wire.Error{Code: e.Code, Message: e.Message, Data: e.Data}}
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
	case h.handsOut && !h.canAnswer(missing):
		return h.handOver(t), nil
	case !h.modern(): // they go out as requests (inquire), or another client of a shared task answers
		return nil, nil
	case !h.gathered:
		return h.gather(ctx, t)
	}
	return h.server.ask(ctx, h.request, missing, claims{Task: h.id, Call: digest(h.tool, h.arguments)})
}

// breath is how long questions that a tool asks at the same time, each by itself, take to come in.
const breath = 20 * time.Millisecond

// gather waits for questions that come with the first one: a round of its own for each would cost the client far more.
func (h *held) gather(ctx context.Context, t *tasks.Task) (json.RawMessage, error) {
	h.gathered = true
	wait := time.NewTimer(breath)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return nil, nil // watch sees that too
	}
	if now, err := h.server.store.Get(ctx, h.id); err == nil { // otherwise we ask at least the first one
		t = now
	}
	return h.update(ctx, store.Update{ID: h.id, Task: t})
}

// handOver answers the call with a handle.
func (h *held) handOver(t *tasks.Task) json.RawMessage { return h.plain(h.server, h.server.handle(t)) }

// brought returns the answer to a question that came with the request. One that does not fit is an error if the client can have seen the
// question, that is if it was open when the call was repeated; an answer to a later question was only a guess, and is ignored.
func (h *held) brought(q tasks.Question) (answer json.RawMessage, ok bool, err error) {
	if answer, ok = h.responses[q.Key]; !ok {
		return nil, false, nil
	}
	err = checkAnswer(q, answer)
	if err != nil && (h.looked || !h.repeats) {
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

// logs sends what was logged since the client last heard of the log, perhaps on another connection.
func (h *held) logs(t *tasks.Task, logs []store.Log) error {
	if h.out.seq > t.Seq { // a failover took seq back
		h.out.seq = 0
	}
	for _, l := range logs {
		if l.Seq <= h.out.seq || !h.logLevel().Covers(wire.Level(l.Level)) {
			continue
		}
		h.out.seq = l.Seq
		if err := h.out.send(wire.Logged("", wire.Level(l.Level), h.tool, l.Message)); err != nil {
			return err
		}
	}
	return nil
}
