package tasks

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// InputRequest is a question to the client: one of MCP's server-to-client requests, as it goes over the wire.
type InputRequest struct {
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`

	// Limit is how long the client has to answer, from when it is first asked. Zero: as long as the task may stay open.
	Limit time.Duration `json:"-"`
	// Default is the answer that counts if none came within Limit. Nil: Ask returns ErrUnanswered then.
	Default json.RawMessage `json:"-"`
}

// Within bounds how long the client has to answer: after d, Ask returns ErrUnanswered, or what Otherwise declares. A task that was
// parked resumes then.
func (r InputRequest) Within(d time.Duration) InputRequest {
	r.Limit = d
	return r
}

// Otherwise declares the answer that counts if the client gives none within the limit: for a form an accepted one with this content,
// for a visit that it was made, for other kinds the whole answer.
func (r InputRequest) Otherwise(v any) InputRequest {
	switch r.Kind() {
	case CanFillForms:
		v = map[string]any{"action": "accept", "content": v}
	case CanVisit:
		v = map[string]any{"action": "accept"}
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("tasks: Otherwise: %v", err))
	}
	r.Default = b
	return r
}

// The methods of MCP that ask a client something.
const (
	methodElicit = "elicitation/create"
	methodSample = "sampling/createMessage"
	methodRoots  = "roots/list"
)

// Form asks the user to fill in T, a flat struct of strings, numbers and booleans.
func Form[T any](message string) InputRequest {
	schema, err := jsonschema.For[T](nil)
	if err != nil {
		panic(fmt.Sprintf("tasks: Form[%T]: %v", *new(T), err)) // a type that has no schema is a bug of the tool, seen at its first call
	}
	schema.AdditionalProperties = nil // elicitation schemas are flat and plain
	return FormSchema(message, schema)
}

// FormSchema asks the user to fill in a form given by its JSON schema: any value that marshals to an object schema with flat properties.
func FormSchema(message string, schema any) InputRequest {
	return request(methodElicit, map[string]any{"mode": "form", "message": message, "requestedSchema": schema})
}

// Visit asks the user to go to a URL. The id ties the visit to what the URL's service reports.
func Visit(message, url, id string) InputRequest {
	return request(methodElicit, map[string]any{"mode": "url", "message": message, "url": url, "elicitationId": id})
}

// Sample asks the client's model to write a message.
func Sample(params *mcp.CreateMessageParams) InputRequest { return request(methodSample, params) }

// Roots asks which directories the client offers.
func Roots() InputRequest { return request(methodRoots, map[string]any{}) }

func request(method string, params any) InputRequest {
	b, err := json.Marshal(params)
	if err != nil {
		panic(fmt.Sprintf("tasks: %s: %v", method, err))
	}
	return InputRequest{Method: method, Params: b}
}

// Digest tells two questions apart: a key never stands for two different ones.
func (r InputRequest) Digest() string {
	sum := sha256.Sum256([]byte(r.Method + "\x00" + string(r.Params)))
	return hex.EncodeToString(sum[:8])
}

// Kind is what a client must be able to do to answer.
func (r InputRequest) Kind() Capability {
	switch r.Method {
	case methodSample:
		return CanSample
	case methodRoots:
		return CanListRoots
	}
	var p struct{ Mode string }
	if json.Unmarshal(r.Params, &p) == nil && p.Mode == "url" {
		return CanVisit
	}
	return CanFillForms
}

const (
	maxKeyLen     = 128
	maxRequestLen = 256 << 10
)

// Validate explains what is wrong with a question under this key, if anything.
func (q Question) Validate() error {
	key, r := q.Key, q.Request
	switch {
	case key == "" || len(key) > maxKeyLen:
		return fmt.Errorf("the key of a question has 1 to %d bytes, this one has %d", maxKeyLen, len(key))
	case r.Method != methodElicit && r.Method != methodSample && r.Method != methodRoots:
		return fmt.Errorf("question %q: method %q is none that a client answers: use Form, Visit, Sample or Roots", key, r.Method)
	case len(r.Params) > maxRequestLen:
		return fmt.Errorf("question %q has %d bytes, the limit is %d", key, len(r.Params), maxRequestLen)
	case !json.Valid(r.Params):
		return fmt.Errorf("question %q: its params are not JSON", key)
	case r.Limit < 0 || r.Limit > 0 && r.Limit < time.Millisecond:
		return fmt.Errorf("question %q: nobody can answer within %s", key, r.Limit)
	case r.Default != nil && r.Limit == 0:
		return fmt.Errorf("question %q: Otherwise says what counts after a time: say by Within which one", key)
	case len(r.Default) > maxRequestLen:
		return fmt.Errorf("question %q: Otherwise has %d bytes, the limit is %d", key, len(r.Default), maxRequestLen)
	}
	if err := r.checkForm(); err != nil {
		return fmt.Errorf("question %q: %w", key, err)
	}
	if err := r.checkDefault(); err != nil {
		return fmt.Errorf("question %q: Otherwise does not fit its form: %w", key, err)
	}
	return nil
}

// Reply is a client's answer to a question.
type Reply struct {
	// Action is accept, decline or cancel for a form or a visit, and empty for the other kinds.
	Action string
	// Content is what the user filled in.
	Content json.RawMessage
	// Raw is the whole answer as the client sent it.
	Raw json.RawMessage
}

// ErrDeclined: the user answered, and the answer was no.
var ErrDeclined = errors.New("the user declined")

// ErrUnanswered: nobody answered within the question's limit. It stays so: an answer that comes later is ignored.
var ErrUnanswered = errors.New("nobody answered in time")

// ParseReply reads an answer as it came over the wire.
func ParseReply(raw json.RawMessage) Reply {
	r := Reply{Raw: raw}
	var v struct {
		Action  string
		Content json.RawMessage
	}
	if json.Unmarshal(raw, &v) == nil { // another kind of answer has other fields: Raw holds it
		r.Action, r.Content = v.Action, v.Content
	}
	return r
}

// Accepted reports whether the user said yes.
func (r Reply) Accepted() bool { return r.Action == "accept" }

// Decode reads an accepted form into v. A declined or cancelled one is ErrDeclined.
func (r Reply) Decode(v any) error {
	if !r.Accepted() {
		return ErrDeclined
	}
	if len(r.Content) == 0 {
		return nil
	}
	if err := Unmarshal(r.Content, v); err != nil {
		return fmt.Errorf("answer does not fit: %w", err)
	}
	return nil
}
