package client

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// Question is something that a tool asks.
type Question struct {
	TaskID string // empty: the question comes before there is a task
	Key    string
	tasks.InputRequest
	// Refused is why the server refused the answer given before: what was filled in does not fit the form. Nil: this is the first try.
	Refused error
}

// Message is what is asked, for people. It is empty for questions that are not for people.
func (q Question) Message() string { return q.params().Message }

// Schema returns the JSON Schema of the form that an answer fills in; without a form, that of an empty one.
func (q Question) Schema() json.RawMessage {
	if schema := q.params().Schema; schema != nil {
		return schema
	}
	return json.RawMessage("{}")
}

// URL is what the user is asked to visit; empty for other kinds of question.
func (q Question) URL() string { return q.params().URL }

type questionParams struct {
	Message string          `json:"message"`
	URL     string          `json:"url"`
	Schema  json.RawMessage `json:"requestedSchema"`
}

func (q Question) params() questionParams {
	var p questionParams
	_ = json.Unmarshal(q.Params, &p) // other kinds of question have other params
	return p
}

// Answer is what somebody said to a question.
type Answer struct {
	// Action is accept, decline or cancel (asked, but nobody chose), for a form or a visit.
	Action string
	// Content is what was filled in: any value that marshals to an object.
	Content any
	// Raw is the whole answer, for kinds of question that have no action.
	Raw json.RawMessage
}

// Accept answers a form with its content, or says that a visit was made (then content is nil).
func Accept(content any) Answer { return Answer{Action: "accept", Content: content} }

// Decline says no.
func Decline() Answer { return Answer{Action: "decline"} }

// MarshalJSON returns the answer as it goes over the wire.
func (a Answer) MarshalJSON() ([]byte, error) {
	if a.Raw != nil {
		return a.Raw, nil
	}
	return json.Marshal(struct {
		Action  string `json:"action"`
		Content any    `json:"content,omitempty"`
	}{a.Action, a.Content})
}

// tries is how often one question is answered while the server refuses the answers.
const tries = 5

// nobodyToAsk makes the error for questions that come before there is a task when nobody can answer them.
func nobodyToAsk(requests map[string]tasks.InputRequest) error {
	asked := make([]string, 0, len(requests))
	for _, key := range slices.Sorted(maps.Keys(requests)) {
		message := Question{InputRequest: requests[key]}.Message()
		asked = append(asked, fmt.Sprintf("%.100q (%.500q)", key, message))
	}
	return fmt.Errorf("the server asks %s before there is a task, and there is nobody here who can answer", strings.Join(asked, " and "))
}

// asker hands out a task's questions, each key once, and sends the answers.
type asker struct {
	client *Client
	ctx    context.Context // the wait's: a question outlives the stream that brought it
	fail   func(error)     // ends the wait
	taskID string
	open   map[string]context.CancelFunc // by key; nil once it was closed
	group  sync.WaitGroup
}

func newAsker(ctx context.Context, c *Client, taskID string, fail func(error)) *asker {
	return &asker{client: c, ctx: ctx, fail: fail, taskID: taskID, open: make(map[string]context.CancelFunc)}
}

// see starts asking what is new, and stops asking what is not open any more.
func (a *asker) see(t *Task) {
	if a.client.opts.Answer == nil && a.client.opts.Asked == nil {
		return // somebody else may answer
	}
	for key, cancel := range a.open {
		if _, still := t.Questions[key]; !still && cancel != nil {
			cancel()
			a.open[key] = nil
		}
	}
	for key, request := range t.Questions {
		if _, known := a.open[key]; known {
			continue
		}
		asked, cancel := context.WithCancel(a.ctx)
		a.open[key] = cancel
		a.group.Go(func() {
			defer cancel()
			err := a.ask(asked, Question{TaskID: a.taskID, Key: key, InputRequest: request})
			if err != nil && asked.Err() == nil {
				a.fail(fmt.Errorf("question %q: %w", key, err))
			}
		})
	}
}

func (a *asker) ask(ctx context.Context, q Question) error {
	if a.client.opts.Answer == nil {
		a.client.opts.Asked(q)
		return nil
	}
	for range tries {
		answer, err := a.client.opts.Answer(ctx, q)
		if err != nil {
			return err
		}
		err = a.client.Answer(ctx, a.taskID, map[string]Answer{q.Key: answer})
		if !hasCode(err, wire.CodeInvalidParams) {
			return err
		}
		if !a.isOpen(ctx, q.Key) { // the answer had arrived by an earlier try, or somebody else's had
			return nil
		}
		if ctx.Err() != nil { // nobody waits for the task any more
			return ctx.Err()
		}
		q.Refused = err
	}
	return q.Refused
}

// isOpen reports whether the task still asks a question, as far as is known.
func (a *asker) isOpen(ctx context.Context, key string) bool {
	t, err := a.client.Get(ctx, a.taskID)
	if err != nil {
		return true
	}
	_, open := t.Questions[key]
	return open
}

// end stops asking, and waits until nobody is asked any more.
func (a *asker) end() {
	for _, cancel := range a.open {
		if cancel != nil {
			cancel()
		}
	}
	a.group.Wait()
}

// askAll asks what a call wants to know before there is a task, all at once.
func (c *Client) askAll(ctx context.Context, requests map[string]tasks.InputRequest) (map[string]Answer, error) {
	if c.opts.Answer == nil {
		return nil, nobodyToAsk(requests)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var mu sync.Mutex
	var group sync.WaitGroup
	answers := make(map[string]Answer, len(requests))
	for key, request := range requests {
		group.Go(func() {
			answer, err := c.opts.Answer(ctx, Question{Key: key, InputRequest: request})
			if err != nil {
				stop(fmt.Errorf("question %q: %w", key, err))
				return
			}
			mu.Lock()
			defer mu.Unlock()
			answers[key] = answer
		})
	}
	group.Wait()
	return answers, context.Cause(ctx)
}
