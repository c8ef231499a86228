package upstream

import (
	"context"
	"errors"

	"github.com/longhaul-mcp/longhaul/wire"
)

// maxWatched bounds how many resources of a server are watched from here: each takes a session of its own.
const maxWatched = 64

var (
	errTooManyWatched = errors.New("too many of its resources are watched already")
	errStreamEnded    = errors.New("its stream of changes ended")
)

// tells: the server tells when a resource changes. A program of an earlier revision, which serves one session, would be started once for
// each resource.
func (s *server) tells(l *listing) bool {
	return l.about.Subscribes && s.hasResources(l) && (s.URL != "" || l.about.Revision >= wire.V20260728)
}

// watchResource is tasks.Source.Watch of a server.
func (s *server) watchResource(ctx context.Context, uri string, changed func()) error {
	name, err := s.inward(methodRead, members{"uri": encode(uri)})
	if err != nil {
		return err
	}
	select {
	case s.watching <- struct{}{}:
		defer func() { <-s.watching }()
	default:
		return &Error{Server: s.Name, Err: errTooManyWatched}
	}
	s.enter()
	defer s.leave()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() { // ends with this function
		select {
		case <-s.retiring:
			stop(errStreamEnded)
		case <-ctx.Done():
		}
	}()
	x, err := s.open(ctx)
	if err == nil {
		err = x.client.WatchResource(ctx, name, changed)
		s.discard(x)
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil: // it is quiet, or restarts
		err = errStreamEnded
	}
	return s.refusal(ctx, err)
}
