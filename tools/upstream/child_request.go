package upstream

import (
	"context"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/wire"
)

// request is a request that the program has not answered.
type request struct {
	*line
	id     string // the one that the program got
	stream *io.PipeWriter
}

// request writes a request under an id of our own, since several clients may share the program, and returns its stream.
func (c *child) request(ctx context.Context, m *line) (io.ReadCloser, error) {
	r, w := io.Pipe()
	a := &request{line: m, stream: w}
	c.mu.Lock()
	c.lastID++
	a.id = strconv.Itoa(c.lastID)
	c.requests[a.id] = a
	c.mu.Unlock()
	if !c.alive() { // it may have ended before the request was entered, and then nobody closes its stream
		c.drop(a)
		_ = r.Close()
		return nil, c.err
	}
	if err := c.write(ctx, m.with(json.RawMessage(a.id))); err != nil {
		c.drop(a)
		_ = r.Close() // it may have been answered all the same, for a program that died
		return nil, err
	}
	if m.Method == wire.MethodToolsList && m.meta[wire.MetaVersion] != nil {
		c.listen(ctx, m)
	}
	b := &body{PipeReader: r, child: c, request: a}
	b.stops = append(b.stops, context.AfterFunc(ctx, func() { _ = w.CloseWithError(context.Cause(ctx)) }))
	if m.Method == wire.MethodSubscriptionsListen {
		time.AfterFunc(pingEvery, a.ping)
	}
	if m.Method == wire.MethodServerDiscover {
		b.stops = append(b.stops, time.AfterFunc(unheard, func() { c.silent(a) }).Stop)
	}
	return b, nil
}

// pingEvery is how often the stream of a subscription to a program gets a sign of life, as those of servers with a URL do. Package client takes
// a resource subscription for dead after five silent minutes, but a program's ends only with the program. A wait for a task, which polls
// after a silent minute, is to go on doing so: hence two minutes.
const pingEvery = 2 * time.Minute

// ping goes on until the stream is closed.
func (a *request) ping() {
	if _, err := a.stream.Write([]byte(":\n\n")); err == nil {
		time.AfterFunc(pingEvery, a.ping)
	}
}

// listen asks a program of 2026-07-28, once, to tell when its lists change: it does not by itself. The answer does not matter.
func (c *child) listen(ctx context.Context, list *line) {
	c.mu.Lock()
	first := !c.listens
	c.listens = true
	c.mu.Unlock()
	if !first {
		return
	}
	_ = c.write(ctx, encode(object{"jsonrpc": "2.0", "id": "list", "method": wire.MethodSubscriptionsListen, "params": object{ // else it has ended
		"_meta": list.meta, "notifications": client.ListsChanged,
	}}))
}

// drop forgets a request. It reports whether it was still open.
func (c *child) drop(a *request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, open := c.requests[a.id]
	delete(c.requests, a.id)
	return open
}

// silent answers server/discover in place of a server that does not.
func (c *child) silent(a *request) {
	if c.drop(a) {
		c.refuse(a)
	}
}

func (c *child) refuse(a *request) {
	go func() { // not waited for: it ends when the reader has read, or left
		defer a.stream.Close()
		_, _ = a.stream.Write(event(encode(object{"jsonrpc": "2.0", "id": a.ID, "error": object{
			"code": wire.CodeMethodNotFound, "message": "no answer: taken for a server of an earlier revision",
		}})))
	}()
}

// body is the stream of a request.
type body struct {
	*io.PipeReader
	child   *child
	request *request
	stops   []func() bool
}

// Close cancels the request if it is not answered yet.
func (b *body) Close() error {
	for _, stop := range b.stops {
		stop()
	}
	err := b.PipeReader.Close()
	if !b.child.drop(b.request) || b.request.Method == wire.MethodInitialize || b.request.Method == wire.MethodServerDiscover {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbye) // the request's own context has usually ended
	defer cancel()
	_ = b.child.write(ctx, encode(object{ // only a courtesy: nobody reads the answer
		"jsonrpc": "2.0", "method": wire.NoticeCancelled, "params": object{"requestId": json.RawMessage(b.request.id)},
	}))
	return err
}
