package upstream

import (
	"context"
	"strings"

	"github.com/longhaul-mcp/longhaul/wire"
)

// Before 2026-07-28 a program tells of resources in its only session, and often knows only of changes that were made through itself. So each
// watched resource is subscribed to with every program of the server, those that serve calls too, and one program is kept running for it.

// vigil is the program that is kept running while resources are watched.
type vigil struct {
	session *session
	child   *child
	watches int // guarded by watches.mu
}

// watch is one resource that is watched with the programs of a server.
type watch struct {
	uri  string
	wake chan struct{} // gets one when it has changed
}

// watchPrograms calls changed when a program says that a resource has changed. It returns when ctx ends, or when the program that is kept does.
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
	w.signal() // it may have changed before
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

// holdVigil joins the vigil that there is, or begins one. leaveVigil ends that.
func (s *server) holdVigil(ctx context.Context) (*vigil, error) {
	select {
	case s.watches.beginning <- struct{}{}:
		defer func() { <-s.watches.beginning }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if v := s.watches.joinVigil(); v != nil {
		return v, nil
	}
	x, err := s.take(ctx)
	if err != nil {
		return nil, err
	}
	c := x.pipe.current("")
	if c == nil {
		s.sessions.give(x, true)
		return nil, errStreamEnded
	}
	return s.watches.beginVigil(x, c), nil
}

func (w *watches) beginVigil(x *session, c *child) *vigil {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.vigil = &vigil{session: x, child: c, watches: 1}
	return w.vigil
}

func (w *watches) joinVigil() *vigil {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.vigil == nil || !w.vigil.child.alive() {
		return nil
	}
	w.vigil.watches++
	return w.vigil
}

func (s *server) leaveVigil(v *vigil) {
	if s.watches.leaveVigil(v) {
		s.sessions.give(v.session, !v.child.alive())
	}
}

func (w *watches) leaveVigil(v *vigil) (last bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v.watches--
	last = v.watches == 0
	if last && w.vigil == v {
		w.vigil = nil
	}
	return last
}

// beginWatch subscribes with all programs except the one that is kept: that one is subscribed with by watchPrograms, which needs its answer.
// Programs that are started later are subscribed with when their sessions begin (child.begin).
func (s *server) beginWatch(ctx context.Context, uri string, kept *child) *watch {
	w := &watch{uri: uri, wake: make(chan struct{}, 1)}
	s.watches.add(w)
	s.tellPrograms(ctx, wire.MethodResourcesSubscribe, uri, kept)
	return w
}

// endWatch unsubscribes, unless another watch has the same resource.
func (s *server) endWatch(ctx context.Context, w *watch) {
	if s.watches.remove(w) {
		s.tellPrograms(context.WithoutCancel(ctx), wire.MethodResourcesUnsubscribe, w.uri, nil) // ctx has usually ended
	}
}

func (w *watches) add(one *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list[one] = true
}

// remove reports whether it was the last watch of its resource.
func (w *watches) remove(one *watch) (last bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.list, one)
	for other := range w.list {
		if other.uri == one.uri {
			return false
		}
	}
	return true
}

// tellPrograms sends a request about a resource to all programs whose sessions have begun, except one. Their answers change nothing.
func (s *server) tellPrograms(ctx context.Context, method, uri string, but *child) {
	ctx, cancel := context.WithTimeout(ctx, goodbye)
	defer cancel()
	for _, p := range s.sessions.programs() {
		if c := p.current(""); c != nil && c != but && c.hasBegun() {
			_ = c.say(ctx, method, uri) // on an error it has ended, or does not read
		}
	}
}

// uris returns the resources that a new program has to be subscribed with.
func (w *watches) uris() (uris []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one := range w.list {
		uris = append(uris, one.uri)
	}
	return uris
}

// updated wakes the watches of a resource that a program says has changed. The URI may be that of a part of a watched resource; where it does
// not show of which one, every watch may be concerned.
func (w *watches) updated(uri string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := false
	for one := range w.list {
		if isPart(one.uri, uri) {
			known = true
			one.signal()
		}
	}
	if known {
		return
	}
	for one := range w.list {
		one.signal()
	}
}

// isPart reports that a URI is that of the whole or, as far as its text shows, of a part of it.
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
