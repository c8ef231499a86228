package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/wire"
)

const maxArguments = 1 << 20

// arguments reads a call's arguments; without any they are an empty object.
func arguments(params wire.Object) (json.RawMessage, error) {
	raw := params["arguments"]
	switch {
	case !params.Has("arguments"):
		return json.RawMessage("{}"), nil
	case raw[0] != '{':
		return nil, invalid("arguments must be an object")
	case len(raw) > maxArguments:
		return nil, invalid("arguments have %d bytes, the limit is %d", len(raw), maxArguments)
	}
	return raw, nil
}

const (
	maxAnswers = 64
	maxAnswer  = 1 << 20 // all of them
)

// responses reads the answers that a request brings.
func responses(params wire.Object) (map[string]json.RawMessage, error) {
	answers, err := wire.InputResponses(params)
	if err != nil {
		return nil, err
	}
	if len(answers) > maxAnswers || len(params["inputResponses"]) > maxAnswer {
		return nil, invalid("inputResponses may hold %d answers in %d bytes", maxAnswers, maxAnswer)
	}
	return answers, nil
}

// canonical is the same JSON for the same value: a client that repeats a call may write its members in another order.
func canonical(raw json.RawMessage) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // large integers stay what they are
	var v any
	if d.Decode(&v) != nil {
		return raw
	}
	b, err := json.Marshal(v)
	if err != nil {
		return raw
	}
	return b
}

// digest names a call: the tool with these arguments.
func digest(tool string, arguments json.RawMessage) string {
	h := sha256.New()
	h.Write([]byte(tool))
	h.Write([]byte{0})
	h.Write(canonical(arguments))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
