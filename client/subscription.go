package client

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/longhaul-mcp/longhaul/wire"
)

// WatchResource calls changed when the server says that a resource has changed, and once at first, as soon as nothing can be missed any more.
// It returns when ctx ends or the stream does: what happens until the next one is open may be missed. A stream that was silent for long is
// replaced, and changed is called: it may have been quiet or dead, and reading once too often is better than never hearing of a change.
// Before 2026-07-28 it has to be the only watch on its session.
func (c *Client) WatchResource(ctx context.Context, uri string, changed func()) error {
	for {
		quiet, err := c.watchResource(ctx, uri, changed)
		if !quiet {
			return err
		}
	}
}

// watchResource watches by one stream. quiet means that the stream was granted, and then silent for long.
func (c *Client) watchResource(ctx context.Context, uri string, tell func()) (quiet bool, err error) {
	ctx, alive, leave := whileHeard(ctx, quietFor)
	defer leave(nil)
	granted := false
	changed := func() { granted = true; tell() }
	r := &request{
		method: wire.MethodSubscriptionsListen, params: object{"notifications": object{"resourceSubscriptions": []string{uri}}},
		alive: alive,
		notice: func(m message) {
			switch {
			case m.Method == wire.NoticeResourcesUpdated, m.Method == wire.NoticeSubscriptionsAcknowledged && grantsResource(m.Params, uri):
				changed()
			case m.Method == wire.NoticeSubscriptionsAcknowledged:
				leave(ErrNoWatch)
			}
		},
	}
	if c.modern() {
		_, err = c.send(ctx, r)
	} else {
		err = c.watchSession(ctx, r, func() error {
			err := c.subscribe(ctx, wire.MethodResourcesSubscribe, uri)
			if err == nil {
				changed()
			}
			return err
		})
		farewell, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye) // ctx has ended
		defer cancel()
		_ = c.subscribe(farewell, wire.MethodResourcesUnsubscribe, uri) // an error is of no interest: the session is about to be closed
	}
	return granted && errors.Is(context.Cause(ctx), errSilence), watched(ctx, err)
}

func (c *Client) subscribe(ctx context.Context, method, uri string) error {
	_, err := c.send(ctx, &request{method: method, params: object{"uri": uri}, limit: quick})
	return err
}

func grantsResource(params json.RawMessage, uri string) bool {
	var granted struct {
		Notifications struct {
			URIs []string `json:"resourceSubscriptions"`
		} `json:"notifications"`
	}
	return json.Unmarshal(params, &granted) == nil && slices.Contains(granted.Notifications.URIs, uri)
}
