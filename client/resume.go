package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// resumable reports that the rest of the stream can be asked for: earlier revisions let a client do so by the last event's id.
func (x *exchange) resumable(ctx context.Context, err error) bool {
	_, broken := errors.AsType[*brokenError](err)
	return broken && ctx.Err() == nil && !x.client.modern() && x.stream.lastID != ""
}

// resume opens the stream again behind the last event that came. If it cannot, the error does not wrap the server's: that might say that the
// request was not served, and it was.
func (x *exchange) resume(ctx context.Context, cut error) error {
	err := x.comeBack(ctx, cut)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return x.broken(fmt.Errorf("the stream broke, and cannot be resumed: %s", err.Error()))
}

// comeBack reopens the stream. A server that cuts it again and again without sending anything is given up like one that is away.
func (x *exchange) comeBack(ctx context.Context, cut error) error {
	last, retry := x.stream.lastID, x.stream.retry
	x.stream.close() // some servers allow one connection for a stream
	if last != x.resumedAt {
		x.resumedAt, x.patience = last, backoff{patience: x.client.opts.Patience}
	} else if err := x.patience.wait(ctx, cut); err != nil {
		return err
	}
	if err := sleep(ctx, min(retry, maxPoll)); err != nil {
		return err
	}
	for {
		err := x.reopen(ctx, last)
		if err == nil || !passes(err) && !occupied(err) || ctx.Err() != nil {
			return err
		}
		if err := x.patience.wait(ctx, err); err != nil {
			return err
		}
	}
}

func (x *exchange) reopen(ctx context.Context, last string) error {
	s, err := x.client.openStream(ctx, x.session, last)
	if err != nil {
		return err
	}
	s.alive = x.stream.alive
	x.stream = s
	return nil
}

// occupied reports that the server has not noticed yet that the connection before is gone.
func occupied(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.HTTP == http.StatusConflict
}

// openStream opens a stream of a session: the rest of a request's stream after the event last, or, if last is empty, the session's own.
func (c *Client) openStream(ctx context.Context, session, last string) (*stream, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url, nil)
	if err != nil {
		return nil, err
	}
	header := c.sessionHeader(session)
	if last != "" {
		header.Set("Last-Event-ID", last)
	}
	res, err := c.do(req, header) //nolint:bodyclose // whoever reads the stream closes it
	if err != nil {
		return nil, err
	}
	s := newStream(res, c.opts.MaxBody)
	s.lastID = last
	if s.events && res.StatusCode == http.StatusOK {
		return s, nil
	}
	defer s.close()
	if _, err = s.only(); err == nil {
		err = &Error{HTTP: res.StatusCode, Message: "HTTP " + res.Status + " instead of a stream"}
	}
	return nil, err
}
