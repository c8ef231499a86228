package client

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// Task is a task as it stood when it was last heard of.
type Task struct {
	ID       string // empty: the call is no task for this client
	Tool     string // empty where neither we nor the server know
	Status   tasks.Status
	Message  string // what the server says about it, for people
	Progress tasks.Progress
	Attempts wire.Attempts // of a Longhaul server
	Created  time.Time
	Updated  time.Time
	TTL      time.Duration // how long after its creation it is kept; 0: not bounded yet
	// Questions are the open ones, by key. Servers of earlier revisions send them only to whoever waits for the result.
	Questions map[string]tasks.InputRequest
	// Result is what the tool answered, once the task has completed. Servers of earlier revisions tell it only to Wait.
	Result *Result
	// Err is why the task failed, with the same exception.
	Err *Error
	// Raw is the task as the server wrote it; nil if it did not.
	Raw json.RawMessage

	pollInterval time.Duration
	token        string // the progress token of our own call; empty: it was another process's
}

func readTask(raw json.RawMessage) (t *Task, err error) {
	v, err := wire.ReadTask(raw)
	if err != nil {
		return nil, fmt.Errorf("the task cannot be read: %w", err)
	}
	if v.ID == "" || v.Status == "" {
		return nil, fmt.Errorf("the server sent no task but %.100s", raw)
	}
	t = taskOf(v)
	t.Raw = raw
	if v.Result != nil {
		t.Result, err = readResult(v.Result, v.ID)
	}
	return t, err
}

func taskOf(v wire.TaskView) *Task {
	t := &Task{
		ID: v.ID, Status: v.Status, Message: v.StatusMessage, Progress: v.Progress, Attempts: v.Attempts, Created: v.Created, Updated: v.Updated,
		TTL: v.TTL, Questions: v.Questions, pollInterval: v.PollInterval,
	}
	if v.Error != nil {
		t.Err = &Error{Code: v.Error.Code, Message: v.Error.Message, Data: v.Error.Data}
	}
	return t
}

// Get returns the task as it stands now. ErrNoTasks: the server has none, or the revision has no way to ask for them.
func (c *Client) Get(ctx context.Context, id string) (*Task, error) {
	switch c.face(ctx) {
	case faceNone:
		return nil, c.errNoTasks()
	case faceHandles:
		return c.getByTool(ctx, id)
	}
	t, err := c.get(ctx, id)
	if err == nil && !c.modern() && (t.Ended() || t.Status == tasks.InputRequired) && c.handles(ctx) {
		return c.getByTool(ctx, id) // which has the questions and the result too
	}
	return t, err
}

// get asks for the task by tasks/get.
func (c *Client) get(ctx context.Context, id string) (*Task, error) {
	raw, err := c.persist(ctx, &request{method: wire.MethodTasksGet, name: id, params: object{"taskId": id}, limit: quick})
	if hasCode(err, wire.CodeInvalidParams) {
		return nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	if err != nil {
		return nil, c.lacksTasks(err)
	}
	return readTask(raw)
}

// Cancel ends a task, unless it has ended already: Wait tells which it was.
func (c *Client) Cancel(ctx context.Context, id string) error {
	switch c.face(ctx) {
	case faceNone:
		return c.errNoTasks()
	case faceHandles:
		_, err := c.manage(ctx, &request{name: cancelTool, params: object{"taskId": id}, limit: quick})
		return err
	}
	_, err := c.persist(ctx, &request{method: wire.MethodTasksCancel, name: id, params: object{"taskId": id}, limit: quick})
	if !hasCode(err, wire.CodeInvalidParams) {
		return c.lacksTasks(err)
	}
	if !c.modern() { // earlier revisions refuse to cancel what has ended
		if t, getErr := c.get(ctx, id); getErr == nil && t.Ended() {
			return nil
		}
	}
	return fmt.Errorf("%w: %w", ErrNotFound, err)
}

// Answer answers questions of a task, by their keys. A key that is not open the server ignores or refuses. If an answer does not fit, the error
// is an *Error and the question stays open. Before 2026-07-28 only Longhaul servers can be answered so, any other is ErrNoAnswers: those take
// an answer only on the stream of whoever waits.
func (c *Client) Answer(ctx context.Context, id string, answers map[string]Answer) error {
	for key, a := range answers { // what does not encode is the caller's mistake, to be told before anything is sent
		if _, err := json.Marshal(a); err != nil {
			return fmt.Errorf("answer to %q: %w", key, err)
		}
	}
	if !c.modern() {
		if !c.handles(ctx) {
			return fmt.Errorf("%w (%s)", ErrNoAnswers, c.Server().Revision)
		}
		_, err := c.manage(ctx, &request{name: answerTool, params: object{"taskId": id, "answers": answers}, limit: quick})
		return err
	}
	_, err := c.persist(ctx, &request{
		method: wire.MethodTasksUpdate, name: id, limit: quick, params: object{"taskId": id, "inputResponses": answers},
	})
	return c.lacksTasks(err)
}

// Ended reports whether nothing about the task will change any more. An unknown status is not an end.
func (t *Task) Ended() bool {
	return t.Status == tasks.Completed || t.Status == tasks.Failed || t.Status == tasks.Cancelled
}
