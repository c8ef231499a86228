package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/wire"
)

// subscription is something whose changes a server tells of: from 2026-07-28 on in answer to subscriptions/listen, before on the session's own
// stream.
type subscription struct {
	filter object                       // what subscriptions/listen asks for
	grants func(a acknowledgement) bool // whether the server grants it
	tells  func(method string) bool     // whether a notification tells of a change
	uri    string                       // what to subscribe to before 2026-07-28; empty: servers tell of it without
	quiet  time.Duration                // how long its stream may be silent
}

// acknowledgement is what a server grants of what subscriptions/listen asked for.
type acknowledgement struct {
	Tools     bool     `json:"toolsListChanged"`
	Resources bool     `json:"resourcesListChanged"`
	Prompts   bool     `json:"promptsListChanged"`
	TaskIDs   []string `json:"taskIds"`
	URIs      []string `json:"resourceSubscriptions"`
}

func readAcknowledgement(params json.RawMessage) acknowledgement {
	var p struct {
		Notifications acknowledgement `json:"notifications"`
	}
	_ = json.Unmarshal(params, &p) // what cannot be read is not granted
	return p.Notifications
}

// hear watches on one stream. It calls changed at each change, and once at first, as soon as nothing can be missed any more. It returns when ctx
// ends, or the stream does; silent means that the stream had been granted, and then nothing came on it for too long.
func (c *Client) hear(ctx context.Context, s *subscription, changed func()) (silent bool, err error) {
	ctx, alive, leave := whileHeard(ctx, s.quiet)
	defer leave(nil)
	granted := false
	told := func() { granted = true; changed() }
	r := &request{
		method: wire.MethodSubscriptionsListen, params: object{"notifications": s.filter}, alive: alive,
		notice: func(m message) {
			acknowledged := m.Method == wire.NoticeSubscriptionsAcknowledged
			switch {
			case s.tells(m.Method), acknowledged && s.grants(readAcknowledgement(m.Params)):
				told()
			case acknowledged:
				leave(ErrNoWatch)
			}
		},
	}
	if c.modern() {
		_, err = c.send(ctx, r)
	} else {
		err = c.hearSession(ctx, s, r, told)
	}
	return granted && errors.Is(context.Cause(ctx), errSilence), watched(ctx, err)
}

// hearSession is hear before 2026-07-28.
func (c *Client) hearSession(ctx context.Context, s *subscription, r *request, told func()) error {
	if s.uri != "" {
		defer c.unsubscribe(ctx, s.uri)
	}
	return c.readSession(ctx, r, func() error {
		if s.uri != "" {
			if err := c.subscribe(ctx, wire.MethodResourcesSubscribe, s.uri); err != nil {
				return err
			}
		}
		told()
		return nil
	})
}

func (c *Client) subscribe(ctx context.Context, method, uri string) error {
	_, err := c.send(ctx, &request{method: method, params: object{"uri": uri}, limit: quick})
	return err
}

func (c *Client) unsubscribe(ctx context.Context, uri string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye) // ctx has ended
	defer cancel()
	_ = c.subscribe(ctx, wire.MethodResourcesUnsubscribe, uri) // an error is of no interest: the session is about to be closed
}

// readSession reads the session's own stream, the one of no request, as earlier revisions have it. It calls begin once that is open.
func (c *Client) readSession(ctx context.Context, r *request, begin func() error) error {
	s, err := c.openStream(ctx, c.sessionID(), "")
	if err != nil {
		return err
	}
	defer s.close()
	asks := newAsking(ctx, c, nil)
	defer asks.end()
	s.alive = r.alive
	if err := begin(); err != nil {
		return err
	}
	for {
		m, err := s.next()
		switch {
		case err != nil:
			return err
		case m.Method != "" && len(m.ID) > 0:
			asks.take(m, false)
		default:
			r.notice(m)
		}
	}
}

// watched returns how a watch ended: with its context, or with an error. Nil: the stream ended.
func watched(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errSilence): // a dead stream looks like a quiet one
		return nil
	case cause != nil:
		return cause
	case hasCode(err, wire.CodeMethodNotFound, wire.CodeInvalidParams), hasHTTP(err, http.StatusMethodNotAllowed, http.StatusNotFound):
		return errors.Join(ErrNoWatch, err)
	}
	return err
}

func hasHTTP(err error, statuses ...int) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.Contains(statuses, e.HTTP)
}
