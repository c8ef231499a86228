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
	watches int // guarded by watches.mu
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

// beginWatch subscribes with all programs but for the one that is kept, which is asked whether it is able to. Those that are started
// later do it when their sessions begin.
func (s *server) beginWatch(ctx context.Context, uri string, kept *child) *watch {
	w := &watch{uri: uri, wake: make(chan struct{}, 1)}
	s.watches.add(w)
	s.tellPrograms(ctx, wire.MethodResourcesSubscribe, uri, kept)
	return w
}

// endWatch unsubscribes, unless somebody else watches the same.
func (s *server) endWatch(ctx context.Context, w *watch) {
	if s.watches.remove(w) {
		s.tellPrograms(context.WithoutCancel(ctx), wire.MethodResourcesUnsubscribe, w.uri, nil) // ctx has ended, which is what there is to tell
	}
}

func (w *watches) add(one *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list[one] = true
}

// remove reports whether it was the last of its resource.
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

// tellPrograms sends a request about a resource to the programs whose sessions have begun. What they answer changes nothing.
func (s *server) tellPrograms(ctx context.Context, method, uri string, but *child) {
	ctx, cancel := context.WithTimeout(ctx, goodbye)
	defer cancel()
	for _, p := range s.sessions.programs() {
		if c := p.current(""); c != nil && c != but && c.hasBegun() {
			_ = c.say(ctx, method, uri) // it has ended, or does not read
		}
	}
}

// uris are the resources that a program is to tell of.
func (w *watches) uris() (uris []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one := range w.list {
		uris = append(uris, one.uri)
	}
	return uris
}

// updated wakes whoever watches what a program says has changed. It may be a part of what is watched: of which one the program alone
// knows where the URI does not say so, and then everybody may be concerned.
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
