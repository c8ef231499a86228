package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// What callers ask about an error, with errors.Is.
var (
	// ErrUnreachable: the server could not be reached, or kept asking to come back later, for as long as Options.Patience.
	ErrUnreachable = errors.New("the server cannot be reached")
	// ErrUnknown: the answer to a call was lost, and repeating the call could start the tool twice. It may or may not have been started.
	ErrUnknown = errors.New("the answer was lost: the tool may have been started")
	// ErrStuck: nothing about the task changed for as long as Options.Stuck. It was not cancelled.
	ErrStuck = errors.New("the task does not change any more")
	// ErrNotFound: the server has no such task, or not for this caller.
	ErrNotFound = errors.New("no such task")
	// ErrNoTasks: the server has no tasks, or the revision has no way to ask for them.
	ErrNoTasks = errors.New("this server has no tasks")
	// ErrNoAnswers: the server takes an answer only from whoever waits for the task, on the stream that brought the question.
	ErrNoAnswers = errors.New("this server takes answers only from whoever waits for the task")
	// ErrNoList: the server does not list tasks.
	ErrNoList = errors.New("this server does not list tasks")
	// ErrCancelled: the task was cancelled. The error is a *TaskError.
	ErrCancelled = errors.New("the task was cancelled")
)

// Error is what a server answered instead of a result.
type Error struct {
	Code    int             `json:"code"` // of JSON-RPC; 0: the answer was no JSON-RPC message
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
	// HTTP is the status that it came with.
	HTTP int `json:"-"`

	after time.Duration // Retry-After
}

func (e *Error) Error() string {
	if e.Code == 0 {
		return e.Message
	}
	return fmt.Sprintf("%s (%d)", e.Message, e.Code)
}

// TaskError says that a task ended without a result of its tool: it failed or was cancelled.
type TaskError struct {
	Task Task
}

func (e *TaskError) Error() string {
	what := e.Task.Message
	if e.Task.Err != nil && e.Task.Err.Message != "" {
		what = e.Task.Err.Message
	}
	switch status := string(e.Task.Status); {
	case what == "":
		return fmt.Sprintf("task %s: %s", e.Task.ID, status)
	case strings.HasPrefix(what, status): // some servers say the status in the message too
		return fmt.Sprintf("task %s: %s", e.Task.ID, what)
	}
	return fmt.Sprintf("task %s: %s: %s", e.Task.ID, e.Task.Status, what)
}

// Is makes a cancelled task an ErrCancelled.
func (e *TaskError) Is(target error) bool {
	return target == ErrCancelled && e.Task.Status == tasks.Cancelled
}

// brokenError says that no answer came to a request: the network failed, or a server did not speak the protocol for a moment.
type brokenError struct {
	err   error
	lived time.Duration // how long the answer had been open by then
}

func (e *brokenError) Error() string { return e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

// lived returns how long an answer had been open before it broke.
func lived(err error) time.Duration {
	if e, ok := errors.AsType[*brokenError](err); ok {
		return e.lived
	}
	return 0
}

// passes reports whether the trouble may pass: the same request may succeed later.
func passes(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code == wire.CodeUnavailable || e.advice().RetryAfterMs > 0 ||
			e.HTTP >= http.StatusInternalServerError && e.HTTP != http.StatusNotImplemented ||
			e.HTTP == http.StatusTooManyRequests || e.HTTP == http.StatusRequestTimeout
	}
	_, ok := errors.AsType[*brokenError](err)
	return ok
}

// unstarted reports whether the request was certainly not served: there was no connection, or the server sent it away.
func unstarted(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.HTTP == http.StatusTooManyRequests || e.HTTP == http.StatusServiceUnavailable || e.Code == wire.CodeUnavailable
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

type advice struct {
	TaskID       string   `json:"taskId"`
	RetryAfterMs float64  `json:"retryAfterMs"`
	Supported    []string `json:"supported"`
}

// advice returns what the server says about what to do.
func (e *Error) advice() advice {
	var a advice
	_ = json.Unmarshal(e.Data, &a) // data may be anything
	return a
}

// retryAfter returns how long the server asks to wait, within reason.
func retryAfter(err error) time.Duration {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return 0
	}
	asked := time.Duration(min(e.advice().RetryAfterMs, float64(time.Hour/time.Millisecond))) * time.Millisecond
	return min(max(asked, e.after), time.Hour)
}

func hasCode(err error, codes ...int) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.Contains(codes, e.Code)
}

// refusesKey reports that the server refuses the idempotency key: one that cannot tell callers apart names it in its refusal.
func refusesKey(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == wire.CodeInvalidParams && strings.Contains(e.Message, wire.MetaKey)
}

// ended returns why ctx ended if it has, and otherwise err.
func ended(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}
