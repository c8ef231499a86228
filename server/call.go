package server

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// call is a tools/call whose parts have been read and checked.
type call struct {
	*request
	tool      *tool
	arguments json.RawMessage
	responses map[string]json.RawMessage // the answers that came with it
	state     claims                     // the state of the call that it repeats, if any
	waiter    string                     // its name among the calls that wait for the task, if dropping it means stop
}

// call serves tools/call: it makes a task, and shows it to the client by the face that fits.
func (s *Server) call(ctx context.Context, q *request) (json.RawMessage, error) {
	if t := s.handles.named(q); t != nil {
		return s.manage(ctx, q, t)
	}
	c, err := s.readCall(ctx, q)
	if err != nil {
		return nil, err
	}
	if c.augmented() {
		return s.callTask(ctx, c)
	}
	if c.state.Task != "" {
		return s.hold(ctx, c, c.state.Task, nil)
	}
	if err := c.tool.input.Validate(c.arguments); err != nil {
		return c.complain(s, err) // for the model, which can correct them
	}
	handed := c.extended() && c.tool.Policy.Task != tasks.Forbidden
	answered, missing, err := c.before()
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 && (handed || !s.handsOut(c) || c.canAnswer(missing)) { // otherwise the tool itself asks, by the handle
		return s.ask(ctx, c.request, missing, claims{Answers: answers(answered), Call: digest(c.tool.Name, c.arguments)})
	}
	if !handed && s.isDraining() { // nobody would wait for the task
		return nil, errStopping
	}
	if !handed {
		c.nameWaiter()
	}
	t, err := s.create(ctx, c, answered)
	if err != nil {
		return nil, err
	}
	if handed {
		return s.hand(ctx, c, t)
	}
	return s.hold(ctx, c, t.ID, t)
}

func (s *Server) readCall(ctx context.Context, q *request) (*call, error) {
	catalogue, err := s.mirror.read()
	if err != nil {
		return nil, err
	}
	name, ok := q.Params.Text("name")
	if !ok {
		return nil, invalid("name must be a string")
	}
	c := &call{request: q, tool: catalogue.tools[name]}
	if c.tool == nil {
		return nil, catalogue.unknown(name)
	}
	if c.arguments, err = arguments(q.Params); err != nil {
		return nil, err
	}
	if err := c.check(s.opts.Now()); err != nil {
		return nil, err
	}
	return c, c.readRetry(ctx, s)
}

// check refuses calls that no face can serve.
func (c *call) check(now time.Time) error {
	p := c.tool.Policy
	switch {
	case c.meta.Key != "" && c.owner == tasks.Nobody:
		return invalid("%s needs a caller who can be told from others: this server does not know who you are", wire.MetaKey)
	case c.meta.StartAt.Sub(now) > p.MaxLifetime:
		return invalid("%s is later than a task of this tool may stay open: within %s", wire.MetaStart, p.MaxLifetime)
	case p.Task == tasks.Required && p.Refuse && !c.modern() && !c.augmented():
		return &wire.Error{Code: wire.CodeMethodNotFound, Message: "this tool can only be called as a task"}
	case p.Task == tasks.Required && p.Refuse && c.modern() && !c.extended():
		return incapable(true)
	case !c.modern():
		return nil
	}
	for _, h := range c.tool.headers {
		if err := h.Check(c.header.Values(h.Header), c.arguments); err != nil {
			return mismatch("%v", err)
		}
	}
	return nil
}

// start returns when the task may start, as the caller says or else the policy. Zero: at once.
func (c *call) start(now time.Time) time.Time {
	if !c.meta.StartAt.IsZero() || c.tool.Policy.Delay == 0 {
		return c.meta.StartAt
	}
	return now.Add(c.tool.Policy.Delay)
}

// shared reports that repeats of this call lead to the same task.
func (c *call) shared() bool {
	return c.owner != tasks.Nobody && (c.meta.Key != "" || c.tool.Policy.Dedupe != "")
}

// readRetry reads what a repeated call brings: answers, and the state that says what they are for (patterns/mrtr).
func (c *call) readRetry(ctx context.Context, s *Server) error {
	if !c.modern() {
		return nil
	}
	var err error
	if c.responses, err = responses(c.Params); err != nil {
		return err
	}
	if !c.Params.Has("requestState") {
		return nil
	}
	state, ok := c.Params.Text("requestState")
	if !ok {
		return errState
	}
	c.state, err = s.unseal(ctx, state, c.owner, digest(c.tool.Name, c.arguments))
	return err
}

func (c *call) complain(s *Server, err error) (json.RawMessage, error) {
	result, encErr := tasks.Failure(errors.New(plainly(err))).Encode(nil)
	return c.plain(s, result), encErr
}

// plain makes a stored result the answer to the call.
func (q *request) plain(s *Server, result json.RawMessage) json.RawMessage {
	if !q.revision.since(hasLinks) {
		return wire.WithoutLinks(result)
	}
	if !q.modern() {
		return result
	}
	return wire.Complete(result, &s.about)
}

// create makes the task durable, then has it enqueued. It does not stop halfway when the client leaves: nobody would know what to cancel.
func (s *Server) create(ctx context.Context, c *call, answered []store.Answered) (*tasks.Task, error) {
	ctx, cancel := brief(context.WithoutCancel(ctx))
	defer cancel()
	arguments := c.arguments
	if c.shared() {
		arguments = canonical(arguments) // so that a repeat may write them differently
	}
	n := store.NewTask{
		Tool:         c.tool.Name,
		Owner:        c.owner,
		Arguments:    arguments,
		Policy:       c.tool.Policy,
		Capabilities: s.askable(c),
		Key:          c.meta.Key,
		Token:        c.lastingToken(),
		Start:        c.start(s.opts.Now()),
		Waiter:       c.waiter,
		Answered:     answered,
	}
	n.ID = s.store.NewID(c.owner, n.Repeats())
	t, created, err := s.store.Create(ctx, n)
	if err != nil {
		return nil, &strayError{n.ID, err}
	}
	if created && t.Phase == tasks.Queued { // the keeper enqueues one that starts later
		s.opts.Dispatcher.Dispatch(t.Delivery)
	}
	return t, nil
}
