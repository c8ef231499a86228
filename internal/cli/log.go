package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/internal/spelling"
)

// logLevel is the least severe level of the log that is shown; empty: none is.
type logLevel string

// logLevels are those that tools log at.
var logLevels = []string{"debug", "info", "notice", "warning", "error"}

// Validate has kong refuse other words.
func (l logLevel) Validate() error {
	if l == "" || slices.Contains(logLevels, string(l)) {
		return nil
	}
	return fmt.Errorf("no level %s%s", l, spelling.Suggestion(string(l), logLevels))
}

// logRevision is the last one in which a server tells the log of a task.
const logRevision = "2025-11-25"

// dialForLog connects so that the log is told for as long as the wait lasts. A server that speaks only newer revisions tells it at most
// while a call of it is no task.
func (s *session) dialForLog(opts client.Options, level logLevel) (*client.Client, error) {
	opts.LogLevel, opts.Log = string(level), s.logged
	if s.Revision != "" {
		return s.dial(opts)
	}
	s.Revision = logRevision
	c, err := s.dial(opts)
	if _, refused := errors.AsType[*client.Error](err); refused {
		s.Revision = ""
		return s.dial(opts)
	}
	return c, err
}

// logged shows what the tool logs.
func (s *session) logged(level string, data json.RawMessage) {
	text := string(data)
	_ = json.Unmarshal(data, &text) // what is no text is shown as JSON
	for line := range strings.Lines(text) {
		s.screen.write(fmt.Sprintf("%s %s: %s", time.Now().Format(time.TimeOnly), oneLine(level), oneLine(strings.TrimRight(line, "\r\n"))))
	}
}
