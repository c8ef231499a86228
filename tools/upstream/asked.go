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

// asked is a request that the program has not answered.
type asked struct {
	*line
	id     string // that the program knows
	stream *io.PipeWriter
}

// request writes a request under an id of our own: several clients may share the program.
func (c *child) request(ctx context.Context, m *line) (io.ReadCloser, error) {
	r, w := io.Pipe()
	a := &asked{line: m, stream: w}
	c.mu.Lock()
	c.lastID++
	a.id = strconv.Itoa(c.lastID)
	c.requests[a.id] = a
	c.mu.Unlock()
	if !c.alive() { // before it was entered nobody could close its stream
		c.drop(a)
		return nil, c.err
	}
	if err := c.write(ctx, m.with(json.RawMessage(a.id))); err != nil {
		c.drop(a)
		return nil, err
	}
	if m.Method == wire.MethodToolsList && m.meta[wire.MetaVersion] != nil {
		c.listen(ctx, m)
	}
	b := &body{PipeReader: r, child: c, asked: a}
	b.stops = append(b.stops, context.AfterFunc(ctx, func() { _ = w.CloseWithError(context.Cause(ctx)) }))
	if m.Method == wire.MethodServerDiscover {
		b.stops = append(b.stops, time.AfterFunc(unheard, func() { c.silent(a) }).Stop)
	}
	return b, nil
}

// listen asks a program of 2026-07-28, once, to tell when its lists change: it does not by itself. What it answers is of no interest.
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
func (c *child) drop(a *asked) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, open := c.requests[a.id]
	delete(c.requests, a.id)
	return open
}

// silent answers server/discover for a server that does not.
func (c *child) silent(a *asked) {
	if c.drop(a) {
		c.refuse(a)
	}
}

func (c *child) refuse(a *asked) {
	go func() { // not waited for: it ends when the reader reads, or leaves
		defer a.stream.Close()
		_, _ = a.stream.Write(event(encode(object{"jsonrpc": "2.0", "id": a.ID, "error": object{
			"code": wire.CodeMethodNotFound, "message": "no answer: taken for a server of an earlier revision",
		}})))
	}()
}

// body is the stream of a request.
type body struct {
	*io.PipeReader
	child *child
	asked *asked
	stops []func() bool
}

// Close gives the request up, if it is not answered yet.
func (b *body) Close() error {
	for _, stop := range b.stops {
		stop()
	}
	err := b.PipeReader.Close()
	if !b.child.drop(b.asked) || b.asked.Method == wire.MethodInitialize || b.asked.Method == wire.MethodServerDiscover {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbye) // the request's has usually ended
	defer cancel()
	_ = b.child.write(ctx, encode(object{ // a server that does not read it finds out by itself
		"jsonrpc": "2.0", "method": wire.NoticeCancelled, "params": object{"requestId": json.RawMessage(b.asked.id)},
	}))
	return err
}

type object = map[string]any

// take passes on a line to whom it belongs.
func (c *child) take(raw []byte) {
	m, err := readLine(raw)
	if err != nil {
		return // some programs print other things too
	}
	switch {
	case m.Method == "":
		c.answered(m)
	case m.Method == wire.MethodPing && m.ID != nil:
		c.reply(object{"jsonrpc": "2.0", "id": m.ID, "result": object{}})
	case client.TellsOfLists(m.Method):
		c.pipe.heard()
	case m.Method == wire.NoticeResourcesUpdated && m.about == "":
		c.pipe.updated(m.uri)
	default:
		c.deliver(m, raw)
	}
}

func (c *child) answered(m *line) {
	c.mu.Lock()
	a := c.requests[string(m.ID)]
	delete(c.requests, string(m.ID))
	c.mu.Unlock()
	if a == nil {
		return // it was given up
	}
	_, _ = a.stream.Write(event(m.with(a.ID))) // its reader may have left
	_ = a.stream.Close()
}

// deliver passes on a notification or a request of the server to the call that it belongs to.
func (c *child) deliver(m *line, raw []byte) {
	if a := c.owner(m); a != nil {
		_, _ = a.stream.Write(event(raw))
		return
	}
	if m.ID != nil {
		c.reply(object{"jsonrpc": "2.0", "id": m.ID, "error": object{"code": wire.CodeMethodNotFound, "message": "no call is being made"}})
	}
}

// owner is the request that a message belongs to: by what it says itself, else the one call that is being made. Several of them, which
// share a program only from 2026-07-28 on, are not guessed between.
func (c *child) owner(m *line) *asked {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.about != "" {
		return c.requests[m.about]
	}
	var calls, results []*asked
	for _, a := range c.requests {
		switch {
		case m.token != "" && a.token == m.token:
			return a
		case a.Method == wire.MethodToolsCall:
			calls = append(calls, a)
		case a.Method == wire.MethodTasksResult:
			results = append(results, a)
		}
	}
	if m.token != "" {
		return nil
	}
	for _, list := range [][]*asked{results, calls} {
		if len(list) == 1 {
			return list[0]
		}
	}
	return nil
}

// reply answers the server without waiting: who reads must not wait for a program that does not.
func (c *child) reply(v any) {
	message := encode(v)
	c.workers.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), goodbye)
		defer cancel()
		_ = c.write(ctx, message) // it has ended, or will ask again
	})
}
