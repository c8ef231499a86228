package upstream

import (
	"context"
	"crypto/sha256"
)

// Change has the hub relay these servers from now on, and no others. It asks none of them anything, and is safe while Run runs. An error
// says what is wrong with them; then nothing has changed.
//
// Calls that run are not disturbed, also of servers that are gone: what is open to these is closed when their calls have ended. The tools
// of a server that has changed stay those that it last listed, called and run as it is described now, until it has been asked again.
func (h *Hub) Change(servers []Server) error {
	if err := Validate(servers); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.tell()
	before := make(map[string]*server)
	for _, s := range h.servers {
		before[s.Name] = s
	}
	h.servers = nil
	var fresh []*server
	for _, config := range servers {
		old := before[config.Name]
		if old != nil && old.Version != "" && old.Version == config.Version {
			delete(before, config.Name)
			h.owners.rank(old, len(h.servers))
			h.servers = append(h.servers, old)
			continue
		}
		fresh = append(fresh, h.add(config))
	}
	for _, s := range fresh {
		if old := before[s.Name]; old != nil {
			s.succeed(old)
			delete(before, s.Name)
		}
	}
	for _, old := range before {
		old.retire()
		h.owners.drop(h.opts.Registry, old, nil)
		h.opts.Registry.DropSource(old.Name)
	}
	for _, s := range h.servers {
		s.again() // names may have become free, or others' now
	}
	for _, s := range fresh {
		s.poke()
		h.keep(s)
	}
	return nil
}

// succeed takes the place of another description of the same server.
func (s *server) succeed(old *server) {
	old.retire()
	old.registering.Lock()
	s.known, s.inherits = old.known, true
	if old.mirrored != nil {
		s.mirrored = new([sha256.Size]byte) // there is one, which asks the old server
	}
	old.registering.Unlock()
	s.hub.owners.pass(old, s)
	s.again()
	s.hub.owners.drop(s.hub.opts.Registry, s, func(o owned) bool { return o.digest != "" })
}

// again registers what the server last listed once more.
func (s *server) again() {
	s.registering.Lock()
	defer s.registering.Unlock()
	if s.known != nil {
		s.registerAll()
	}
}

// retire ends what is open to the server when the calls that run have ended. It lists no more tools.
func (s *server) retire() {
	s.registering.Lock()
	defer s.registering.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retired = true
	close(s.retiring)
}

// enter and leave count the calls, and what is asked beside them.
func (s *server) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
}

func (s *server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls--; s.calls == 0 {
		select {
		case s.unused <- struct{}{}:
		default:
		}
	}
}

// finish closes what no call uses, and waits for the calls that run, as long as ctx lasts.
func (s *server) finish(ctx context.Context) {
	s.mu.Lock()
	pool := s.pool
	s.pool = nil
	s.mu.Unlock()
	for _, x := range pool {
		s.discard(x)
	}
	for s.busy() {
		select {
		case <-s.unused:
		case <-ctx.Done():
			return
		}
	}
}

func (s *server) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls > 0
}
