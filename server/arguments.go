package server

import (
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
	maxAnswers     = 64
	maxAnswerBytes = 1 << 20 // all of them
)

// responses reads the answers that a request brings.
func responses(params wire.Object) (map[string]json.RawMessage, error) {
	answers, err := wire.InputResponses(params)
	if err != nil {
		return nil, err
	}
	if len(answers) > maxAnswers || len(params["inputResponses"]) > maxAnswerBytes {
		return nil, invalid("inputResponses may hold %d answers in %d bytes", maxAnswers, maxAnswerBytes)
	}
	return answers, nil
}
