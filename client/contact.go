package client

import (
	"context"
	"errors"
	"net/http"
	"sync"
)

// contact remembers whether the server answers, as the last request showed.
type contact struct {
	mu   sync.Mutex
	lost bool
}

// noteContact takes note of how a request fared, and tells Options.Trouble.
func (c *Client) noteContact(ctx context.Context, res *http.Response, err error) {
	if err != nil && ctx.Err() != nil && !errors.Is(context.Cause(ctx), errSlow) {
		return // we gave up, which says nothing about the server
	}
	if err == nil {
		err = away(res)
	}
	c.contact.mu.Lock()
	defer c.contact.mu.Unlock()
	was := c.contact.lost
	c.contact.lost = err != nil
	if c.opts.Trouble != nil && (was || err != nil) {
		c.opts.Trouble(err)
	}
}

// away returns an error if an answer says that the server cannot serve for the moment.
func away(res *http.Response) error {
	if e := (&Error{HTTP: res.StatusCode, Message: "HTTP " + res.Status}); passes(e) {
		return e
	}
	return nil
}
