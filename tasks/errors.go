package tasks

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// What callers ask about a failed operation, with errors.Is.
var (
	// ErrNotFound: no such task, or none that this caller may see.
	ErrNotFound = errors.New("no such task")
	// ErrLost: this attempt is not the task's current one any more; whatever it still writes is refused.
	ErrLost = errors.New("attempt lost: another one took its place")
	// ErrKeyReused: an idempotency key, or a question's key, came again with different content.
	ErrKeyReused = errors.New("key was used before with different content")
)

// Why an attempt's context ended: context.Cause(ctx) is one of these.
var (
	ErrCancelled = errors.New("task was cancelled")
	ErrTimeout   = errors.New("attempt ran longer than its timeout")
	ErrDraining  = errors.New("worker is shutting down; the task resumes elsewhere")
	// ErrParked: the attempt waits for an answer that is not coming soon, and gave its slot back.
	// The tool runs again from the top when the answer is there.
	ErrParked = errors.New("waiting for an answer; the task resumes when it comes")
)

// ErrCannotAsk: the client that created the task did not declare that it can answer such a question.
var ErrCannotAsk = errors.New("the client that created this task did not declare that it can answer such a question")

// StateError says that an event was refused because of the task's status.
type StateError struct {
	Event  Event
	Status Status
}

func (e *StateError) Error() string {
	return fmt.Sprintf("cannot %s a task that is %s", e.Event, e.Status)
}

// Permanent marks a tool's error as one that another attempt would not help against: it is not retried, whatever the policy says.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &retryError{err: err, permanent: true}
}

// RetryAfter marks a tool's error as one to retry after d, instead of the policy's backoff, if attempts remain. With d = 0 or less it is
// retried at once.
func RetryAfter(d time.Duration, err error) error {
	if err == nil {
		return nil
	}
	return &retryError{err: err, after: min(max(d, time.Nanosecond), longestDuration)}
}

type retryError struct {
	err       error
	permanent bool
	after     time.Duration
}

func (e *retryError) Error() string { return e.err.Error() }
func (e *retryError) Unwrap() error { return e.err }

// RetryAdvice returns what a tool's error says about another attempt: never, after a time of its own, or nothing.
func RetryAdvice(err error) (permanent bool, after time.Duration) {
	for {
		re, ok := errors.AsType[*retryError](err)
		if !ok {
			return false, after
		}
		if re.permanent { // even deep inside: whoever wrapped it may not have known
			return true, 0
		}
		after = cmp.Or(after, re.after)
		err = re.err
	}
}

// Error is the JSON-RPC error that clients see: why the engine ended a task, or what a Source answered instead of a result. If a tool returns
// one its task fails with it, while any other error is a result for the model: use it for what the client, not the model, can put right.
type Error struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// Reason says which of the engine's ways to end a task it was.
type Reason string

// The reasons why the engine ends a task.
const (
	ReasonPanic    Reason = "panic"    // the tool panicked
	ReasonTimeout  Reason = "timeout"  // an attempt took longer than the policy's timeout
	ReasonCrashed  Reason = "crashed"  // its workers died under it too often
	ReasonNoRerun  Reason = "rerun"    // its worker was lost and the policy forbids a second start
	ReasonLifetime Reason = "lifetime" // it was open longer than the policy's maxLifetime
	ReasonPayload  Reason = "payload"  // its arguments were lost
	ReasonResult   Reason = "result"   // the result cannot be delivered: too large, or not what the schema promises
)

const codeInternal = -32603

// NewError makes the error of a task that the engine ends. Its data names the reason for programs.
func NewError(r Reason, message string) *Error {
	return &Error{Code: codeInternal, Message: message, Data: json.RawMessage(`{"reason":"` + string(r) + `"}`)}
}
