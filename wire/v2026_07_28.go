package wire

import (
	"encoding/json"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// V20260728 is the protocol revision that this file's messages belong to: the core protocol 2026-07-28 and the Tasks extension.
const V20260728 = "2026-07-28"

// task is the extension's Task, with the members of its derived shapes except a completed task's result, which is spliced in.
type task struct {
	ResultType     string                        `json:"resultType,omitempty"`
	Meta           *resultMeta                   `json:"_meta,omitempty"`
	TaskID         tasks.ID                      `json:"taskId"`
	Status         tasks.Status                  `json:"status"`
	StatusMessage  string                        `json:"statusMessage,omitempty"`
	CreatedAt      string                        `json:"createdAt"`
	LastUpdatedAt  string                        `json:"lastUpdatedAt"`
	TTLMs          *int64                        `json:"ttlMs"`
	PollIntervalMs int64                         `json:"pollIntervalMs"`
	InputRequests  map[string]tasks.InputRequest `json:"inputRequests,omitzero"`
	Error          *tasks.Error                  `json:"error,omitempty"`
}

type progress struct {
	Progress      float64 `json:"progress"`
	Total         float64 `json:"total,omitempty"`
	Message       string  `json:"message,omitempty"`
	QueuePosition int     `json:"queuePosition,omitempty"`
	ETAMs         int64   `json:"etaMs,omitempty"`
}

// attempts is how often a task has been tried, once that is worth telling.
type attempts struct {
	Attempt   int    `json:"attempt"`          // the current one, from 1; also counts those that a crash or a deploy ended
	Failures  int    `json:"failures"`         // of the tool
	Limit     int    `json:"limit"`            // failures that end the task
	NextAt    string `json:"nextAt,omitempty"` // when the current one may start
	LastError string `json:"lastError,omitempty"`
}

// Created is a CreateTaskResult: the task's metadata only, never what it answers or asks.
func Created(t *tasks.Task, server Implementation) json.RawMessage {
	w := base(t, &server, nil)
	w.ResultType = TypeTask
	return encode(w)
}

// Get is the result of tasks/get: the whole task.
func Get(t *tasks.Task, server Implementation) json.RawMessage {
	w := base(t, &server, nil)
	w.ResultType = TypeComplete
	return w.detailed(t)
}

// Changed is the message of notifications/tasks: what tasks/get would answer, on the subscription of that id.
func Changed(t *tasks.Task, subscription json.RawMessage) []byte {
	params := base(t, nil, subscription).detailed(t)
	return notify("notifications/tasks", params)
}

func base(t *tasks.Task, server *Implementation, subscription json.RawMessage) task {
	return task{
		Meta:           metaOf(resultMeta{ServerInfo: server, Subscription: subscription, Progress: progressOf(t), Attempts: attemptsOf(t)}),
		TaskID:         t.ID,
		Status:         t.Status,
		StatusMessage:  t.StatusMessage(),
		CreatedAt:      stamp(t.Created),
		LastUpdatedAt:  stamp(t.Updated),
		TTLMs:          ttl(t),
		PollIntervalMs: max(1, t.PollInterval().Milliseconds()),
	}
}

// detailed adds what the status calls for.
func (w task) detailed(t *tasks.Task) json.RawMessage {
	switch t.Status {
	case tasks.InputRequired:
		w.InputRequests = requests(t.Questions)
	case tasks.Failed:
		w.Error = t.Error
	case tasks.Completed:
		return splice(encode(w), "result", Complete(t.Result, nil))
	}
	return encode(w)
}

// splice appends a member to an object that is not empty.
func splice(object json.RawMessage, name string, value json.RawMessage) json.RawMessage {
	b := make([]byte, 0, len(object)+len(name)+len(value)+len(`,"":`))
	b = append(append(append(b, object[:len(object)-1]...), `,"`...), name...)
	b = append(append(b, `":`...), value...)
	return append(b, '}')
}

func requests(questions []tasks.Question) map[string]tasks.InputRequest {
	m := make(map[string]tasks.InputRequest, len(questions))
	for _, q := range questions {
		m[q.Key] = q.Request
	}
	return m
}

// progressOf is how far an open task is: of one that has ended it would say where it happened to be last.
func progressOf(t *tasks.Task) *progress {
	p := t.Progress
	if p == (tasks.Progress{}) && t.Position == 0 || t.Status.Terminal() {
		return nil
	}
	return &progress{Progress: p.Done, Total: p.Total, Message: p.Message, QueuePosition: t.Position, ETAMs: p.ETA.Milliseconds()}
}

func attemptsOf(t *tasks.Task) *attempts {
	if t.Delivery.Attempt <= 1 && t.Failures == 0 && t.Next.IsZero() {
		return nil
	}
	a := &attempts{Attempt: t.Delivery.Attempt, Failures: t.Failures, Limit: t.Attempts, LastError: t.LastErr}
	if !t.Next.IsZero() {
		a.NextAt = stamp(t.Next)
	}
	return a
}

// ttl counts from creation; null while nothing bounds the task's life (Tasks, ttlMs).
func ttl(t *tasks.Task) *int64 {
	d, ok := t.TTL()
	if !ok {
		return nil
	}
	ms := max(1, d.Milliseconds())
	return &ms
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// Acknowledged is the empty result of tasks/update and tasks/cancel.
func Acknowledged(server Implementation) json.RawMessage {
	return encode(struct {
		ResultType string      `json:"resultType"`
		Meta       *resultMeta `json:"_meta"`
	}{TypeComplete, &resultMeta{ServerInfo: &server}})
}

// InputRequired is the result that asks a client for answers before its call goes on (patterns/mrtr).
func InputRequired(questions []tasks.Question, state string, server Implementation) json.RawMessage {
	return encode(struct {
		ResultType    string                        `json:"resultType"`
		Meta          *resultMeta                   `json:"_meta"`
		InputRequests map[string]tasks.InputRequest `json:"inputRequests"`
		RequestState  string                        `json:"requestState"`
	}{TypeInputRequired, &resultMeta{ServerInfo: &server}, requests(questions), state})
}

// InputResponses reads the answers of a tasks/update or of a repeated call. Every answer is an object.
func InputResponses(params Object) (map[string]json.RawMessage, error) {
	responses, ok := params.Object("inputResponses")
	if !ok {
		return nil, &Error{Code: CodeInvalidParams, Message: "inputResponses must be an object"}
	}
	for key, r := range responses {
		if !isObject(r) {
			return nil, &Error{Code: CodeInvalidParams, Message: "inputResponses: the answer to " + quoted(key) + " is not an object"}
		}
	}
	return responses, nil
}

// quoted bounds a client's own text in an error that goes back to it.
func quoted(s string) string {
	if len(s) > 64 {
		s = s[:64]
	}
	return string(encode(s))
}

// Filter is what a subscriptions/listen asks for, and what its acknowledgement grants.
type Filter struct {
	ToolsListChanged bool       `json:"toolsListChanged,omitempty"`
	TaskIDs          []tasks.ID `json:"taskIds,omitempty"`
}

// ListenFilter reads the filter of a subscriptions/listen. Task ids are as the client wrote them: check each.
func ListenFilter(params Object) (tools bool, ids []string, err error) {
	o, ok := params.Object("notifications")
	if !ok || !params.Has("notifications") {
		return false, nil, &Error{Code: CodeInvalidParams, Message: "notifications must be an object"}
	}
	if o.Has("toolsListChanged") && json.Unmarshal(o["toolsListChanged"], &tools) != nil {
		return false, nil, &Error{Code: CodeInvalidParams, Message: "toolsListChanged must be a boolean"}
	}
	if o.Has("taskIds") && json.Unmarshal(o["taskIds"], &ids) != nil {
		return false, nil, &Error{Code: CodeInvalidParams, Message: "taskIds must be an array of strings"}
	}
	return tools, ids, nil
}

// Listening is the acknowledgement that opens a subscription's stream.
func Listening(granted Filter, subscription json.RawMessage) []byte {
	return notify("notifications/subscriptions/acknowledged", encode(struct {
		Meta          *resultMeta `json:"_meta"`
		Notifications Filter      `json:"notifications"`
	}{&resultMeta{Subscription: subscription}, granted}))
}

// Ended is the result with which a server closes a subscription on its own initiative (patterns/subscriptions, Graceful Closure).
func Ended(subscription json.RawMessage, server Implementation) json.RawMessage {
	return encode(struct {
		ResultType string      `json:"resultType"`
		Meta       *resultMeta `json:"_meta"`
	}{TypeComplete, &resultMeta{ServerInfo: &server, Subscription: subscription}})
}
