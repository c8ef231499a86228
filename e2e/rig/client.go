package rig

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Object is a JSON object.
type Object = map[string]any

const version = "2026-07-28"

// Client is an MCP client of revision 2026-07-28 that declares the Tasks extension and fills in forms.
type Client struct {
	url  string
	http *http.Client
	meta Object // that its requests carry besides what it says of itself
}

// Client makes a client of the server that ends with the test.
func (s *Server) Client(t testing.TB) *Client { return NewClient(t, s.URL) }

// NewClient makes a client of an endpoint that ends with the test.
func NewClient(t testing.TB, url string) *Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 1000}
	t.Cleanup(transport.CloseIdleConnections)
	return &Client{url: url, http: &http.Client{Transport: transport}}
}

// With is the client as it is, but for these members of its requests' _meta.
func (c *Client) With(meta Object) *Client {
	with := *c
	with.meta = maps.Clone(c.meta)
	if with.meta == nil {
		with.meta = Object{}
	}
	maps.Copy(with.meta, meta)
	return &with
}

// AwaitReady waits until the server says that it can serve.
func (s *Server) AwaitReady() {
	s.t.Helper()
	Await(s.t, s.name+" is ready", func() bool { return s.Ready(s.t) })
}

// Ready is what the server says of itself.
func (s *Server) Ready(t testing.TB) bool {
	return OK(t.Context(), strings.TrimSuffix(s.URL, "/mcp")+"/ready")
}

// plain is for GETs that no client of the protocol makes. It keeps no connection: none outlives its test.
var plain = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// OK reports whether a GET is answered with 200.
func OK(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := plain.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode == http.StatusOK
}

// Message is any message from a server.
type Message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *Error          `json:"error"`
}

// Error is a JSON-RPC error.
type Error struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// TaskID is the task that the error is about, if the server says so: there is one, or there may be.
func (e *Error) TaskID() string {
	var data struct{ TaskID string }
	_ = json.Unmarshal(e.Data, &data) // most errors have none
	return data.TaskID
}

// Error is the error for people.
func (e *Error) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Message) }

// The codes of errors that tests know.
const (
	codeBusy    = 1503   // try again soon: the store does not answer, or the server is starting or stopping
	codeUnknown = -32602 // with a message of its own
)

// IsBusy reports whether a server says that the call may be made again soon.
func IsBusy(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == codeBusy
}

// IsUnknown reports whether a server says that there is no such task.
func IsUnknown(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == codeUnknown && e.Message == "no such task"
}

// Do sends a request and decodes its result. An *Error is the server's.
func (c *Client) Do(ctx context.Context, method string, params Object, result any) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	s, err := c.open(ctx, method, params)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	defer s.Close()
	for {
		m, err := s.Next()
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", method, err)
		case m.Error != nil:
			return fmt.Errorf("%s: %w", method, m.Error)
		case m.Result != nil:
			return json.Unmarshal(m.Result, result)
		}
	}
}

// open sends a request, and returns what comes back: one message, or a stream of them.
func (c *Client) open(ctx context.Context, method string, params Object) (*Stream, error) {
	params = maps.Clone(params)
	if params == nil {
		params = Object{}
	}
	meta := Object{
		"io.modelcontextprotocol/protocolVersion":    version,
		"io.modelcontextprotocol/clientInfo":         Object{"name": "e2e", "version": "1"},
		"io.modelcontextprotocol/clientCapabilities": Object{"elicitation": Object{}, "extensions": Object{"io.modelcontextprotocol/tasks": Object{}}},
	}
	maps.Copy(meta, c.meta)
	params["_meta"] = meta
	body, err := json.Marshal(Object{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("MCP-Protocol-Version", version)
	req.Header.Set("Mcp-Method", method)
	for _, member := range []string{"name", "taskId"} {
		if v, ok := params[member].(string); ok {
			req.Header.Set("Mcp-Name", v)
		}
	}
	res, err := c.http.Do(req) //nolint:bodyclose // Stream.Close does
	if err != nil {
		return nil, err
	}
	return &Stream{res, bufio.NewReader(res.Body)}, nil
}

// Stream is an answer that is being read.
type Stream struct {
	res   *http.Response
	lines *bufio.Reader
}

// Close ends the stream.
func (s *Stream) Close() {
	_, _ = io.CopyN(io.Discard, s.lines, 4<<10) // so that the connection of an answer that is complete is used again
	_ = s.res.Body.Close()
}

// Next is the next message.
func (s *Stream) Next() (Message, error) {
	var m Message
	if s.res.Header.Get("Content-Type") != "text/event-stream" {
		b, err := io.ReadAll(s.lines)
		if err != nil {
			return m, err
		}
		if len(b) == 0 || json.Unmarshal(b, &m) != nil {
			return m, fmt.Errorf("HTTP %s: %.200s", s.res.Status, b)
		}
		return m, nil
	}
	for {
		line, err := s.lines.ReadBytes('\n')
		if err != nil {
			return m, err
		}
		if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
			return m, json.Unmarshal(data, &m)
		}
	}
}

// Listen opens a subscription to tasks, and to the list of tools if tools says so. It ends with the test.
func (c *Client) Listen(t testing.TB, tools bool, ids ...string) *Subscription {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*Patience)
	s, err := c.TryListen(ctx, tools, ids...)
	if err != nil {
		cancel()
		t.Fatalf("listen: %v", err)
	}
	x := &Subscription{t: t, stream: s, C: make(chan Message, 1000), done: make(chan struct{})}
	go x.read()
	t.Cleanup(func() {
		cancel()
		<-x.done
	})
	return x
}

// TryListen is Listen for many goroutines. The stream ends with ctx.
func (c *Client) TryListen(ctx context.Context, tools bool, ids ...string) (*Stream, error) {
	return c.open(ctx, "subscriptions/listen", Object{"notifications": Object{"taskIds": ids, "toolsListChanged": tools}})
}

// Subscription is a stream of notifications.
type Subscription struct {
	C      chan Message // closed when the stream has ended
	t      testing.TB
	stream *Stream
	done   chan struct{}
}

func (x *Subscription) read() {
	defer close(x.done)
	defer close(x.C)
	defer x.stream.res.Body.Close()
	for {
		m, err := x.stream.Next()
		if err != nil {
			return
		}
		x.C <- m
	}
}

// Next is the next notification.
func (x *Subscription) Next() Message {
	x.t.Helper()
	end := time.NewTimer(Patience)
	defer end.Stop()
	select {
	case m, ok := <-x.C:
		if !ok {
			x.t.Fatal("the subscription ended")
		}
		return m
	case <-end.C:
		x.t.Fatal("no notification came")
	}
	return Message{}
}
