package server

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

var (
	errGone      = errors.New("the client went away")        // nobody is left to answer
	errAnswered  = errors.New("the answer has been written") // as a stream
	errState     = errors.New("requestState is not ours, is another caller's or call's, or has expired")
	errStarting  = errors.New("the catalogue of tools has not been read yet")
	errStopping  = errors.New("shutting down")
	errCutOff    = errors.New("shutting down while a call is held")
	errEnded     = errors.New("the request of this stream has been answered, or its client has cancelled it")
	errCancelled = errors.New("the task of this call was cancelled")
)

// retryAfter is in seconds: long enough for a failover to be noticed.
const retryAfter = 2

var tryAgain = fmt.Sprintf("try again in %d seconds", retryAfter)

// errorTable maps the errors of a request to what its client is told. What is not here goes out as a bare internal error.
var errorTable = []struct {
	is      error
	status  int // 0: the one that belongs to the code
	code    int
	message string
}{
	// one text for ids that are unknown, expired, malformed or another caller's
	{tasks.ErrNotFound, 0, wire.CodeInvalidParams, "no such task"},
	{tasks.ErrKeyReused, 0, wire.CodeInvalidParams, "this idempotency key was used for another call"},
	// clients initialize again on 404, whatever the body says: that is for people
	{store.ErrNoSession, http.StatusNotFound, wire.CodeNoSession, "Session expired: initialize again"},
	{errState, 0, wire.CodeInvalidParams, "requestState is invalid or has expired: call again without it"},
	{errEnded, http.StatusMethodNotAllowed, wire.CodeInvalidRequest, "Last-Event-ID: nothing follows this event"}, // there is no stream here (transports)
	{errCancelled, http.StatusOK, wire.CodeCancelled, "the task of this call was cancelled"},
	{errStarting, http.StatusServiceUnavailable, wire.CodeUnavailable, "starting: " + tryAgain},
	{errStopping, http.StatusServiceUnavailable, wire.CodeUnavailable, "this server is stopping: " + tryAgain},
	{errCutOff, http.StatusServiceUnavailable, wire.CodeUnavailable, "this server is stopping, and the task of this call runs on: " + tryAgain +
		", with the same idempotency key or requestState to find the same task"},
}

// failure is an error as it goes out.
type failure struct {
	status int
	error  wire.Error
}

func (f *failure) Error() string { return f.error.Message }

// refuse is an error that has the same HTTP status in every revision.
func refuse(status, code int, format string, args ...any) error {
	return &failure{status, wire.Error{Code: code, Message: fmt.Sprintf(format, args...)}}
}

// unavailable is an error that has passed after a while.
func unavailable(status int, message string) error {
	return &failure{status, wire.Error{Code: wire.CodeUnavailable, Message: message, Data: advice(wire.CodeUnavailable, nil)}}
}

func invalid(format string, args ...any) error {
	return &wire.Error{Code: wire.CodeInvalidParams, Message: fmt.Sprintf(format, args...)}
}

func mismatch(format string, args ...any) error {
	return &wire.Error{Code: wire.CodeHeaderMismatch, Message: "header mismatch: " + fmt.Sprintf(format, args...)}
}

// incapable: answering takes what the client did not declare.
func incapable(tasksExtension bool, kinds ...tasks.Capability) error {
	return &wire.Error{
		Code:    wire.CodeMissingCapability,
		Message: "missing required client capability",
		Data:    wire.RequiredCapabilities(tasksExtension, kinds...),
	}
}

// strayError: there is a task, or may be one, that the client has not been told of. By its id it can find out.
type strayError struct {
	id  tasks.ID
	err error
}

func (e *strayError) Error() string { return e.err.Error() }
func (e *strayError) Unwrap() error { return e.err }

// explain finds what a client is told about err. mapped is false if it is told nothing but that something failed.
func explain(err error, modern bool) (f failure, mapped bool) {
	if f, ok := errors.AsType[*failure](err); ok {
		return *f, true
	}
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return failure{status(e.Code, modern), *e}, true
	}
	f, mapped = lookup(err)
	if f.status == 0 {
		f.status = status(f.error.Code, modern)
	}
	f.error.Data = advice(f.error.Code, err)
	return f, mapped
}

func lookup(err error) (failure, bool) {
	for _, a := range errorTable {
		if errors.Is(err, a.is) {
			return failure{a.status, wire.Error{Code: a.code, Message: a.message}}, true
		}
	}
	if plight := store.Plight(err); plight != "" {
		return failure{http.StatusServiceUnavailable, wire.Error{Code: wire.CodeUnavailable, Message: "the task store " + plight + ": " + tryAgain}}, true
	}
	return failure{http.StatusInternalServerError, wire.Error{Code: wire.CodeInternal, Message: "internal error"}}, false
}

// advice is what a program can do about it: nil if nothing is known to help.
func advice(code int, err error) any {
	data := make(map[string]any)
	if code == wire.CodeUnavailable {
		data["retryAfterMs"] = retryAfter * 1000
	}
	if u, ok := errors.AsType[*strayError](err); ok && code != wire.CodeInvalidParams {
		data["taskId"] = u.id
	}
	if len(data) == 0 {
		return nil
	}
	return data
}

// status is the HTTP status that belongs to a code. Earlier revisions answer what they have a code for with 200.
func status(code int, modern bool) int {
	switch code {
	case wire.CodeParse, wire.CodeInvalidRequest, wire.CodeHeaderMismatch, wire.CodeMissingCapability, wire.CodeUnsupportedVersion:
		return http.StatusBadRequest
	case wire.CodeInvalidParams:
		if modern {
			return http.StatusBadRequest
		}
	case wire.CodeMethodNotFound:
		if modern {
			return http.StatusNotFound
		}
	}
	return http.StatusOK
}
