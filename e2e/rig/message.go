package rig

import (
	"encoding/json"
	"fmt"
)

// Object is a JSON object.
type Object = map[string]any

// Message is any message from a server.
type Message struct {
	Event string `json:"-"` // id of the event that it came in, if it had one

	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *Error          `json:"error"`
}

// String is the message for people.
func (m Message) String() string {
	return fmt.Sprintf("event %q, id %s, %s %s, result %.500s, error %v", m.Event, m.ID, m.Method, m.Params, m.Result, m.Error)
}

// Error is a JSON-RPC error.
type Error struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// TaskID is the task that the error is about, if the server says so: there is one, or there may be.
func (e *Error) TaskID() string {
	var data struct{ TaskID string }
	_ = json.Unmarshal(e.Data, &data) // most errors have none
	return data.TaskID
}

// Error is the error for people.
func (e *Error) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Message) }
