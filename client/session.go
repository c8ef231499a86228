package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/longhaul-mcp/longhaul/wire"
)

// goodbye is how long we try to tell a server that we are leaving.
const goodbye = 5 * time.Second

func (c *Client) sessionID() string {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	return c.session.id
}

func (c *Client) keepSession(id string) {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	c.session.id = id
}

// reopenSession opens a session in place of one that the server forgot, unless somebody already has.
func (c *Client) reopenSession(ctx context.Context, lost string) error {
	c.session.reopening.Lock()
	defer c.session.reopening.Unlock()
	if c.sessionID() != lost {
		return nil
	}
	c.keepSession("")
	return c.initialize(ctx, c.Server().Revision)
}

// deliver sends the answer to a request of the server until it has arrived. In a session that was opened anew it counts where the server
// knows what it is about.
func (c *Client) deliver(ctx context.Context, reply object) error {
	b := backoff{patience: c.opts.Patience}
	for {
		session := c.sessionID()
		err := c.tell(ctx, reply)
		if e, ok := errors.AsType[*Error](err); ok && e.HTTP == http.StatusNotFound && session != "" {
			if err = c.reopenSession(ctx, session); err == nil {
				err = c.tell(ctx, reply)
			}
		}
		if err == nil || !passes(err) || ctx.Err() != nil {
			return err
		}
		if err := b.wait(ctx, err); err != nil {
			return err
		}
	}
}

// endSession tells the server that the session is over. Whether it hears that does not matter.
func (c *Client) endSession() {
	id := c.sessionID()
	if id == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbye) // Close has no context
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, c.url, nil)
	if err != nil {
		return
	}
	if res, err := c.do(req, c.sessionHeader(id)); err == nil {
		_ = res.Body.Close()
	}
	c.keepSession("")
}

func (c *Client) sessionHeader(id string) http.Header {
	h := make(http.Header)
	h.Set(wire.HeaderVersion, c.Server().Revision)
	if id != "" {
		h.Set(wire.HeaderSession, id)
	}
	return h
}

// notify sends a notification.
func (c *Client) notify(ctx context.Context, method string, params object) error {
	m := object{"jsonrpc": "2.0", "method": method}
	if params != nil {
		m["params"] = params
	}
	return c.tell(ctx, m)
}

// tell sends a message that has no answer.
func (c *Client) tell(ctx context.Context, m object) error {
	ctx, cancel := context.WithTimeoutCause(ctx, quick, errSlow)
	defer cancel()
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	res, err := c.post(ctx, body, c.sessionHeader(c.sessionID()))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%v: %w", m["method"], &Error{HTTP: res.StatusCode, Message: "HTTP " + res.Status, after: after(res)})
	}
	return nil
}
