package upstream

import (
	"context"
	"strings"

	"github.com/longhaul-mcp/longhaul/wire"
)

// Before 2026-07-28 a program tells of resources in its only session, and often knows only of what was changed through itself. So
// whatever is watched is subscribed to with each program of the server, those of the calls too, and one of them is kept meanwhile.

// vigil is a program that is kept as long as resources are watched with it.
type vigil struct {
	session *session
	child   *child
	watches int // guarded by server.mu
}

// watch is a resource that is watched with the programs of a server.
type watch struct {
	uri  string
	wake chan struct{} // gets one when it has changed
}

// watchPrograms tells when a program says that a resource has changed. It returns when ctx ends, or the program that is kept does.
func (s *server) watchPrograms(ctx context.Context, uri string, changed func()) error {
	v, err := s.holdVigil(ctx)
	if err != nil {
		return err
	}
	defer s.leaveVigil(v)
	w := s.beginWatch(ctx, uri, v.child)
	defer s.endWatch(ctx, w)
	if err := v.child.subscribe(ctx, uri); err != nil {
		return err
	}
	w.signal() // what was missed until now
	for {
		select {
		case <-w.wake:
			changed()
		case <-v.child.done:
			return v.child.err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// holdVigil is the vigil that others keep, or a new one. LeaveVigil gives it back.
func (s *server) holdVigil(ctx context.Context) (*vigil, error) {
	select {
	case s.vigils <- struct{}{}:
		defer func() { <-s.vigils }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if v := s.joinVigil(); v != nil {
		return v, nil
	}
	x, err := s.take(ctx)
	if err != nil {
		return nil, err
	}
	c := x.pipe.current("")
	if c == nil {
		s.give(x, true)
		return nil, errStreamEnded
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.vigil = &vigil{session: x, child: c, watches: 1}
	return s.vigil, nil
}

func (s *server) joinVigil() *vigil {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.vigil == nil || !s.vigil.child.alive() {
		return nil
	}
	s.vigil.watches++
	return s.vigil
}

func (s *server) leaveVigil(v *vigil) {
	s.mu.Lock()
	v.watches--
	last := v.watches == 0
	if last && s.vigil == v {
		s.vigil = nil
	}
	s.mu.Unlock()
	if last {
		s.give(v.session, !v.child.alive())
	}
}

// beginWatch subscribes with all programs but for the one that is kept, which is asked whether it is able to. Those that are started
// later do it when their sessions begin.
func (s *server) beginWatch(ctx context.Context, uri string, kept *child) *watch {
	w := &watch{uri: uri, wake: make(chan struct{}, 1)}
	s.mu.Lock()
	s.watches[w] = true
	s.mu.Unlock()
	s.tellPrograms(ctx, wire.MethodResourcesSubscribe, uri, kept)
	return w
}

// endWatch unsubscribes, unless somebody else watches the same.
func (s *server) endWatch(ctx context.Context, w *watch) {
	s.mu.Lock()
	delete(s.watches, w)
	for other := range s.watches {
		if other.uri == w.uri {
			s.mu.Unlock()
			return
		}
	}
	s.mu.Unlock()
	s.tellPrograms(context.WithoutCancel(ctx), wire.MethodResourcesUnsubscribe, w.uri, nil) // ctx has ended, which is what there is to tell
}

// tellPrograms sends a request about a resource to the programs whose sessions have begun. What they answer changes nothing.
func (s *server) tellPrograms(ctx context.Context, method, uri string, but *child) {
	ctx, cancel := context.WithTimeout(ctx, goodbye)
	defer cancel()
	for _, p := range s.programs() {
		if c := p.current(""); c != nil && c != but && c.hasBegun() {
			_ = c.say(ctx, method, uri) // it has ended, or does not read
		}
	}
}

func (s *server) programs() (pipes []*pipe) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.borrowers {
		pipes = append(pipes, p)
	}
	return pipes
}

// watched are the resources that a program is to tell of.
func (s *server) watched() (uris []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watches {
		uris = append(uris, w.uri)
	}
	return uris
}

// updated wakes whoever watches what a program says has changed. It may be a part of what is watched: of which one the program alone
// knows where the URI does not say so, and then everybody may be concerned.
func (s *server) updated(uri string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := false
	for w := range s.watches {
		if isPart(w.uri, uri) {
			known = true
			w.signal()
		}
	}
	if known {
		return
	}
	for w := range s.watches {
		w.signal()
	}
}

// isPart: a URI is that of a resource or, as far as can be told from it, of a part of that.
func isPart(whole, uri string) bool {
	rest, ok := strings.CutPrefix(uri, whole)
	return ok && (rest == "" || strings.HasSuffix(whole, "/") || strings.ContainsAny(rest[:1], "/?#"))
}

func (w *watch) signal() {
	select {
	case w.wake <- struct{}{}:
	default: // it is about to look
	}
}
