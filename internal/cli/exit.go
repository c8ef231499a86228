package cli

import (
	"errors"
	"fmt"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/internal/admin"
)

const (
	codeToolError   = 1
	codeUsage       = 2
	codeEngine      = 3
	codeUnreachable = 4
	codeDetached    = 130
)

var (
	errShown    = errors.New("told already")
	errTool     = fmt.Errorf("the tool reported an error: %w", errShown)
	errDetached = errors.New("detached")
	errTimeout  = errors.New("-timeout is over")
)

// usageError is the caller's mistake.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

func exitCode(err error) int {
	_, wrong := errors.AsType[*usageError](err)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errTool):
		return codeToolError
	case wrong:
		return codeUsage
	case errors.Is(err, errDetached), errors.Is(err, errTimeout):
		return codeDetached
	case errors.Is(err, client.ErrUnreachable), errors.Is(err, admin.ErrUnreachable):
		return codeUnreachable
	}
	return codeEngine
}
