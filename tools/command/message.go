package command

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// message is one line of the protocol: one of its fields is set.
type message struct {
	progress   *tasks.Progress
	log        *entry
	checkpoint json.RawMessage
	ask        *tasks.Question
	result     json.RawMessage
}

type entry struct {
	level slog.Level
	text  string
}

// members are what a kind of message may have beside the member that names it.
var members = map[string][]string{
	"progress":   {"total", "message"},
	"log":        {"level"},
	"checkpoint": nil,
	"ask":        nil,
	"result":     nil,
}

var levels = map[string]slog.Level{
	"": slog.LevelInfo, "debug": slog.LevelDebug, "info": slog.LevelInfo, "warning": slog.LevelWarn, "error": slog.LevelError,
}

// parseMessage reads a line of the protocol. Whatever is not exactly one is output: a program may well print JSON of its own.
func parseMessage(line []byte) (message, bool) {
	line = bytes.TrimSpace(line)
	var object map[string]json.RawMessage
	if len(line) == 0 || line[0] != '{' || !utf8.Valid(line) || json.Unmarshal(line, &object) != nil {
		return message{}, false
	}
	kind := ""
	for name := range members {
		if _, ok := object[name]; ok {
			kind = name
		}
	}
	if kind == "" || !only(object, append([]string{kind}, members[kind]...)) {
		return message{}, false
	}
	return parseKind(kind, object)
}

func parseKind(kind string, object map[string]json.RawMessage) (m message, ok bool) {
	switch value := object[kind]; kind {
	case "progress":
		var p tasks.Progress
		ok = into(value, &p.Done) && maybe(object["total"], &p.Total) && maybe(object["message"], &p.Message)
		m.progress = &p
	case "log":
		var e entry
		var level string
		ok = into(value, &e.text) && maybe(object["level"], &level)
		if ok {
			e.level, ok = levels[level]
		}
		m.log = &e
	case "checkpoint":
		m.checkpoint, ok = value, true
	case "ask":
		m.ask, ok = parseAsk(value)
	case "result":
		m.result, ok = value, true
	}
	return m, ok
}

// parseAsk reads a question: a form, which without a schema has no fields and only wants a yes.
func parseAsk(raw json.RawMessage) (*tasks.Question, bool) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil || !only(object, []string{"key", "message", "schema", "within", "otherwise"}) {
		return nil, false
	}
	var key, text string
	var within float64
	if !into(object["key"], &key) || !into(object["message"], &text) || !maybe(object["within"], &within) {
		return nil, false
	}
	schema := object["schema"]
	if isNull(schema) {
		schema = json.RawMessage(`{"type":"object","properties":{}}`)
	}
	r := tasks.FormSchema(text, schema)
	if within != 0 {
		r = r.Within(seconds(within))
	}
	if v := object["otherwise"]; !isNull(v) {
		r = r.Otherwise(v)
	}
	return &tasks.Question{Key: key, Request: r}, true
}

const longest = 365 * 24 * time.Hour

func seconds(s float64) time.Duration {
	return time.Duration(min(s, longest.Seconds()) * float64(time.Second))
}

// only reports whether an object has no other members.
func only(object map[string]json.RawMessage, names []string) bool {
	n := 0
	for _, name := range names {
		if _, ok := object[name]; ok {
			n++
		}
	}
	return n == len(object)
}

// into reads a member that must be there; null, which fits everything in Go, is no value.
func into(raw json.RawMessage, v any) bool { return !isNull(raw) && json.Unmarshal(raw, v) == nil }

func maybe(raw json.RawMessage, v any) bool { return raw == nil || into(raw, v) }
