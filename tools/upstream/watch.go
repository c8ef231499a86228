package upstream

import (
	"context"
	"errors"
	"sync"

	"github.com/longhaul-mcp/longhaul/wire"
)

// maxWatched bounds how many resources of a server this worker watches: each takes a session of its own, unless they share a program.
const maxWatched = 64

// watches are the resources of a server that this worker watches.
type watches struct {
	places    chan struct{} // one for each watch
	beginning chan struct{} // held while a vigil is begun

	mu    sync.Mutex
	vigil *vigil          // nil: none
	list  map[*watch]bool // those of programs before 2026-07-28
}

func newWatches() watches {
	return watches{places: make(chan struct{}, maxWatched), beginning: make(chan struct{}, 1), list: make(map[*watch]bool)}
}

var (
	errTooManyWatched = errors.New("too many of its resources are watched already")
	errStreamEnded    = errors.New("its stream of changes ended")
)

// tells reports that the server tells when a resource changes.
func (s *server) tells(l *listing) bool { return l.about.Subscribes && s.hasResources(l) }

// watchResource is the server's tasks.Source.Watch.
func (s *server) watchResource(ctx context.Context, uri string, changed func()) error {
	name, err := s.inward(wire.MethodResourcesRead, members{"uri": encode(uri)})
	if err != nil {
		return err
	}
	select {
	case s.watches.places <- struct{}{}:
		defer func() { <-s.watches.places }()
	default:
		return &Error{Server: s.Name, Err: errTooManyWatched}
	}
	s.calls.enter()
	defer s.calls.leave()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() { // ends with this function
		select {
		case <-s.retiring:
			stop(errStreamEnded)
		case <-ctx.Done():
		}
	}()
	if s.URL != "" || s.shares() {
		err = s.watchAlone(ctx, name, changed)
	} else {
		err = s.watchPrograms(ctx, name, changed)
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil: // the server closed the stream, as at a restart
		err = errStreamEnded
	}
	return s.refusal(ctx, err)
}

// watchAlone watches in a session of its own.
func (s *server) watchAlone(ctx context.Context, uri string, changed func()) error {
	x, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer s.sessions.discard(x)
	return x.client.WatchResource(ctx, uri, changed)
}
