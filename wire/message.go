package wire

import (
	"bytes"
	"encoding/json"
)

// Kind says which of JSON-RPC's messages came.
type Kind int

// The kinds of message.
const (
	Request Kind = iota
	Notice
	Answer
	Batch
)

// Message is one JSON-RPC message as a client sent it.
type Message struct {
	Kind   Kind
	ID     json.RawMessage // as it was written: a number stays a number, a string a string; nil where there is none
	Method string
	Params Object          // never nil
	Bare   bool            // it came without params
	Result json.RawMessage // of an Answer: nil if it says that something went wrong
}

// Decode reads a message. What is wrong with it is an *Error; the message then still has the id, if that could be read.
func Decode(body []byte) (Message, error) {
	m := Message{Params: Object{}}
	body = bytes.TrimSpace(body)
	if len(body) > 0 && body[0] == '[' && json.Valid(body) {
		m.Kind = Batch
		return m, nil
	}
	var o Object
	if err := json.Unmarshal(body, &o); err != nil {
		if json.Valid(body) {
			return m, &Error{Code: CodeInvalidRequest, Message: "a message is a JSON object"}
		}
		return m, &Error{Code: CodeParse, Message: "body is not JSON: " + err.Error()}
	}
	return m.fill(o)
}

func (m Message) fill(o Object) (Message, error) {
	id, called := o["id"]
	if called && !validID(id) {
		return m, &Error{Code: CodeInvalidRequest, Message: "id must be a string or an integer, no longer than 1024 bytes"}
	}
	m.ID = id
	if v, _ := o.Text("jsonrpc"); v != "2.0" {
		return m, &Error{Code: CodeInvalidRequest, Message: `jsonrpc must be "2.0"`}
	}
	if _, ok := o["method"]; !ok {
		return m.answer(o)
	}
	var ok bool
	if m.Method, ok = o.Text("method"); !ok || m.Method == "" {
		return m, &Error{Code: CodeInvalidRequest, Message: "method must be a string"}
	}
	if !called {
		m.Kind = Notice
	}
	m.Bare = !o.Has("params")
	if m.Params, ok = o.Object("params"); !ok {
		return m, &Error{Code: CodeInvalidParams, Message: "params must be an object"}
	}
	return m, nil
}

func (m Message) answer(o Object) (Message, error) {
	result := o.Has("result")
	_, failed := o["error"]
	if !result && !failed {
		return m, &Error{Code: CodeInvalidRequest, Message: "method is missing"}
	}
	m.Kind, m.Result = Answer, o["result"]
	return m, nil
}

// validID: a string or an integer, never null (basic, Requests).
func validID(raw json.RawMessage) bool {
	return scalar(raw) && (raw[0] == '"' || !bytes.ContainsAny(raw, ".eE"))
}

// What is repeated in every message of a stream may not be long.
const maxScalar = 1 << 10

// scalar: a string or a number.
func scalar(raw json.RawMessage) bool {
	if len(raw) == 0 || len(raw) > maxScalar {
		return false
	}
	return raw[0] == '"' || raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'
}

// WithParams is the request with empty params instead of none.
func WithParams(m Message) []byte {
	return encode(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Method  string          `json:"method"`
		Params  struct{}        `json:"params"`
	}{"2.0", m.ID, m.Method, struct{}{}})
}

// Response is the whole message that answers a request with a result.
func Response(id, result json.RawMessage) []byte { return message(id, `"result":`, result) }

// message is put together by hand so that a large result is not scanned and copied once more.
func message(id json.RawMessage, member string, value []byte) []byte {
	b := make([]byte, 0, len(`{"jsonrpc":"2.0","id":,}`)+len(id)+len(member)+len(value))
	b = append(b, `{"jsonrpc":"2.0",`...)
	if len(id) > 0 {
		b = append(append(append(b, `"id":`...), id...), ',')
	}
	b = append(append(b, member...), value...)
	return append(b, '}')
}
