package upstream

import (
	"encoding/json"
	"log/slog"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// changed makes the progress of the call that uses the session that of our task. Between calls there is nobody to tell.
func (x *session) changed(t client.Task) {
	c := x.call.Load()
	if c == nil {
		return
	}
	p := t.Progress
	if p == (tasks.Progress{}) && t.Status == tasks.Working {
		p.Message = t.Message
	}
	if p != (tasks.Progress{}) && !t.Ended() {
		_ = c.attempt.Report(c.ctx, p)
	}
}

// logged has our task log what the server does.
func (x *session) logged(level string, data json.RawMessage) {
	c := x.call.Load()
	if c == nil {
		return
	}
	text := string(data)
	_ = json.Unmarshal(data, &text) // anything but text is logged as JSON
	c.attempt.Log(slogLevel(level), "%s", text)
}

func slogLevel(level string) slog.Level {
	switch level {
	case "debug":
		return slog.LevelDebug
	case "info", "notice":
		return slog.LevelInfo
	case "warning":
		return slog.LevelWarn
	}
	return slog.LevelError
}
