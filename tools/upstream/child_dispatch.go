package upstream

import (
	"context"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/wire"
)

// take passes a line on to whom it is for.
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

// deliver passes a notification or a request of the server on to the call that it belongs to.
func (c *child) deliver(m *line, raw []byte) {
	if a := c.owner(m); a != nil {
		_, _ = a.stream.Write(event(raw))
		return
	}
	if m.ID != nil {
		c.reply(object{"jsonrpc": "2.0", "id": m.ID, "error": object{"code": wire.CodeMethodNotFound, "message": "no call is being made"}})
	}
}

// owner returns the request that a message belongs to: the one that it names, else the only call that is being made. If there are several,
// which share a program only from 2026-07-28 on, it does not guess.
func (c *child) owner(m *line) *request {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.about != "" {
		return c.requests[m.about]
	}
	var calls, results []*request
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
	for _, list := range [][]*request{results, calls} {
		if len(list) == 1 {
			return list[0]
		}
	}
	return nil
}

// reply answers the server without waiting: our reading must not wait for a program that does not read.
func (c *child) reply(v any) {
	message := encode(v)
	c.workers.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), goodbye)
		defer cancel()
		_ = c.write(ctx, message) // on an error it has ended, or will ask again
	})
}
