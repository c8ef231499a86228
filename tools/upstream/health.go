package upstream

import (
	"context"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
)

// State is the health of a server as far as its use shows it: it is never asked just for that.
type State string

// The states of a server.
const (
	Starting State = "starting" // nothing is known: it has not answered yet
	Up       State = "up"       // it answered when it was last used
	Down     State = "down"     // it did not
)

// Health is what is known of a server's health.
type Health struct {
	Server        string
	State         State
	Since         time.Time // when it came to be in this state
	Name, Version string    // as it says itself; empty: it has not answered yet
	Revision      string    // of the protocol that is spoken with it; empty: it has not answered yet
	Tools         int       // how many are relayed
	Calls         int       // how many run, inquiries and watches included
	Err           error     // why calls fail; nil: as far as is known they do not
	Warnings      string    // what is wrong with its lists, or with what the configuration says of them, a line each; empty: nothing
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

// standing is a server's state, and what it last said of itself.
type standing struct {
	fell chan struct{} // gets one when the server has gone down

	mu    sync.Mutex
	about client.Server
	state State
	since time.Time // when it came to this state
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

// updateState works out the server's state, and tells the hub if it has changed. A server that has gone down is then asked until it is back
// (keepList), since it may be long before somebody calls it.
func (s *server) updateState() {
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

// noteOutcome tells the server's breaker whether using it worked.
func (s *server) noteOutcome(ctx context.Context, err error) {
	defer s.updateState()
	switch {
	case broken(err):
		s.breaker.failed(reason(err))
	case err == nil || ctx.Err() == nil:
		if s.breaker.served() {
			s.offering.poke() // after an outage it may be another version
		}
	}
}
