package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/wire"
)

// begin marks the session as begun and subscribes to what is watched, before the program gets anything else to do.
func (c *child) begin(ctx context.Context, watched func() []string) {
	c.mu.Lock()
	c.begun = true // from now on tellPrograms tells it of new watches
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, goodbye)
	defer cancel()
	for _, uri := range watched() {
		_ = c.subscribe(ctx, uri) // if it cannot, the watch still has the program that is kept
	}
}

func (c *child) hasBegun() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.begun
}

// maxAcknowledged bounds the answer to a subscription, which is nothing or an error.
const maxAcknowledged = 1 << 20

// subscribe has the program tell of a resource. A *client.Error is the program's own refusal.
func (c *child) subscribe(ctx context.Context, uri string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, askTime, errSlow)
	defer cancel()
	body, err := c.request(ctx, &line{Method: wire.MethodResourcesSubscribe, object: members{
		"jsonrpc": encode("2.0"), "method": encode(wire.MethodResourcesSubscribe), "params": encode(object{"uri": uri}),
	}})
	if err != nil {
		return err
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, maxAcknowledged))
	if err != nil {
		return err
	}
	var answer struct{ Error *client.Error }
	if err := json.Unmarshal(bytes.TrimPrefix(raw, []byte("data: ")), &answer); err != nil || answer.Error == nil {
		return err
	}
	return answer.Error
}

// say sends a request whose answer does not matter.
func (c *child) say(ctx context.Context, method, uri string) error {
	c.mu.Lock()
	c.lastID++
	id := c.lastID
	c.mu.Unlock()
	return c.write(ctx, encode(object{"jsonrpc": "2.0", "id": id, "method": method, "params": object{"uri": uri}}))
}
