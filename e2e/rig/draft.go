package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
)

// Draft is a request as it is sent. Without a body it is a GET.
type Draft struct {
	Header http.Header
	Body   Object
}

const version = "2026-07-28"

// Modern is a request of revision 2026-07-28. Unless meta or the params' own _meta say otherwise, its client declares the Tasks extension
// and fills in forms.
func Modern(id int, method string, params, meta Object) Draft {
	all := Object{
		"io.modelcontextprotocol/protocolVersion":    version,
		"io.modelcontextprotocol/clientInfo":         Object{"name": "e2e", "version": "1"},
		"io.modelcontextprotocol/clientCapabilities": Object{"elicitation": Object{}, "extensions": Object{"io.modelcontextprotocol/tasks": Object{}}},
	}
	maps.Copy(all, meta)
	if own, ok := params["_meta"].(Object); ok {
		maps.Copy(all, own)
	}
	params = maps.Clone(params)
	if params == nil {
		params = Object{}
	}
	params["_meta"] = all
	d := post(version, Object{"id": id, "method": method, "params": params})
	d.Header.Set("Mcp-Method", method)
	for _, member := range []string{"name", "taskId", "uri"} {
		if v, ok := params[member].(string); ok {
			d.Header.Set("Mcp-Name", v)
		}
	}
	return d
}

// Legacy is a message of an earlier revision, in a session if there is one: a request, a notification or the answer to a question. What
// has no body opens a stream of the session.
func Legacy(revision, session string, body Object) Draft {
	d := Draft{Header: http.Header{"Mcp-Protocol-Version": {revision}, "Accept": {"text/event-stream"}}}
	if body != nil {
		d = post(revision, body)
	}
	if session != "" {
		d.Header.Set("Mcp-Session-Id", session)
	}
	return d
}

func post(revision string, body Object) Draft {
	body = maps.Clone(body)
	body["jsonrpc"] = "2.0"
	return Draft{Body: body, Header: http.Header{
		"Content-Type":         {"application/json"},
		"Accept":               {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {revision},
	}}
}

// Send sends the request, and returns what comes back: one message, or a stream of them.
func (d Draft) Send(ctx context.Context, c *http.Client, url string) (*Stream, error) {
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if d.Body != nil {
		b, err := json.Marshal(d.Body)
		if err != nil {
			return nil, err
		}
		method, body = http.MethodPost, bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	req.Header = d.Header
	res, err := c.Do(req) //nolint:bodyclose // Stream.Close does
	if err != nil {
		return nil, err
	}
	return newStream(res), nil
}
