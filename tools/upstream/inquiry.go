package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// askTime is how long a server may take to answer an inquiry. A client is waiting for it.
const askTime = 30 * time.Second

// ask is the server's tasks.Source.Ask. It uses sessions beside those of the calls, which may be taken for long.
func (s *server) ask(ctx context.Context, method string, raw json.RawMessage) (json.RawMessage, error) {
	params := make(members)
	if err := json.Unmarshal(raw, &params); err != nil {
		return nil, &tasks.Error{Code: wire.CodeInvalidParams, Message: "params are not an object"}
	}
	about, err := s.inward(method, params)
	if err != nil {
		return nil, err
	}
	q := client.Request{Method: method, Name: about, Params: params, Answers: declared(raw)}
	params["_meta"] = passedOn(params["_meta"])
	ctx, cancel := context.WithTimeoutCause(ctx, askTime, errSlow)
	defer cancel()
	result, err := s.inquire(ctx, q)
	if err == nil {
		result, err = shaped(method, result)
	}
	if err != nil {
		return nil, s.refusal(ctx, err)
	}
	return s.outward(method, withoutOwn(result)), nil
}

var errSlow = errors.New("it does not answer in time")

// refusal is the error that the asker is told: what the server itself answered as it is, anything else as trouble with that server.
func (s *server) refusal(ctx context.Context, err error) error {
	e, ok := errors.AsType[*client.Error](err)
	switch {
	case ok && e.Code != 0 && !errors.Is(err, client.ErrUnreachable):
		data := e.Data
		if scheme := s.scheme(); scheme != "" {
			data = renamed(data, "uri", prefixed(scheme)) // the resource that was not found
		}
		return &tasks.Error{Code: e.Code, Message: e.Message, Data: data}
	case ctx.Err() != nil:
		return &Error{Server: s.Name, Err: context.Cause(ctx)}
	}
	return &Error{Server: s.Name, Err: reason(err)}
}

// declared are the kinds of question that the asker can answer: from 2026-07-28 on a question comes as a result.
func declared(params json.RawMessage) tasks.Capabilities {
	var o wire.Object
	if json.Unmarshal(params, &o) != nil {
		return nil
	}
	m, err := wire.DecodeMeta(o)
	if err != nil || m.Capabilities == nil {
		return nil
	}
	return m.Capabilities.Asks
}

// passedOn is the _meta of a request without what concerns one hop only: who asks, which revision, where progress goes.
func passedOn(raw json.RawMessage) json.RawMessage {
	var meta members
	if json.Unmarshal(raw, &meta) != nil || meta == nil {
		meta = make(members)
	}
	for name := range meta {
		if isOwn(name) || name == "progressToken" || strings.HasPrefix(name, "io.modelcontextprotocol/") {
			delete(meta, name)
		}
	}
	return encode(meta)
}

// withoutOwn drops from a result what the server says of itself.
func withoutOwn(result json.RawMessage) json.RawMessage {
	var r struct {
		Meta members `json:"_meta"`
	}
	if json.Unmarshal(result, &r) != nil || r.Meta == nil {
		return result
	}
	return replaced(result, "_meta", func(json.RawMessage) json.RawMessage {
		for name := range r.Meta {
			if isOwn(name) {
				delete(r.Meta, name)
			}
		}
		return encode(r.Meta)
	})
}

// isOwn reports that a member of _meta is about the server that sent it, not about the result.
func isOwn(name string) bool {
	return name == wire.MetaServerInfo || name == metaRelated || strings.HasPrefix(name, wire.MetaPrefix)
}
