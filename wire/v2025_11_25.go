package wire

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// The earlier protocol revisions that are told apart. This file's messages belong to 2025-11-25.
const (
	V20251125 = "2025-11-25"
	V20250326 = "2025-03-26" // what a client speaks that does not say
)

// HeaderSession names a client's session (2025-11-25, transports, Session Management).
const HeaderSession = "Mcp-Session-Id"

// HeaderLastEvent says after which event a client goes on with a stream (2025-11-25, transports, Resumability and Redelivery).
const HeaderLastEvent = "Last-Event-Id"

// Opening is what a client says of itself in initialize.
type Opening struct {
	Client       Implementation
	Capabilities tasks.Capabilities // the questions that it can answer
}

// DecodeOpening reads the params of initialize. What is malformed there counts as not said: whether that is an error is for others.
func DecodeOpening(params Object) Opening {
	var o Opening
	info, _ := params.Object("clientInfo")
	o.Client.Name, _ = info.Text("name")
	o.Client.Version, _ = info.Text("version")
	caps, _ := params.Object("capabilities")
	if c, err := decodeCapabilities(caps); err == nil {
		o.Capabilities = c.Asks
	}
	return o
}

// Negotiated is the revision that a result of initialize settles: "" if it is none.
func Negotiated(result json.RawMessage) string {
	var o Object
	if json.Unmarshal(result, &o) != nil {
		return ""
	}
	version, _ := o.Text("protocolVersion")
	return version
}

// DecodeLevel reads the params of logging/setLevel.
func DecodeLevel(params Object) (Level, error) {
	text, ok := params.Text("level")
	if l := Level(text); ok && l.valid() {
		return l, nil
	}
	return "", &Error{Code: CodeInvalidParams, Message: "level is not a log level"}
}

// CancelledRequest reads which request a notifications/cancelled is about.
func CancelledRequest(params Object) (id json.RawMessage, ok bool) {
	id = params["requestId"]
	return id, validID(id)
}

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
	return notify("notifications/tasks/status", encode(legacyOf(t)))
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

// Ask is the request that puts a task's question to the client of a session. Its id says whose answer the response is, so any replica
// can take that. A client that knows of the task is told which one it is about.
func Ask(id tasks.ID, q tasks.Question, known bool) []byte {
	params := q.Request.Params
	if known {
		params = relate(params, id)
	}
	return encode(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      string          `json:"id"`
		Method  string          `json:"method"`
		Params  json.RawMessage `json:"params"`
	}{"2.0", string(id) + "/" + q.Key, q.Request.Method, params})
}

// Asked is the question whose request had this id. ok is false if it was none of Ask's.
func Asked(id json.RawMessage) (task tasks.ID, key string, ok bool) {
	var text string
	if json.Unmarshal(id, &text) != nil {
		return "", "", false
	}
	name, key, ok := strings.Cut(text, "/")
	task, err := tasks.ParseID(name)
	return task, key, ok && err == nil
}

// CancelAnswer is the answer to a question that the client did not answer.
var CancelAnswer = json.RawMessage(`{"action":"cancel"}`)

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
