package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/image"
)

// Task is what a client sees of a task.
type Task struct {
	ResultType    string                     `json:"resultType"`
	ID            string                     `json:"taskId"`
	Status        string                     `json:"status"`
	StatusMessage string                     `json:"statusMessage"`
	CreatedAt     time.Time                  `json:"createdAt"`
	LastUpdatedAt time.Time                  `json:"lastUpdatedAt"`
	TTLMs         *int64                     `json:"ttlMs"`
	InputRequests map[string]json.RawMessage `json:"inputRequests"`
	Result        *Result                    `json:"result"`
	Error         *Error                     `json:"error"`
}

// Terminal reports whether the task has ended.
func (t Task) Terminal() bool {
	return t.Status == "completed" || t.Status == "failed" || t.Status == "cancelled"
}

// String tells how the task stands.
func (t Task) String() string {
	s := fmt.Sprintf("task %s is %s: %s", t.ID, t.Status, t.StatusMessage)
	if t.Error != nil {
		s += " (" + t.Error.Error() + ")"
	}
	return s
}

// Result is what a tool answered.
type Result struct {
	Content []struct {
		Type, Text, MimeType, URI string
	} `json:"content"`
	StructuredContent json.RawMessage `json:"structuredContent"`
	IsError           bool            `json:"isError"`
}

// Text is the first piece of the content.
func (r *Result) Text() string {
	if r == nil || len(r.Content) == 0 {
		return ""
	}
	return r.Content[0].Text
}

// Decode reads the structured content.
func (r *Result) Decode(t testing.TB, v any) {
	t.Helper()
	if r == nil {
		t.Fatal("there is no result")
	}
	if err := json.Unmarshal(r.StructuredContent, v); err != nil {
		t.Fatalf("structured content %s: %v", r.StructuredContent, err)
	}
}

// Echoed is what a fixture tool answered.
func (t Task) Echoed(tb testing.TB) image.Echoed {
	tb.Helper()
	var e image.Echoed
	t.Result.Decode(tb, &e)
	return e
}

// ErrRefused: the arguments break the tool's schema. The error's text is the server's.
var ErrRefused = errors.New("arguments refused")

// TryCall calls a tool, which is answered with a task.
func (c *Client) TryCall(ctx context.Context, tool string, arguments any) (Task, error) {
	var answer struct {
		Task
		Result
	}
	err := c.Do(ctx, "tools/call", Object{"name": tool, "arguments": arguments}, &answer)
	switch {
	case err != nil:
		return Task{}, err
	case answer.IsError:
		return Task{}, fmt.Errorf("%w: %s", ErrRefused, answer.Text())
	case answer.ResultType != "task" || answer.ID == "":
		return Task{}, fmt.Errorf("call of %s was answered with %q, not with a task", tool, answer.ResultType)
	}
	return answer.Task, nil
}

// Call calls a tool that the server lists, now or soon.
func (c *Client) Call(t testing.TB, tool string, arguments any) Task {
	t.Helper()
	c.AwaitTool(t, tool)
	task, err := c.TryCall(t.Context(), tool, arguments)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// Get is the task as it stands.
func (c *Client) Get(t testing.TB, id string) Task {
	t.Helper()
	task, err := c.TryGet(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// TryGet is Get for many goroutines.
func (c *Client) TryGet(ctx context.Context, id string) (Task, error) {
	var task Task
	err := c.Do(ctx, "tasks/get", Object{"taskId": id}, &task)
	return task, err
}

// Await waits for a task's status. Another end of the task fails the test.
func (c *Client) Await(t testing.TB, id, status string) Task {
	t.Helper()
	var task Task
	Await(t, "status "+status+" of task "+id, func() bool {
		task = c.Get(t, id)
		if task.Terminal() && task.Status != status {
			t.Fatalf("want %s, but %s", status, task)
		}
		return task.Status == status
	})
	return task
}

// Answer accepts a form that a task asked to be filled in.
func (c *Client) Answer(t testing.TB, id, key string, form any) {
	t.Helper()
	c.Answers(t, id, Object{key: Object{"action": "accept", "content": form}})
}

// Answers gives answers of any kind, by key.
func (c *Client) Answers(t testing.TB, id string, answers Object) {
	t.Helper()
	if err := c.TryAnswers(t.Context(), id, answers); err != nil {
		t.Fatal(err)
	}
}

// TryAnswers is Answers for many goroutines.
func (c *Client) TryAnswers(ctx context.Context, id string, answers Object) error {
	var ack Object
	return c.Do(ctx, "tasks/update", Object{"taskId": id, "inputResponses": answers}, &ack)
}

// Cancel cancels a task.
func (c *Client) Cancel(t testing.TB, id string) {
	t.Helper()
	if err := c.TryCancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

// TryCancel is Cancel for many goroutines.
func (c *Client) TryCancel(ctx context.Context, id string) error {
	var ack Object
	return c.Do(ctx, "tasks/cancel", Object{"taskId": id}, &ack)
}

// Tools are the listed tools' input schemas, by name.
func (c *Client) Tools(t testing.TB) map[string][]byte {
	t.Helper()
	list, err := c.TryTools(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TryTools is Tools for other goroutines.
func (c *Client) TryTools(ctx context.Context) (map[string][]byte, error) {
	var answer struct {
		Tools []struct {
			Name        string
			InputSchema json.RawMessage
		}
	}
	if err := c.Do(ctx, "tools/list", nil, &answer); err != nil {
		return nil, err
	}
	list := make(map[string][]byte)
	for _, tool := range answer.Tools {
		list[tool.Name] = tool.InputSchema
	}
	return list, nil
}

// AwaitTool waits until a tool is listed.
func (c *Client) AwaitTool(t testing.TB, name string) {
	t.Helper()
	Await(t, "tool "+name+" is listed", func() bool {
		list, err := c.TryTools(t.Context()) // a server that has just started may say that it is not ready
		return err == nil && list[name] != nil
	})
}
