package upstream

import (
	"crypto/sha256"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
)

// server is one of the servers: what is said of it, with the sessions that are open to it.
type server struct {
	Server
	rank      int // among the servers; guarded by owners.mu
	hub       *Hub
	start     Start
	http      *http.Client // of a server with a URL
	breaker   breaker
	inquirers inquirers
	slots     chan struct{} // one for each session that is in use
	watching  chan struct{} // one for each resource that is watched
	poked     chan struct{} // its list may have changed
	log       *slog.Logger

	readable atomic.Bool // its resources are

	refreshing sync.Mutex // held while lists are looked at

	registering sync.Mutex         // held while what is listed is registered. It guards:
	known       *listing           // what was last listed; nil: nothing
	inherits    bool               // known is what another description of the server had listed
	mirrored    *[sha256.Size]byte // the source that is registered; nil: none

	retiring chan struct{} // closed by retire
	unused   chan struct{} // gets one when no call runs
	closing  sync.WaitGroup
	starting chan struct{} // held while a program is started that will be shared
	vigils   chan struct{} // held while one is begun

	mu        sync.Mutex
	retired   bool // no session is kept for another call
	closed    bool
	ended     bool       // no program is started any more
	calls     int        // that run
	pool      []*session // that no call uses; the last was used last
	shared    *pipe      // the program that calls of 2026-07-28 share
	borrowers map[*pipe]int
	alone     map[*pipe]*session // of programs that serve one, before 2026-07-28
	teller    *pipe              // of a list that has changed; nil: it was looked at
	vigil     *vigil             // nil: none
	watches   map[*watch]bool    // with programs of revisions before 2026-07-28
	age       int                // counts changes of the list
	told      string             // what was wrong with the list
	about     client.Server      // what it last said of itself
	state     State
	since     time.Time       // it is in this state
	offers    map[string]bool // its own names of the tools that are relayed
	listed    bool            // they are known
	whole     bool            // so is what else it has
}

func newServer(h *Hub, config Server, rank int) *server {
	n := config.Sessions
	if n == 0 {
		n = defaultSessions
	}
	s := &server{
		Server: config, rank: rank, hub: h, start: h.opts.Start, log: h.opts.Logger.With("upstream", config.Name),
		slots: make(chan struct{}, n), inquirers: inquirers{places: make(chan struct{}, maxInquiries)}, watching: make(chan struct{}, maxWatched), poked: make(chan struct{}, 1), starting: make(chan struct{}, 1), vigils: make(chan struct{}, 1),
		retiring: make(chan struct{}), unused: make(chan struct{}, 1), borrowers: make(map[*pipe]int), alone: make(map[*pipe]*session), watches: make(map[*watch]bool), offers: make(map[string]bool),
		state: Starting, since: time.Now(),
	}
	if s.URL != "" {
		s.http = newHTTP(config)
	}
	return s
}
