package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// CallOptions say more about one call. The zero value is the usual one.
type CallOptions struct {
	// Key is an idempotency key: on a Longhaul server all calls with the same one lead to one task, from whatever process. Default: a random
	// one, so that a call whose answer is lost is not started twice.
	Key string
	// StartAt is when a Longhaul server starts the task. Default: at once.
	StartAt time.Time
	// TTL is how long a server of 2025-11-25 is asked to keep the task. Default: 24 hours.
	TTL time.Duration
	// Answers are the kinds of question that can be answered in this call, from 2026-07-28 on: earlier revisions declare them once for all
	// calls. Default: Options.Answers.
	Answers *tasks.Capabilities
}

const (
	maxRounds  = 10
	defaultTTL = 24 * time.Hour
)

// call is a tools/call on its way to a task or a result.
type call struct {
	*Client
	tool      *Tool
	arguments json.RawMessage
	opts      CallOptions
	key       string
	answers   map[string]Answer // of the round before
	state     string
	token     string // the progress token of the current try
	asks      *asking
}

// Call calls a tool and waits for its answer. An error is an *Error if the server refused the call, and a *TaskError if the task ended
// without an answer of the tool. What the tool itself calls an error, such as arguments that it does not take, is no error but a Result with
// IsError. When ctx ends, so does the wait; a task goes on.
func (c *Client) Call(ctx context.Context, tool string, arguments any, opts CallOptions) (*Result, error) {
	t, err := c.Start(ctx, tool, arguments, opts)
	if err != nil {
		return nil, err
	}
	if t.ID == "" {
		return t.Result, nil
	}
	return c.follow(ctx, t)
}

// Start calls a tool and returns as soon as there is a task, which Wait waits for, from anywhere. If the server answers the call without a
// task, the Task returned has completed, and has no ID.
func (c *Client) Start(ctx context.Context, tool string, arguments any, opts CallOptions) (*Task, error) {
	raw, err := encodeArguments(arguments)
	if err != nil {
		return nil, err
	}
	listed, err := c.tool(ctx, tool)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	k := &call{Client: c, tool: listed, arguments: raw, opts: opts, key: opts.Key}
	if k.key == "" && !c.keyless.Load() {
		k.key = rand.Text()
	}
	if !c.modern() && !k.asTask() { // a task's questions are for who waits for it
		k.asks = newAsking(ctx, c, stop)
		defer k.asks.end()
		defer c.attend(ctx, &attendant{asks: k.asks, notice: func(m message) { k.progress()(m) }})()
	}
	t, err := k.start(ctx)
	if err != nil {
		return nil, ended(ctx, err)
	}
	return t, nil
}

// start calls until there is a task or a result.
func (k *call) start(ctx context.Context) (*Task, error) {
	for range maxRounds {
		raw, t, err := k.send(ctx)
		if raw != nil {
			t, err = k.read(ctx, raw)
		}
		if t != nil || err != nil {
			return t, err
		}
	}
	return nil, fmt.Errorf("the server asked in %d rounds and still does not start %s", maxRounds, k.tool.Name)
}

func encodeArguments(arguments any) (json.RawMessage, error) {
	if arguments == nil {
		return json.RawMessage("{}"), nil
	}
	raw, err := json.Marshal(arguments)
	if err != nil {
		return nil, fmt.Errorf("arguments: %w", err)
	}
	return raw, nil
}

// send sends the call until it is answered, or until it might be started twice. It may return a task instead of an answer.
func (k *call) send(ctx context.Context) (json.RawMessage, *Task, error) {
	b := backoff{patience: k.Client.opts.Patience}
	stale := true // the tool may have changed since it was listed
	for {
		raw, err := k.try(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
			return raw, nil, err
		case refusesKey(err) && k.opts.Key == "" && k.key != "":
			k.keyless.Store(true)
			k.key = ""
			continue
		case hasCode(err, wire.CodeHeaderMismatch) && stale:
			stale = false
			k.tools.forget()
			if k.tool, err = k.Client.tool(ctx, k.tool.Name); err != nil {
				return nil, nil, err
			}
			continue
		}
		if t, err := k.stray(ctx, err); t != nil || err != nil {
			return nil, t, err
		}
		if !k.repeatable(ctx, err) {
			if passes(err) {
				err = fmt.Errorf("%w: %w", ErrUnknown, err)
			}
			return nil, nil, err
		}
		if lived(err) > longPause {
			b = backoff{patience: k.Client.opts.Patience}
		}
		if err := b.wait(ctx, err); err != nil {
			return nil, nil, err
		}
	}
}

// stray looks for the task that a failed call may have left behind: the server names it in its error.
func (k *call) stray(ctx context.Context, err error) (*Task, error) {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.advice().TaskID == "" || k.face(ctx) == faceNone {
		return nil, nil
	}
	t, err := k.Get(ctx, e.advice().TaskID)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil // it was not made
	case err != nil:
		return nil, err
	}
	t.Tool = k.tool.Name
	return t, nil
}

