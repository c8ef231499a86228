package upstream

import (
	"context"
	"log/slog"
	"net/http"
)

// server is one of the servers: its description, its health, what it has, and what is open to it. Each part has its own lock; only retire
// spans two of them, so that a retired server registers nothing more.
type server struct {
	Server
	hub  *Hub
	log  *slog.Logger
	http *http.Client // of a server with a URL
	rank int          // its place in the list of servers; guarded by owners.mu

	standing  standing      // its health
	breaker   breaker       // whether it may be called at all
	offering  offering      // what it has
	calls     calls         // those that run
	sessions  sessions      // those that are open
	inquirers inquirers     // the sessions that carry inquiries
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

// retire begins the end of a server that is no longer configured: no more tools are listed, and what is open to it is closed once its
// running calls have ended.
func (s *server) retire() {
	s.offering.registering.Lock()
	defer s.offering.registering.Unlock()
	s.sessions.retire()
	close(s.retiring)
}

// finish closes what no call uses, and waits for the running calls as long as ctx lasts.
func (s *server) finish(ctx context.Context) {
	s.sessions.drain()
	s.calls.wait(ctx)
}

// close closes all sessions and ends programs, whatever they are doing; with forGood none is started again.
func (s *server) close(forGood bool) {
	s.sessions.close(forGood)
	if s.http != nil {
		s.http.CloseIdleConnections()
	}
}
