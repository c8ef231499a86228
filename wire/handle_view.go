package wire

import (
	"encoding/json"
	"slices"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// HandleView is a handle as a client reads it.
type HandleView struct {
	TaskView
	Tool string
	Next Next // no tool once the task has ended
}

// ReadHandle reads structured content that is a handle: ok is false of anything that could be something else.
func ReadHandle(structured json.RawMessage) (v HandleView, ok bool) {
	var h struct {
		handle
		TaskID   string   `json:"taskId"` // not ours to judge while it is read
		Progress progress `json:"progress"`
	}
	if json.Unmarshal(structured, &h) != nil || h.Tool == "" || !slices.Contains(tasks.Statuses(), h.Status) {
		return v, false
	}
	if _, err := tasks.ParseID(h.TaskID); err != nil {
		return v, false
	}
	if h.Next != nil {
		v.Next = *h.Next
	}
	if !h.Status.Terminal() && v.Next.Arguments["taskId"] != h.TaskID {
		return v, false
	}
	v.Tool = h.Tool
	v.TaskView = TaskView{
		ID: h.TaskID, Status: h.Status, StatusMessage: h.Message, Created: readTime(h.CreatedAt), Updated: readTime(h.LastUpdatedAt),
		Questions: h.Questions, Result: h.Result, Error: h.Error, Progress: h.Progress.read(),
	}
	return v, true
}

// Unwrapped is the result that a tool gave, of the answer that carries it with a handle.
func Unwrapped(content []json.RawMessage, structured json.RawMessage, isError bool) json.RawMessage {
	a := answered{Content: content, IsError: isError}
	if structured != nil {
		a.StructuredContent = structured
	}
	return encode(a)
}

// HasHandles reports whether the schema of a tool's answers is that of handles, which no other server's has by chance.
func HasHandles(outputSchema json.RawMessage) bool {
	var listed, own struct {
		Properties map[string]json.RawMessage
		Required   []string
	}
	if json.Unmarshal(outputSchema, &listed) != nil || json.Unmarshal([]byte(HandleSchema), &own) != nil {
		return false
	}
	for name := range own.Properties {
		if _, ok := listed.Properties[name]; !ok {
			return false
		}
	}
	return slices.Equal(listed.Required, own.Required)
}
