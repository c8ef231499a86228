package store

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// event is one change of a task, as scripts write it: "seq ms kind body". Progress and log carry what they say; after any other kind
// the record is read again.
type event struct {
	seq  int64
	at   time.Time
	kind string
	body string
}

const (
	progressEvent = "progress"
	logEvent      = "log"
	answerEvent   = "answer"
	endEvent      = "end"
	updatedEvent  = "updated" // of a resource, not of a task
)

func parseEvent(s string) (e event, ok bool) {
	seq, rest, _ := strings.Cut(s, " ")
	ms, rest, _ := strings.Cut(rest, " ")
	kind, body, ok := strings.Cut(rest, " ")
	n, err := strconv.ParseInt(seq, 10, 64)
	at, atErr := strconv.ParseInt(ms, 10, 64)
	if !ok || err != nil || atErr != nil {
		return event{}, false
	}
	return event{n, time.UnixMilli(at).UTC(), kind, body}, true
}

type progressBody struct {
	Done  float64 `json:"d"`
	Total float64 `json:"t,omitempty"`
	ETA   int64   `json:"e,omitempty"`
	Text  string  `json:"m,omitempty"`
}

// Log is a message of a tool for those who follow the call.
type Log struct {
	Level   string `json:"l"` // as MCP names them: debug, info, warning, error
	Message string `json:"m"`
	Seq     int64  `json:"-"` // of its event, as read back
}

// progressed is the task after a progress event: a copy, since watchers may hold the old one.
func progressed(t *tasks.Task, e event) (*tasks.Task, bool) {
	var p progressBody
	if json.Unmarshal([]byte(e.body), &p) != nil {
		return nil, false
	}
	next := *t
	next.Seq, next.Updated, next.Message = e.seq, e.at, p.Text
	next.Peak = max(t.Peak, p.Done)
	next.Progress = tasks.Progress{Done: p.Done, Total: p.Total, Message: p.Text, ETA: time.Duration(p.ETA) * time.Millisecond}
	return &next, true
}

func unmarshal(s string, v any) error { return json.Unmarshal([]byte(s), v) }
