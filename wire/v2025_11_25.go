package wire

import (
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// The earlier protocol revisions that are told apart. This file's messages belong to 2025-11-25.
const (
	V20251125 = "2025-11-25"
	V20250326 = "2025-03-26" // what a client speaks that does not say
)

// HeaderSession names a client's session (2025-11-25, transports, Session Management).
const HeaderSession = "Mcp-Session-Id"

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

// Negotiated is the revision that a result of initialize settles: "" if it is none.
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
