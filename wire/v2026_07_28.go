package wire

import (
	"encoding/json"

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
	return notify(NoticeTasks, params)
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

// Filter is what a subscriptions/listen asks for, and what its acknowledgement grants. Asked for, ids and URIs are as the client
// wrote them: check each.
type Filter struct {
	ToolsListChanged     bool       `json:"toolsListChanged,omitempty"`
	PromptsListChanged   bool       `json:"promptsListChanged,omitempty"`
	ResourcesListChanged bool       `json:"resourcesListChanged,omitempty"`
	Resources            []string   `json:"resourceSubscriptions,omitempty"`
	TaskIDs              []tasks.ID `json:"taskIds,omitempty"`
}

// Lists reports whether the filter is about a list.
func (f Filter) Lists(list string) bool {
	switch list {
	case ToolList:
		return f.ToolsListChanged
	case ResourceList:
		return f.ResourcesListChanged
	case PromptList:
		return f.PromptsListChanged
	}
	return false
}

// ListenFilter reads the filter of a subscriptions/listen.
func ListenFilter(params Object) (Filter, error) {
	var f Filter
	o, ok := params.Object("notifications")
	if !ok || !params.Has("notifications") {
		return f, &Error{Code: CodeInvalidParams, Message: "notifications must be an object"}
	}
	for member, wanted := range map[string]*bool{
		"toolsListChanged": &f.ToolsListChanged, "promptsListChanged": &f.PromptsListChanged, "resourcesListChanged": &f.ResourcesListChanged,
	} {
		if o.Has(member) && json.Unmarshal(o[member], wanted) != nil {
			return f, &Error{Code: CodeInvalidParams, Message: member + " must be a boolean"}
		}
	}
	if o.Has("taskIds") && json.Unmarshal(o["taskIds"], &f.TaskIDs) != nil {
		return f, &Error{Code: CodeInvalidParams, Message: "taskIds must be an array of strings"}
	}
	if o.Has("resourceSubscriptions") && json.Unmarshal(o["resourceSubscriptions"], &f.Resources) != nil {
		return f, &Error{Code: CodeInvalidParams, Message: "resourceSubscriptions must be an array of strings"}
	}
	return f, nil
}

// Listening is the acknowledgement that opens a subscription's stream.
func Listening(granted Filter, subscription json.RawMessage) []byte {
	return notify(NoticeSubscriptionsAcknowledged, encode(struct {
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
