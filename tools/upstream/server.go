package upstream

import (
	"context"
	"log/slog"
	"net/http"
)

// server is one of the servers: what is said of it, how it does, what it has, and what is open to it. Each part locks for itself;
// only retire spans two of them: what is retired registers nothing more.
type server struct {
	Server
	hub  *Hub
	log  *slog.Logger
	http *http.Client // of a server with a URL
	rank int          // among the servers; guarded by owners.mu

	standing  standing      // how it does
	breaker   breaker       // whether it is called at all
	offering  offering      // what it has
	calls     calls         // that run
	sessions  sessions      // that are open to it
	inquirers inquirers     // those of them that carry what is asked beside calls
	watches   watches       // of its resources
	retiring  chan struct{} // closed by retire
}

func newServer(h *Hub, config Server, rank int) *server {
	s := &server{
		Server: config, rank: rank, hub: h, log: h.opts.Logger.With("upstream", config.Name),
		standing: newStanding(), offering: newOffering(), sessions: newSessions(config.Sessions),
		inquirers: inquirers{places: make(chan struct{}, maxInquiries)}, watches: newWatches(),
		calls: calls{ended: make(chan struct{}, 1)}, retiring: make(chan struct{}),
	}
	if s.URL != "" {
		s.http = newHTTP(config)
	}
	return s
}

// retire ends what is open to the server when the calls that run have ended. It lists no more tools.
func (s *server) retire() {
	s.offering.registering.Lock()
	defer s.offering.registering.Unlock()
	s.sessions.retire()
	close(s.retiring)
}

// finish closes what no call uses, and waits for the calls that run, as long as ctx lasts.
func (s *server) finish(ctx context.Context) {
	s.sessions.drain()
	s.calls.wait(ctx)
}

// close closes all sessions, and ends programs whatever they are doing. For good: so that none is started again.
func (s *server) close(forGood bool) {
	s.sessions.close(forGood)
	if s.http != nil {
		s.http.CloseIdleConnections()
	}
}
