package upstream

import (
	"context"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
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
		list[i] = s.health()
	}
	return list
}

func (s *server) health() Health {
	about, state, since := s.standing.now()
	tools, warnings := s.offering.summary()
	return Health{
		Server: s.Name, State: state, Since: since, Name: about.Name, Version: about.Version, Revision: about.Revision,
		Tools: tools, Calls: s.calls.count(), Err: s.breaker.status(), Warnings: warnings,
	}
}

// Changed signals when the state of a server has changed, or which servers there are. One listener hears it.
func (h *Hub) Changed() <-chan struct{} { return h.changed }

func (h *Hub) tell() {
	select {
	case h.changed <- struct{}{}:
	default:
	}
}

// standing is how a server does, and what it last said of itself.
type standing struct {
	fell chan struct{} // gets one when it has gone down

	mu    sync.Mutex
	about client.Server
	state State
	since time.Time // it is in this state
}

func newStanding() standing {
	return standing{fell: make(chan struct{}, 1), state: Starting, since: time.Now()}
}

func (st *standing) now() (about client.Server, state State, since time.Time) {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.about, st.state, st.since
}

// introduce takes note of what the server says of itself.
func (st *standing) introduce(about client.Server) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.about = about
}

func (st *standing) revision() string {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.about.Revision
}

// heed looks how the server does, and tells when that is another state than before. One that has gone down is looked at until it is back:
// nobody may call it for long.
func (s *server) heed() {
	st := &s.standing
	st.mu.Lock()
	defer st.mu.Unlock()
	state := Up
	switch {
	case s.breaker.status() != nil:
		state = Down
	case st.about.Revision == "":
		state = Starting
	}
	if state == st.state {
		return
	}
	st.state, st.since = state, time.Now()
	s.hub.tell()
	if state == Down {
		select {
		case st.fell <- struct{}{}:
		default:
		}
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
			s.offering.poke() // it was away: it may be another version now
		}
	}
}
