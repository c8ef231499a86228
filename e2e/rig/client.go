package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"testing"
)

// Client is an MCP client of revision 2026-07-28 that declares the Tasks extension and fills in forms.
type Client struct {
	url  string
	http *http.Client
	meta Object // that its requests carry besides what it says of itself
}

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

// The codes of errors that tests know.
const (
	codeBusy      = 1503   // try again soon: the store does not answer, or the server is starting or stopping
	codeCancelled = 1499   // the task of this call was cancelled
	codeUnknown   = -32602 // with a message of its own
)

// IsBusy reports whether a server says that the call may be made again soon.
func IsBusy(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == codeBusy
}

// IsCancelled reports whether a server says that the task of the call was cancelled.
func IsCancelled(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == codeCancelled
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
	return Modern(1, method, params, c.meta).Send(ctx, c.http, c.url)
}

// Listen opens a subscription to tasks, and to the list of tools if tools says so. It ends with the test.
func (c *Client) Listen(t testing.TB, tools bool, ids ...string) *Reading {
	t.Helper()
	return Read(t, func(ctx context.Context) (*Stream, error) { return c.TryListen(ctx, tools, ids...) })
}

// TryListen is Listen for many goroutines. The stream ends with ctx.
func (c *Client) TryListen(ctx context.Context, tools bool, ids ...string) (*Stream, error) {
	return c.open(ctx, "subscriptions/listen", Object{"notifications": Object{"taskIds": ids, "toolsListChanged": tools}})
}

// ListenTo opens a subscription to resources. It ends with the test.
func (c *Client) ListenTo(t testing.TB, uris ...string) *Reading {
	t.Helper()
	return Read(t, func(ctx context.Context) (*Stream, error) {
		return c.open(ctx, "subscriptions/listen", Object{"notifications": Object{"resourceSubscriptions": uris}})
	})
}