// repeatable reports whether a call that failed may be sent again without being started twice.
func (k *call) repeatable(ctx context.Context, err error) bool {
	if !passes(err) {
		return false
	}
	if e, ok := errors.AsType[*Error](err); ok && e.advice().TaskID != "" && k.face(ctx) != faceNone {
		return true // stray looked: there is no such task
	}
	return unstarted(err) || k.attaches() || k.tool.Annotations.Idempotent || k.tool.Annotations.ReadOnly
}

// attaches reports that a repeat with the same key leads to the same task. Only Longhaul servers promise that.
func (k *call) attaches() bool { return k.key != "" && k.Server().Name == "longhaul" }

func (k *call) try(ctx context.Context) (json.RawMessage, error) {
	k.token = newToken()
	params := object{"name": k.tool.Name, "arguments": k.arguments}
	if k.answers != nil {
		params["inputResponses"] = k.answers
	}
	if k.state != "" {
		params["requestState"] = k.state
	}
	meta := object{"progressToken": k.token}
	if k.key != "" {
		meta[wire.MetaKey] = k.key
	}
	if !k.opts.StartAt.IsZero() {
		meta[wire.MetaStart] = k.opts.StartAt.UTC().Format(time.RFC3339)
	}
	if k.Client.opts.Log != nil && k.modern() {
		meta[wire.MetaLogLevel] = k.Client.opts.LogLevel
	}
	if k.asTask() {
		params["task"] = object{"ttl": ttl(k.opts.TTL).Milliseconds()}
	}
	return k.Client.send(ctx, &request{
		method: wire.MethodToolsCall, name: k.tool.Name, params: params, meta: meta, header: k.headers(), notice: k.notice(), asks: k.asks, answers: k.opts.Answers,
	})
}

func ttl(d time.Duration) time.Duration {
	if d == 0 {
		return defaultTTL
	}
	return d
}

// asTask reports that the call asks for a task, as 2025-11-25 has it: both the server and the tool must support that.
func (k *call) asTask() bool {
	support := k.tool.Execution.TaskSupport
	return k.Server().legacyTasks && (support == "optional" || support == "required")
}

func (k *call) headers() http.Header {
	h := make(http.Header)
	for _, p := range k.tool.headers {
		if value, ok := p.Value(k.arguments); ok {
			h.Set(p.Header, value)
		}
	}
	return h
}

// notice handles what comes on the stream of a call that stays open.
func (k *call) notice() func(message) {
	progress := k.progress()
	return func(m message) {
		progress(m)
		k.logged(m)
	}
}

// progress passes on the progress of a call that stays open.
func (k *call) progress() func(message) {
	began := time.Now()
	return func(m message) {
		n, ok := readProgress(m)
		if !ok || n.Token != k.token || k.Client.opts.Changed == nil {
			return
		}
		k.Client.opts.Changed(Task{
			Tool: k.tool.Name, Status: tasks.Working, Message: n.Message, Created: began, Updated: time.Now(), Progress: n.progress(),
		})
	}
}

// read tells apart the answers that a call can have. A nil task without an error means that the call goes into another round.
func (k *call) read(ctx context.Context, raw json.RawMessage) (*Task, error) {
	var answer struct {
		ResultType string                        `json:"resultType"`
		Requests   map[string]tasks.InputRequest `json:"inputRequests"`
		State      string                        `json:"requestState"`
		Task       json.RawMessage               `json:"task"` // of 2025-11-25
		TaskID     string                        `json:"taskId"`
	}
	if err := tasks.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("%s: %w", wire.MethodToolsCall, err)
	}
	switch {
	case answer.ResultType == wire.TypeInputRequired:
		return nil, k.nextRound(ctx, answer.Requests, answer.State)
	case answer.TaskID != "":
		return k.task(raw)
	case !k.modern() && k.asTask() && answer.Task != nil:
		return k.task(answer.Task)
	}
	r, err := readResult(raw, "")
	if err != nil {
		return nil, err
	}
	if t := k.handed(ctx, r); t != nil {
		return t, nil
	}
	return &Task{Tool: k.tool.Name, Status: tasks.Completed, Result: r}, nil
}

func (k *call) task(raw json.RawMessage) (*Task, error) {
	t, err := readTask(raw)
	if err != nil {
		return nil, err
	}
	t.Tool, t.token = k.tool.Name, k.token
	return t, nil
}

// nextRound answers the questions that the server asks before it goes on with a call. One that asks nothing wants to be called again a little
// later.
func (k *call) nextRound(ctx context.Context, requests map[string]tasks.InputRequest, state string) (err error) {
	k.answers, k.state = nil, state
	if len(requests) == 0 {
		return sleep(ctx, jittered(firstPause))
	}
	k.answers, err = k.askAll(ctx, maps.Clone(requests))
	return err
}
