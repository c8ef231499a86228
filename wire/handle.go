package wire

import (
	"bytes"
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// handle is how a task stands, as the structured content of a plain result: for clients that know no tasks.
type handle struct {
	TaskID        tasks.ID                      `json:"taskId"`
	Tool          string                        `json:"tool"`
	Status        tasks.Status                  `json:"status"`
	Message       string                        `json:"message,omitempty"`
	Progress      *progress                     `json:"progress,omitempty"`
	Questions     map[string]tasks.InputRequest `json:"questions,omitempty"`
	CreatedAt     string                        `json:"createdAt"`
	LastUpdatedAt string                        `json:"lastUpdatedAt"`
	Result        json.RawMessage               `json:"result,omitempty"` // what the tool's structured content was
	Error         *tasks.Error                  `json:"error,omitempty"`
	Next          *Next                         `json:"next,omitempty"`
}

// Next is what a client should call next.
type Next struct {
	Tool      string         `json:"tool"`
	Arguments map[string]any `json:"arguments"`
	AfterMs   int64          `json:"afterMs,omitempty"` // asking earlier is pointless
}

// HandleSchema is the output schema of what carries a handle.
const HandleSchema = `{"type":"object","properties":{"taskId":{"type":"string"},"tool":{"type":"string"},` +
	`"status":{"type":"string","enum":["working","input_required","completed","failed","cancelled"]},"message":{"type":"string"},` +
	`"progress":{"type":"object"},"questions":{"type":"object"},"createdAt":{"type":"string"},"lastUpdatedAt":{"type":"string"},` +
	`"result":{},"error":{"type":"object"},"next":{"type":"object"}},"required":["taskId","tool","status"]}`

// ListSchema is the output schema of a list of handles.
const ListSchema = `{"type":"object","properties":{"tasks":{"type":"array","items":` + HandleSchema + `},"nextCursor":{"type":"string"}},"required":["tasks"]}`

func handleOf(t *tasks.Task, next *Next) handle {
	h := handle{
		TaskID: t.ID, Tool: t.Tool, Status: t.Status, Message: t.StatusMessage(), Progress: progressOf(t),
		CreatedAt: stamp(t.Created), LastUpdatedAt: stamp(t.Updated), Error: t.Error, Next: next,
	}
	if t.Status == tasks.InputRequired {
		h.Questions = requests(t.Questions)
	}
	return h
}

// answered is a CallToolResult without what its revision adds.
type answered struct {
	Content           []json.RawMessage `json:"content"`
	StructuredContent any               `json:"structuredContent,omitempty"`
	IsError           bool              `json:"isError,omitempty"`
}

type words struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

func say(text string) []json.RawMessage { return []json.RawMessage{encode(words{"text", text})} }

// HandleResult is a result that tells how a task stands. Of one that completed it shows what its tool answered; of others, the text.
func HandleResult(t *tasks.Task, next *Next, text string) json.RawMessage {
	h := handleOf(t, next)
	if t.Status != tasks.Completed || t.Result == nil {
		return encode(answered{Content: say(text), StructuredContent: h, IsError: t.Status == tasks.Failed})
	}
	var given struct {
		Content           []json.RawMessage
		StructuredContent json.RawMessage
		IsError           bool
	}
	if json.Unmarshal(t.Result, &given) != nil || given.Content == nil {
		given.Content = []json.RawMessage{}
	}
	h.Result = given.StructuredContent
	return encode(answered{given.Content, h, given.IsError})
}

// HandleList is a result that lists tasks, in words and as handles.
func HandleList(list []*tasks.Task, cursor, text string) json.RawMessage {
	handles := make([]handle, len(list))
	for i, t := range list {
		handles[i] = handleOf(t, nil)
		handles[i].Questions = nil // a list is short
	}
	return encode(answered{Content: say(text), StructuredContent: struct {
		Tasks      []handle `json:"tasks"`
		NextCursor string   `json:"nextCursor,omitempty"`
	}{handles, cursor}})
}

// Complaint is a result that tells the model what is wrong.
func Complaint(text string) json.RawMessage {
	return encode(answered{Content: say(text), IsError: true})
}

// Accepted is the answer to a form that was filled in.
func Accepted(content json.RawMessage) json.RawMessage {
	return encode(struct {
		Action  string          `json:"action"`
		Content json.RawMessage `json:"content"`
	}{"accept", content})
}

// Sampled is the answer to a question that asked for a message.
func Sampled(text string) json.RawMessage {
	return encode(struct {
		Role    string `json:"role"`
		Content words  `json:"content"`
		Model   string `json:"model"`
	}{"assistant", words{"text", text}, "unknown"})
}

// OrHandle is the output schema of a tool that may be answered with a handle instead of its result. A schema that refers to parts of
// itself gets an id, so that it still does from its new place.
func OrHandle(tool string, schema json.RawMessage) json.RawMessage {
	var o Object
	if bytes.Contains(schema, []byte(`"$ref"`)) && json.Unmarshal(schema, &o) == nil && !o.Has("$id") {
		o["$id"] = encode("urn:longhaul:" + tool + ":output")
		schema = encode(o)
	}
	return encode(struct {
		Type  string            `json:"type"`
		AnyOf []json.RawMessage `json:"anyOf"`
	}{"object", []json.RawMessage{schema, json.RawMessage(HandleSchema)}})
}
