package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// object is a JSON object that is being put together.
type object = map[string]any

// request is one JSON-RPC request.
type request struct {
	method  string
	name    string // goes into the header Mcp-Name
	params  object
	meta    object              // added to the _meta that every request has
	header  http.Header         // Mcp-Param-*
	bare    bool                // declares no capability, not even tasks
	answers *tasks.Capabilities // declared instead of Options.Answers, from 2026-07-28 on; nil: those
	limit   time.Duration
	notice  func(m message) // called with each notification that comes before the answer
	asks    *asking         // answers what a server of an earlier revision asks meanwhile; nil: one that ends with this request
	alive   func()          // called whenever anything comes
}

// quick is the time limit of a request that a server can answer at once.
const quick = 30 * time.Second

var errSlow = errors.New("no answer in time")

// send sends a request once, and returns its result. A session that the server has forgotten is opened again.
func (c *Client) send(ctx context.Context, r *request) (json.RawMessage, error) {
	session := c.sessionID()
	result, err := c.exchange(ctx, r, session)
	if e, ok := errors.AsType[*Error](err); ok && e.HTTP == http.StatusNotFound && session != "" && e.Code != wire.CodeMethodNotFound {
		if err := c.reopenSession(ctx, session); err != nil {
			return nil, fmt.Errorf("open a new session: %w", err)
		}
		result, err = c.exchange(ctx, r, c.sessionID())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.method, err)
	}
	return result, nil
}

func (c *Client) exchange(ctx context.Context, r *request, session string) (json.RawMessage, error) {
	if r.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.limit, errSlow)
		defer cancel()
	}
	id := c.lastID.Add(1)
	defer c.giveUp(ctx, r, id)
	res, err := c.post(ctx, c.encode(r, id), c.headers(r, session)) //nolint:bodyclose // the exchange closes its stream
	if err != nil {
		return nil, err
	}
	if session == "" && r.method == wire.MethodInitialize {
		c.keepSession(res.Header.Get(wire.HeaderSession))
	}
	x := &exchange{client: c, request: r, id: id, session: session, stream: newStream(res, c.opts.MaxBody), began: time.Now(), asks: r.asks}
	defer func() { x.stream.close() }() // in a function: resume may put another stream there
	if x.asks == nil {
		x.asks = newAsking(ctx, c, nil)
		defer x.asks.end()
	}
	return x.read(ctx)
}

// encode returns the request's body. It cannot fail: arguments were encoded before.
func (c *Client) encode(r *request, id int64) []byte {
	params := maps.Clone(r.params)
	if params == nil {
		params = object{}
	}
	meta := maps.Clone(r.meta)
	if meta == nil {
		meta = object{}
	}
	if c.modern() {
		maps.Copy(meta, object{
			wire.MetaVersion:      c.Server().Revision,
			wire.MetaClientInfo:   c.about(),
			wire.MetaCapabilities: c.capabilities(r),
		})
	}
	if len(meta) > 0 {
		params["_meta"] = meta
	}
	body, err := json.Marshal(object{"jsonrpc": "2.0", "id": id, "method": r.method, "params": params})
	if err != nil {
		panic("client: " + err.Error())
	}
	return body
}

func (c *Client) headers(r *request, session string) http.Header {
	h := make(http.Header)
	maps.Copy(h, r.header)
	if r.method != wire.MethodInitialize {
		h.Set(wire.HeaderVersion, c.Server().Revision)
	}
	if session != "" {
		h.Set(wire.HeaderSession, session)
	}
	if c.modern() {
		h.Set(wire.HeaderMethod, r.method)
		if r.name != "" {
			h.Set(wire.HeaderName, wire.EncodeHeader(r.name))
		}
	}
	return h
}

func (c *Client) post(ctx context.Context, body []byte, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	header.Set("Content-Type", "application/json")
	return c.do(req, header)
}

// do sends an HTTP request with the headers that all of ours have.
func (c *Client) do(req *http.Request, header http.Header) (*http.Response, error) {
	maps.Copy(req.Header, c.opts.Header)
	maps.Copy(req.Header, header)
	req.Header.Set("Accept", "application/json, text/event-stream")
	if c.opts.Token != nil {
		token, err := c.opts.Token(req.Context())
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := c.http.Do(req)
	c.noteContact(req.Context(), res, err)
	if err != nil {
		return nil, &brokenError{err: ended(req.Context(), err)}
	}
	return res, nil
}

// exchange is a request whose answer is being read.
type exchange struct {
	client  *Client
	request *request
	id      int64
	session string
	stream  *stream
	began   time.Time
	asks    *asking

	resumedAt string  // the event after which the stream was last resumed
	patience  backoff // with a stream that breaks again before anything has come
}

// broken makes the error of an answer that will not come.
func (x *exchange) broken(err error) error { return &brokenError{err, time.Since(x.began)} }

func (x *exchange) read(ctx context.Context) (json.RawMessage, error) {
	if x.request.alive != nil {
		x.stream.alive = x.request.alive
	}
	for {
		m, err := x.stream.next()
		if err != nil && x.resumable(ctx, err) {
			if err = x.resume(ctx, err); err == nil {
				continue
			}
		}
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, x.broken(context.Cause(ctx))
		case err != nil:
			if e, ok := errors.AsType[*brokenError](err); ok {
				e.lived = time.Since(x.began)
			}
			return nil, err
		}
		switch {
		case m.Method != "" && len(m.ID) > 0:
			x.asks.take(m, x.stream.lastID == "")
		case m.Method != "":
			x.client.noted(m)
			if x.request.notice != nil {
				x.request.notice(m)
			}
		case !x.stream.events || string(m.ID) == strconv.FormatInt(x.id, 10):
			return x.answer(m)
		}
	}
}

// laborious are the methods that may keep a server busy for long.
var laborious = []string{wire.MethodToolsCall, wire.MethodResourcesRead, wire.MethodPromptsGet, wire.MethodCompletionComplete}

// giveUp tells a server of an earlier revision if nobody waits for such a request any more. From 2026-07-28 on closing the stream says so.
func (c *Client) giveUp(ctx context.Context, r *request, id int64) {
	if ctx.Err() == nil || c.modern() || !slices.Contains(laborious, r.method) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye) // ctx has ended
	defer cancel()
	_ = c.notify(ctx, wire.NoticeCancelled, object{"requestId": id}) // if that fails the server works in vain
}

func (x *exchange) answer(m message) (json.RawMessage, error) {
	if m.Error == nil {
		return m.Result, nil
	}
	m.Error.HTTP = x.stream.res.StatusCode
	m.Error.after = after(x.stream.res)
	return nil, m.Error
}

func (c *Client) about() object { return object{"name": c.opts.Name, "version": c.opts.Version} }
