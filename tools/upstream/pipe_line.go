package upstream

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/longhaul-mcp/longhaul/wire"
)

// line is a message of either side, read as far as is needed to know to whom it goes.
type line struct {
	ID     json.RawMessage
	Method string
	token  string // the progress token that a request gives, or that a notification is about
	uri    string // of the resource that it is about
	about  string // the request that a notification of 2026-07-28 says it belongs to
	meta   map[string]json.RawMessage
	object map[string]json.RawMessage
}

func readLine(raw []byte) (*line, error) {
	l := new(line)
	if err := json.Unmarshal(raw, &l.object); err != nil {
		return nil, fmt.Errorf("not a message: %w", err)
	}
	l.ID = l.object["id"]
	var params struct {
		Token json.RawMessage            `json:"progressToken"`
		URI   json.RawMessage            `json:"uri"`
		Meta  map[string]json.RawMessage `json:"_meta"`
	}
	if method, ok := l.object["method"]; ok {
		_ = json.Unmarshal(method, &l.Method)           // without one it goes nowhere
		_ = json.Unmarshal(l.object["params"], &params) // likewise: whoever gets the message says what is wrong
	}
	_ = json.Unmarshal(params.URI, &l.uri)
	l.meta, l.about = params.Meta, string(params.Meta[wire.MetaSubscription])
	l.token = cmp.Or(string(params.Token), string(params.Meta["progressToken"]))
	return l, nil
}

// with returns the message with another id.
func (l *line) with(id json.RawMessage) []byte {
	l.object["id"] = id
	b, err := json.Marshal(l.object)
	if err != nil {
		return nil // it was read from JSON
	}
	return b
}

// event returns a message as a server-sent event.
func event(message []byte) []byte {
	return bytes.Join([][]byte{[]byte("data: "), bytes.ReplaceAll(message, []byte("\n"), nil), []byte("\n\n")}, nil)
}
