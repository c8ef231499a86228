package upstream

import (
	"context"
	"time"
)

// State is how a server does, as far as it is known: it is not asked for its own sake.
type State string

// The states of a server.
const (
	Starting State = "starting" // nothing is known: it has not answered yet
	Up       State = "up"       // it answered when it was last used
	Down     State = "down"     // it did not
)

// Health is how a server does.
type Health struct {
	Server        string
	State         State
	Since         time.Time // when it came to be in this state
	Name, Version string    // of itself; empty: it has not answered yet
	Revision      string    // of the protocol that is spoken with it; empty: the same
	Tools         int       // that are relayed
	Calls         int       // that run, with what is asked beside them
	Err           error     // why calls fail; nil: nothing is known against it
	Warnings      string    // what is wrong with what it lists, or with what is said of that, in lines; empty: nothing
}

// Health is how the servers do, in the order of the options.
func (h *Hub) Health() []Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]Health, len(h.servers))
	for i, s := range h.servers {
		s.mu.Lock()
		list[i] = Health{
			Server: s.Name, State: s.state, Since: s.since, Name: s.about.Name, Version: s.about.Version, Revision: s.about.Revision,
			Tools: len(s.offers), Calls: s.calls, Err: s.breaker.status(), Warnings: s.told,
		}
		s.mu.Unlock()
	}
	return list
}

// Changed signals when the state of a server has changed, or which servers there are. One listener hears it.
func (h *Hub) Changed() <-chan struct{} { return h.changed }

func (h *Hub) tell() {
	select {
	case h.changed <- struct{}{}:
	default:
	}
}

// heed looks how the server does, and tells when that is another state than before.
func (s *server) heed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := Up
	switch {
	case s.breaker.status() != nil:
		state = Down
	case s.about.Revision == "":
		state = Starting
	}
	if state != s.state {
		s.state, s.since = state, time.Now()
		s.hub.tell()
	}
}

// judge tells the server's breaker what came of using it.
func (s *server) judge(ctx context.Context, err error) {
	defer s.heed()
	switch {
	case broken(err):
		s.breaker.failed(reason(err))
	case err == nil || ctx.Err() == nil:
		if s.breaker.served() {
			s.poke() // it was away: it may be another version now
		}
	}
}
