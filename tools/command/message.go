package command

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
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

// errOutput: a line is nothing like a message.
var errOutput = errors.New("it is output")

// parseMessage reads a line of the protocol. Whatever is not exactly one is output: a program may well print JSON of its own. The error of
// a line that names a message says what keeps it from being one.
func parseMessage(line []byte) (message, error) {
	line = bytes.TrimSpace(line)
	var object map[string]json.RawMessage
	if len(line) == 0 || line[0] != '{' || !utf8.Valid(line) || json.Unmarshal(line, &object) != nil {
		return message{}, errOutput
	}
	kind := ""
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if _, ok := object[name]; ok {
			kind = name
		}
	}
	if kind == "" {
		return message{}, errOutput
	}
	m, err := parseKind(kind, object)
	return m, cmp.Or(only(object, append([]string{kind}, members[kind]...)), err)
}

func parseKind(kind string, object map[string]json.RawMessage) (m message, err error) {
	switch value := object[kind]; kind {
	case "progress":
		var p tasks.Progress
		m.progress = &p
		err = cmp.Or(into(value, kind, &p.Done), maybe(object, "total", &p.Total), maybe(object, "message", &p.Message))
	case "log":
		m.log, err = parseLog(value, object)
	case "checkpoint":
		m.checkpoint = value
	case "ask":
		m.ask, err = parseAsk(value)
	case "result":
		m.result = value
	}
	return m, err
}

func parseLog(text json.RawMessage, object map[string]json.RawMessage) (*entry, error) {
	var e entry
	var word string
	if err := cmp.Or(into(text, "log", &e.text), maybe(object, "level", &word)); err != nil {
		return nil, err
	}
	level, ok := levels[word]
	if !ok {
		return nil, fmt.Errorf("level %.40q: use debug, info, warning or error", word)
	}
	e.level = level
	return &e, nil
}

// parseAsk reads a question: a form, which without a schema has no fields and only wants a yes.
func parseAsk(raw json.RawMessage) (*tasks.Question, error) {
	var object map[string]json.RawMessage
	if err := into(raw, "ask", &object); err != nil {
		return nil, err
	}
	var key, text string
	var within float64
	if err := cmp.Or(
		only(object, []string{"key", "message", "schema", "within", "otherwise"}),
		into(object["key"], "key", &key), into(object["message"], "message", &text), maybe(object, "within", &within),
	); err != nil {
		return nil, err
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
	return &tasks.Question{Key: key, Request: r}, nil
}

const longest = 365 * 24 * time.Hour

func seconds(s float64) time.Duration {
	return time.Duration(min(s, longest.Seconds()) * float64(time.Second))
}

// only refuses other members than these.
func only(object map[string]json.RawMessage, names []string) error {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(names, name) {
			name = name[:min(len(name), 40)]
			return fmt.Errorf("unknown member %q: there is %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

// into reads a member that must be there; null, which fits everything in Go, is no value.
func into[T any](raw json.RawMessage, name string, v *T) error {
	switch {
	case raw == nil:
		return fmt.Errorf("the member %q is missing", name)
	case isNull(raw) || json.Unmarshal(raw, v) != nil:
		return fmt.Errorf("%s must be %s", name, kindOf(v))
	}
	return nil
}

func maybe[T any](object map[string]json.RawMessage, name string, v *T) error {
	if object[name] == nil {
		return nil
	}
	return into(object[name], name, v)
}

func kindOf(v any) string {
	switch v.(type) {
	case *string:
		return "text"
	case *float64:
		return "a number"
	}
	return "an object"
}
