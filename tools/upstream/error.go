package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// Error says why a relayed call has no result, when that is the upstream server's fault and not ours.
type Error struct {
	Server string
	Err    error
}

func (e *Error) Error() string { return "upstream " + e.Server + ": " + e.Err.Error() }

// Unwrap returns the error of package client.
func (e *Error) Unwrap() error { return e.Err }

// ownError marks an error as ours, not the server's.
type ownError struct{ err error }

func (e *ownError) Error() string { return e.err.Error() }
func (e *ownError) Unwrap() error { return e.err }

func (c *call) permanent(err error) error {
	if e, ok := errors.AsType[*client.Error](err); ok && e.Code == wire.CodeMissingCapability { // only the client behind the call can do something about it
		err = &tasks.Error{Code: e.Code, Message: e.Message, Data: e.Data}
	}
	return tasks.Permanent(&Error{Server: c.server.Name, Err: err})
}

// explain makes an error the one that the attempt ends with: it says whose fault it is, and whether another attempt may help.
func (c *call) explain(err error) error {
	own, ours := errors.AsType[*ownError](err)
	switch {
	case c.ctx.Err() != nil:
		return context.Cause(c.ctx)
	case ours:
		return own.err
	case errors.Is(err, tasks.ErrDraining), errors.Is(err, tasks.ErrParked), errors.Is(err, tasks.ErrCancelled), errors.Is(err, tasks.ErrLost):
		return err
	case c.mends(err):
		return &Error{Server: c.server.Name, Err: c.words(err)}
	}
	return c.permanent(c.words(err))
}

// mends reports whether another attempt may succeed where this one failed. A tool that must not run twice gets another only if it has not run.
func (c *call) mends(err error) bool {
	switch never, _ := tasks.RetryAdvice(err); {
	case never, errors.Is(err, client.ErrCancelled): // somebody at the server did not want it
		return false
	case errors.Is(err, client.ErrNotFound):
		return !c.once
	}
	if c.kept.TaskID == "" && unsentCall(err) {
		return true
	}
	if c.once {
		return c.kept.TaskID != "" && broken(err) // the task may still be there
	}
	return !refused(err)
}

// words is an error in words for people, without the parts that are for programs.
func (c *call) words(err error) error {
	why := reason(err)
	switch {
	case errors.Is(err, client.ErrUnknown):
		return fmt.Errorf("the connection was lost during the call, and whether %s has run is not known: %w", c.name, why)
	case errors.Is(err, client.ErrUnreachable):
		return fmt.Errorf("it cannot be reached: %w", why)
	case errors.Is(err, client.ErrNotFound):
		return fmt.Errorf("it does not know its task %s any more", c.kept.TaskID)
	}
	return why
}

// reason is the cause of an error without the URL, which may hold secrets.
func reason(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*client.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*client.TaskError](err); ok {
		return e
	}
	if joined, ok := errors.AsType[joinedError](err); ok { // a sentinel of package client, and then why
		list := joined.Unwrap()
		return list[len(list)-1]
	}
	return err
}

type joinedError interface {
	error
	Unwrap() []error
}

// broken reports that the server did not answer, or not as a server does.
func broken(err error) bool {
	return errors.Is(err, client.ErrUnreachable) || errors.Is(err, client.ErrUnknown)
}

// unsentCall reports that the call certainly did not reach the server.
func unsentCall(err error) bool {
	if errors.Is(err, client.ErrUnreachable) {
		return true // a call that may have arrived would be ErrUnknown
	}
	if _, down := errors.AsType[*downError](err); down {
		return true
	}
	e, ok := errors.AsType[*client.Error](err)
	return ok && !errors.Is(err, client.ErrUnknown) && (e.HTTP == http.StatusUnauthorized || e.HTTP == http.StatusForbidden)
}

// refused: the server understood the call, and says that it can have no result.
func refused(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	if !ok {
		return false
	}
	switch e.Code {
	case wire.CodeInvalidRequest, wire.CodeMethodNotFound, wire.CodeInvalidParams, wire.CodeMissingCapability, wire.CodeUnsupportedVersion:
		return true
	}
	return false
}

// refusesKey: a Longhaul server names the key in its refusal.
func refusesKey(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && e.Code == wire.CodeInvalidParams && strings.Contains(e.Message, wire.MetaKey)
}
