package wire

import "slices"

// Level is how severe a log message is, in the words of RFC 5424.
type Level string

var levels = []Level{"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}

func (l Level) valid() bool { return slices.Contains(levels, l) }

// Covers reports whether a request for messages of level l gets one of level other. The empty level asks for none.
func (l Level) Covers(other Level) bool {
	return l != "" && slices.Index(levels, other) >= slices.Index(levels, l)
}
