package client

import (
	"context"
	"errors"
	"net/http"
)

// resumable: earlier revisions let a client come back for the rest of a stream by the last event's id.
func (x *exchange) resumable(ctx context.Context, err error) bool {
	_, broken := errors.AsType[*brokenError](err)
	return broken && ctx.Err() == nil && !x.client.modern() && x.stream.lastID != ""
}

// resume opens the stream again behind the last event that came.
func (x *exchange) resume(ctx context.Context) error {
	b := backoff{patience: x.client.opts.Patience}
	last := x.stream.lastID
	if err := sleep(ctx, x.stream.retry); err != nil {
		return err
	}
	for {
		err := x.reopen(ctx, last)
		if err == nil || !passes(err) || ctx.Err() != nil {
			return err
		}
		if err := b.wait(ctx, err); err != nil {
			return err
		}
	}
}

func (x *exchange) reopen(ctx context.Context, last string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, x.client.url, nil)
	if err != nil {
		return err
	}
	header := x.client.sessionHeader(x.session)
	header.Set("Last-Event-ID", last)
	res, err := x.client.do(req, header) //nolint:bodyclose // the stream is closed with the exchange
	if err != nil {
		return err
	}
	s := newStream(res, x.client.opts.MaxBody)
	if !s.events {
		defer s.close()
		_, err := s.only()
		if err == nil {
			err = &Error{HTTP: res.StatusCode, Message: "HTTP " + res.Status + " instead of the rest of a stream"}
		}
		return err
	}
	x.stream.close()
	s.lastID, s.alive = last, x.stream.alive
	x.stream = s
	return nil
}
