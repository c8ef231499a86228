package wire

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// V20251125 is the protocol revision that this file's messages belong to: its own tasks.
const V20251125 = "2025-11-25"

const (
	metaRelated   = "io.modelcontextprotocol/related-task"
	metaImmediate = "io.modelcontextprotocol/model-immediate-response"
)

// legacyTask is 2025-11-25's Task.
type legacyTask struct {
	Meta          *resultMeta  `json:"_meta,omitempty"`
	TaskID        tasks.ID     `json:"taskId"`
	Status        tasks.Status `json:"status"`
	StatusMessage string       `json:"statusMessage,omitempty"`
	CreatedAt     string       `json:"createdAt"`
	LastUpdatedAt string       `json:"lastUpdatedAt"`
	TTL           *int64       `json:"ttl"`
	PollInterval  int64        `json:"pollInterval"`
}

func legacyOf(t *tasks.Task) legacyTask {
	now := base(t, nil, nil)
	w := legacyTask{
		Meta:          now.Meta,
		TaskID:        now.TaskID,
		Status:        now.Status,
		StatusMessage: now.StatusMessage,
		CreatedAt:     now.CreatedAt,
		LastUpdatedAt: now.LastUpdatedAt,
		TTL:           now.TTLMs,
		PollInterval:  now.PollIntervalMs,
	}
	if t.Status == tasks.Completed && !t.Clean { // this revision calls it failed when a tool reports an error
		w.Status, w.StatusMessage = tasks.Failed, "the tool reported an error: "+reported(t.Result)
	}
	return w
}

// reported is what a tool said of its error. Clients show this to their model: of a task that failed the official ones fetch no result.
func reported(result json.RawMessage) string {
	const most = 500
	var given struct{ Content []struct{ Text string } }
	if json.Unmarshal(result, &given) != nil || len(given.Content) == 0 || given.Content[0].Text == "" {
		return "tasks/result has it"
	}
	if text := []rune(given.Content[0].Text); len(text) > most {
		return string(text[:most]) + "…"
	}
	return given.Content[0].Text
}

// Augmented reads the task parameter of a call: for how long its client wants to read the result. Zero: as long as we say.
func Augmented(params Object) (ttl time.Duration, err error) {
	o, ok := params.Object("task")
	if !ok {
		return 0, &Error{Code: CodeInvalidParams, Message: "task must be an object"}
	}
	if !o.Has("ttl") {
		return 0, nil
	}
	var ms float64
	if json.Unmarshal(o["ttl"], &ms) != nil || ms < 0 {
		return 0, &Error{Code: CodeInvalidParams, Message: "task: ttl must be a number of milliseconds"}
	}
	const most = float64(1<<63-1) / float64(time.Millisecond)
	return time.Duration(min(ms, most/2)) * time.Millisecond, nil
}

// LegacyCreated is 2025-11-25's CreateTaskResult. Its hint is what a host may tell its model while the task goes on.
func LegacyCreated(t *tasks.Task, hint string) json.RawMessage {
	return encode(struct {
		Meta map[string]string `json:"_meta"`
		Task legacyTask        `json:"task"`
	}{map[string]string{metaImmediate: hint}, legacyOf(t)})
}

// LegacyTask is the result of 2025-11-25's tasks/get and tasks/cancel.
func LegacyTask(t *tasks.Task) json.RawMessage { return encode(legacyOf(t)) }

// LegacyList is the result of 2025-11-25's tasks/list.
func LegacyList(page []*tasks.Task, next string) json.RawMessage {
	list := make([]legacyTask, len(page))
	for i, t := range page {
		list[i] = legacyOf(t)
	}
	return encode(struct {
		Tasks      []legacyTask `json:"tasks"`
		NextCursor string       `json:"nextCursor,omitempty"`
	}{list, next})
}

// LegacyTaskChanged is the message of notifications/tasks/status.
func LegacyTaskChanged(t *tasks.Task) []byte {
	return notify(NoticeTasksStatus, encode(legacyOf(t)))
}

// relatedTask names the task that a message belongs to.
type relatedTask struct {
	TaskID tasks.ID `json:"taskId"`
}

func relatedTo(id tasks.ID) *relatedTask {
	if id == "" {
		return nil
	}
	return &relatedTask{id}
}

// Related is a stored result with the task that it belongs to, which nothing else in it names.
func Related(result json.RawMessage, id tasks.ID) json.RawMessage {
	if result = bytes.TrimSpace(result); !isObject(result) {
		result = json.RawMessage("{}") // a lost one must not break the message around it
	}
	if bytes.Contains(result, []byte(`"_meta"`)) || len(result) == 2 {
		return relate(result, id)
	}
	return splice(result, "_meta", encode(resultMeta{Related: relatedTo(id)}))
}

// relate is Related for objects that may have a _meta already.
func relate(object json.RawMessage, id tasks.ID) json.RawMessage {
	var o Object
	if json.Unmarshal(object, &o) != nil {
		return object
	}
	o.setMeta(metaRelated, relatedTask{id})
	return encode(o)
}

// WithTasks is a result of initialize that says that calls may become tasks, and whether tasks are listed.
func WithTasks(result json.RawMessage, list bool) json.RawMessage {
	var o Object
	if json.Unmarshal(result, &o) != nil {
		return result
	}
	caps, ok := o.Object("capabilities")
	if !ok {
		return result
	}
	type none struct{}
	can := map[string]any{"cancel": none{}, "requests": map[string]any{"tools": map[string]any{"call": none{}}}}
	if list {
		can["list"] = none{}
	}
	caps["tasks"] = encode(can)
	o["capabilities"] = encode(caps)
	return encode(o)
}

// WithSupport is a listed tool that says whether its calls may become tasks.
func WithSupport(listed json.RawMessage, p tasks.Policy) json.RawMessage {
	support := p.Task
	if support == tasks.Required && !p.Refuse { // required would oblige us to refuse plain calls
		support = tasks.Optional
	}
	return splice(listed, "execution", encode(map[string]tasks.Support{"taskSupport": support}))
}
