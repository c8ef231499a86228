package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Options say which servers are relayed, and into which registry. Registry is required.
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
	// Idle is how long a session, and its program, is kept while no call uses it. Zero: 5 minutes.
	Idle time.Duration
}

// Hub keeps the tools of other servers in a registry, and relays their calls.
type Hub struct {
	opts    Options
	owners  owners
	changed chan struct{} // gets one when the health of a server may have changed

	mu      sync.Mutex
	servers []*server
	early   []*server       // added before Run, which will keep them
	running context.Context // of Run; nil: it was not called yet
	stopped bool            // Run only waits for those that are kept
	keeping sync.WaitGroup
}

// New makes a hub, without asking any server anything. An error says what is wrong with the options.
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
	h := &Hub{opts: o, changed: make(chan struct{}, 1)}
	if err := Validate(o.Servers); err != nil {
		return nil, err
	}
	for _, s := range o.Servers {
		h.keep(h.add(s))
	}
	return h, nil
}

// add adds a server, and has workers serve the queues of its tools, which come later.
func (h *Hub) add(config Server) *server {
	h.opts.Registry.Expect(config.Policy)
	for _, t := range config.Tools {
		if t.Policy != nil {
			h.opts.Registry.Expect(*t.Policy)
		}
	}
	s := newServer(h, config, len(h.servers))
	h.servers = append(h.servers, s)
	return s
}

// Validate explains everything that is wrong with the descriptions of servers, as far as it can be told without asking them.
func Validate(servers []Server) error {
	var errs []error
	seen := make(map[string]bool)
	for i, s := range servers {
		what := fmt.Sprintf("server %q", s.Name)
		if s.Name == "" {
			what = fmt.Sprintf("server %d", i+1)
		}
		err := s.Validate()
		if seen[s.Name] {
			err = errors.Join(err, errors.New("another one has its name"))
		}
		seen[s.Name] = true
		if err == nil {
			err = s.clash(servers[:i])
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	return errors.Join(errs...)
}

// Connect lists and registers the tools of all servers that answer within Options.Wait. Run goes on with the others.
func (h *Hub) Connect(ctx context.Context) {
	late := fmt.Errorf("it has not answered within %s of the start", h.opts.Wait)
	ctx, cancel := context.WithTimeoutCause(ctx, h.opts.Wait, late)
	defer cancel()
	h.mu.Lock()
	servers := h.servers
	h.mu.Unlock()
	var group sync.WaitGroup
	for _, s := range servers {
		group.Go(func() { s.refresh(ctx) })
	}
	group.Wait()
}

// Run keeps the registry up to date, reopens what broke and closes what nobody uses, until ctx ends; then it closes everything. That cuts
// off calls that are still running: let it end after the worker.
func (h *Hub) Run(ctx context.Context) error {
	h.mu.Lock()
	h.running = ctx
	for _, s := range h.early {
		h.keep(s)
	}
	h.early = nil
	h.mu.Unlock()
	<-ctx.Done()
	h.mu.Lock()
	h.stopped = true
	h.mu.Unlock()
	h.keeping.Wait()
	return nil
}

// keep looks after a server as long as Run runs. mu is held.
func (h *Hub) keep(s *server) {
	switch {
	case h.running == nil:
		h.early = append(h.early, s)
	case !h.stopped:
		h.keeping.Go(func() { s.keep(h.running) })
	}
}
