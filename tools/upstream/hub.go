package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Options say which servers are relayed, and where to. Registry is needed.
type Options struct {
	Servers  []Server
	Registry *tasks.Registry
	// Logger is told of servers that are away and of tools that cannot be relayed. Nil: slog.Default.
	Logger *slog.Logger
	// Start starts programs. Nil: with os/exec, in a process group of their own.
	Start Start
	// Wait is how long Connect waits for servers that are not there yet. Zero: 10 seconds.
	Wait time.Duration
	// Refresh is how often the tools of a server with a URL are listed again. Zero: every minute.
	Refresh time.Duration
	// Idle is for how long a session, and its program, is kept that no call uses. Zero: 5 minutes.
	Idle time.Duration
}

// Hub keeps the tools of other servers in a registry, and relays their calls.
type Hub struct {
	opts    Options
	servers []*server
	owners  owners
}

// New makes a hub. An error says what is wrong with the options; no server was asked anything.
func New(o Options) (*Hub, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Start == nil {
		o.Start = startProcess
	}
	if o.Wait == 0 {
		o.Wait = 10 * time.Second
	}
	if o.Refresh == 0 {
		o.Refresh = time.Minute
	}
	if o.Idle == 0 {
		o.Idle = 5 * time.Minute
	}
	h := &Hub{opts: o}
	if err := h.validate(); err != nil {
		return nil, err
	}
	for _, s := range o.Servers {
		o.Registry.Expect(s.Policy)
		for _, t := range s.Tools {
			if t.Policy != nil {
				o.Registry.Expect(*t.Policy)
			}
		}
		h.servers = append(h.servers, newServer(h, s))
	}
	return h, nil
}

func (h *Hub) validate() error {
	var errs []error
	seen := make(map[string]bool)
	for i, s := range h.opts.Servers {
		what := fmt.Sprintf("server %q", s.Name)
		if s.Name == "" {
			what = fmt.Sprintf("server %d", i+1)
		}
		err := s.Validate()
		if seen[s.Name] {
			err = errors.Join(err, errors.New("another one has its name"))
		}
		seen[s.Name] = true
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	return errors.Join(errs...)
}

// Connect lists the tools of all servers and registers them, as far as they answer within Options.Wait. Run goes on with the others.
func (h *Hub) Connect(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, h.opts.Wait)
	defer cancel()
	var group sync.WaitGroup
	for _, s := range h.servers {
		group.Go(func() { s.refresh(ctx) })
	}
	group.Wait()
}

// Run keeps the registry up to date, opens again what broke and closes what nobody uses, until ctx ends; then everything is closed. Calls
// that still run are cut off then: let it end after the worker.
func (h *Hub) Run(ctx context.Context) error {
	var group sync.WaitGroup
	for _, s := range h.servers {
		group.Go(func() { s.keep(ctx) })
	}
	group.Wait()
	return nil
}

// Health is how a server does.
type Health struct {
	Server   string
	Revision string // of the protocol that is spoken with it; empty: it has not answered yet
	Tools    int    // that are relayed
	Err      error  // why calls fail; nil: nothing is known against it
}

// Health is how the servers do, in the order of the options.
func (h *Hub) Health() []Health {
	list := make([]Health, len(h.servers))
	for i, s := range h.servers {
		s.mu.Lock()
		list[i] = Health{Server: s.Name, Revision: s.revision, Tools: len(s.offers), Err: s.health.status()}
		s.mu.Unlock()
	}
	return list
}

// server is one of the servers: what is said of it, with the sessions that are open to it.
type server struct {
	Server
	hub    *Hub
	start  Start
	http   *http.Client // of a server with a URL
	health health
	slots  chan struct{} // one for each session that is in use
	poked  chan struct{} // its list may have changed
	log    *slog.Logger

	closing sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	pool      []*session // that no call uses; the last was used last
	shared    *pipe      // the program that calls of 2026-07-28 share
	borrowers map[*pipe]int
	age       int    // counts changes of the list
	told      string // what was wrong with the list
	revision  string
	offers    map[string]bool // its own names of the tools that are relayed; nil: they were not listed yet
}

func newServer(h *Hub, config Server) *server {
	n := config.Sessions
	if n == 0 {
		n = defaultSessions
	}
	s := &server{
		Server: config, hub: h, start: h.opts.Start, log: h.opts.Logger.With("upstream", config.Name),
		slots: make(chan struct{}, n), poked: make(chan struct{}, 1), borrowers: make(map[*pipe]int),
	}
	if s.URL != "" {
		s.http = newHTTP(config)
	}
	return s
}

func newHTTP(config Server) *http.Client {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // the program has put something of its own there
		t = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = 8
	c := &http.Client{Transport: t, CheckRedirect: stayHere}
	if config.Header != nil {
		c.Transport = &headers{t, config.Header}
	}
	return c
}

// poke has the list looked at soon.
func (s *server) poke() {
	select {
	case s.poked <- struct{}{}:
	default:
	}
}

const (
	firstLook = time.Second
	longLook  = 30 * time.Second
)

// keep lists the tools until ctx ends: again and again until they are listed once, later when they may have changed.
func (s *server) keep(ctx context.Context) {
	defer s.close()
	sweep := time.NewTicker(max(s.hub.opts.Idle/4, time.Millisecond))
	defer sweep.Stop()
	pause := firstLook
	look := time.NewTimer(s.untilLook(pause))
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
			s.sweep()
			continue
		case <-look.C:
			pause = min(2*pause, longLook)
		case <-s.poked:
		}
		s.refresh(ctx)
		look.Reset(s.untilLook(pause))
	}
}

// untilLook is when to list the tools again. A program tells when they change, as long as it runs, and is not started to be asked.
func (s *server) untilLook(pause time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.offers == nil:
		return pause
	case s.URL == "":
		return 1<<63 - 1
	}
	return s.hub.opts.Refresh
}

// sweep closes the sessions that no call has used for a while.
func (s *server) sweep() {
	s.mu.Lock()
	var old []*session
	kept := s.pool[:0]
	for _, x := range s.pool {
		if time.Since(x.idle) > s.hub.opts.Idle || x.pipe != nil && !x.pipe.alive() {
			old = append(old, x)
		} else {
			kept = append(kept, x)
		}
	}
	s.pool = kept
	s.mu.Unlock()
	for _, x := range old {
		s.discard(x)
	}
}

// close closes all sessions, and ends programs whatever they are doing.
func (s *server) close() {
	s.mu.Lock()
	s.closed = true
	pool := s.pool
	s.pool = nil
	var pipes []*pipe
	for p := range s.borrowers {
		pipes = append(pipes, p)
	}
	s.mu.Unlock()
	for _, x := range pool {
		s.discard(x)
	}
	for _, p := range pipes {
		s.closing.Go(p.close)
	}
	s.closing.Wait()
	if s.http != nil {
		s.http.CloseIdleConnections()
	}
}
