package client

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// Task is how a call stands.
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
	// Questions are the open ones, by key. Servers of earlier revisions send them only to who waits for the result.
	Questions map[string]tasks.InputRequest
	// Result is what the tool answered, once it is completed. From servers of earlier revisions Wait has it.
	Result *Result
	// Err is why it failed, likewise.
	Err *Error
	// Raw is the task as the server wrote it; nil if it did not.
	Raw json.RawMessage

	pollInterval time.Duration
}

func readTask(raw json.RawMessage) (*Task, error) {
	v, err := wire.ReadTask(raw)
	if err != nil {
		return nil, fmt.Errorf("the task cannot be read: %w", err)
	}
	if v.ID == "" || v.Status == "" {
		return nil, fmt.Errorf("the server sent no task but %.100s", raw)
	}
	t := &Task{
		ID: v.ID, Status: v.Status, Message: v.StatusMessage, Progress: v.Progress, Attempts: v.Attempts, Created: v.Created, Updated: v.Updated,
		TTL: v.TTL, Questions: v.Questions, Raw: raw, pollInterval: v.PollInterval,
	}
	if v.Error != nil {
		t.Err = &Error{Code: v.Error.Code, Message: v.Error.Message, Data: v.Error.Data}
	}
	if v.Result != nil {
		t.Result, err = readResult(v.Result, v.ID)
	}
	return t, err
}

// Get is the task as it stands.
func (c *Client) Get(ctx context.Context, id string) (*Task, error) {
	raw, err := c.persist(ctx, &request{method: "tasks/get", name: id, params: object{"taskId": id}, limit: quick})
	if hasCode(err, wire.CodeInvalidParams) {
		return nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	if err != nil {
		return nil, err
	}
	return readTask(raw)
}

// Cancel ends a task. One that has ended already stays as it is. Wait tells how it ended.
func (c *Client) Cancel(ctx context.Context, id string) error {
	_, err := c.persist(ctx, &request{method: "tasks/cancel", name: id, params: object{"taskId": id}, limit: quick})
	if !hasCode(err, wire.CodeInvalidParams) {
		return err
	}
	if !c.modern() { // earlier revisions refuse to cancel what has ended
		if t, getErr := c.Get(ctx, id); getErr == nil && t.Ended() {
			return nil
		}
	}
	return fmt.Errorf("%w: %w", ErrNotFound, err)
}

// Answer answers questions of a task, by their keys. Keys that are not open are ignored by the server. An answer that does not fit is an
// *Error, and its question stays open. Servers of earlier revisions ask on the stream of who waits: there it is an error.
func (c *Client) Answer(ctx context.Context, id string, answers map[string]Answer) error {
	if !c.modern() {
		return fmt.Errorf("a server of %s takes answers only from who waits for the task", c.Server().Revision)
	}
	for key, a := range answers { // what does not encode is the caller's mistake, to be told before anything is sent
		if _, err := json.Marshal(a); err != nil {
			return fmt.Errorf("answer to %q: %w", key, err)
		}
	}
	_, err := c.persist(ctx, &request{
		method: "tasks/update", name: id, limit: quick, params: object{"taskId": id, "inputResponses": answers},
	})
	return err
}

// Ended reports whether nothing about the task will change any more.
func (t *Task) Ended() bool { return t.Status != "" && t.Status.Terminal() }
