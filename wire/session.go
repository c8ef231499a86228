package wire

import (
	"encoding/json"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// V20250326 is the revision that a client speaks that does not say. Like all before 2026-07-28 it has sessions.
const V20250326 = "2025-03-26"

// HeaderSession names a client's session (2025-11-25, transports, Session Management).
const HeaderSession = "Mcp-Session-Id"

// HeaderLastEvent says after which event a client goes on with a stream (2025-11-25, transports, Resumability and Redelivery).
const HeaderLastEvent = "Last-Event-Id"

// Opening is what a client says of itself in initialize.
type Opening struct {
	Client       Implementation
	Capabilities tasks.Capabilities // the questions that it can answer
}

// DecodeOpening reads the params of initialize. What is malformed there counts as not said: whether that is an error is for others.
func DecodeOpening(params Object) Opening {
	var o Opening
	info, _ := params.Object("clientInfo")
	o.Client.Name, _ = info.Text("name")
	o.Client.Version, _ = info.Text("version")
	caps, _ := params.Object("capabilities")
	if c, err := decodeCapabilities(caps); err == nil {
		o.Capabilities = c.Asks
	}
	return o
}

// Negotiated is the revision that a result of initialize agrees on: "" if it is none.
func Negotiated(result json.RawMessage) string {
	var o Object
	if json.Unmarshal(result, &o) != nil {
		return ""
	}
	version, _ := o.Text("protocolVersion")
	return version
}

// DecodeLevel reads the params of logging/setLevel.
func DecodeLevel(params Object) (Level, error) {
	text, ok := params.Text("level")
	if l := Level(text); ok && l.valid() {
		return l, nil
	}
	return "", &Error{Code: CodeInvalidParams, Message: "level is not a log level"}
}

// CancelledRequest reads which request a notifications/cancelled is about.
func CancelledRequest(params Object) (id json.RawMessage, ok bool) {
	id = params["requestId"]
	return id, validID(id)
}

// Ask is the request that puts a task's question to the client of a session. Its id says whose answer the response is, so any replica
// can take that. A client that knows of the task is told which one it is about.
func Ask(id tasks.ID, q tasks.Question, known bool) []byte {
	params := q.Request.Params
	if known {
		params = relate(params, id)
	}
	return encode(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      string          `json:"id"`
		Method  string          `json:"method"`
		Params  json.RawMessage `json:"params"`
	}{"2.0", string(id) + "/" + q.Key, q.Request.Method, params})
}

// Asked is the question whose request had this id. ok is false if it was none of Ask's.
func Asked(id json.RawMessage) (task tasks.ID, key string, ok bool) {
	var text string
	if json.Unmarshal(id, &text) != nil {
		return "", "", false
	}
	name, key, ok := strings.Cut(text, "/")
	task, err := tasks.ParseID(name)
	return task, key, ok && err == nil
}

// CancelAnswer is the answer to a question that the client did not answer.
var CancelAnswer = json.RawMessage(`{"action":"cancel"}`)
