package upstream

// Change has the hub relay these servers from now on, and no others. It asks none of them anything, and may be called while Run runs. If
// it returns an error, which says what is wrong with the servers, nothing has changed.
//
// Running calls are not disturbed, not even those of servers that are gone: what is open to these is closed when their calls have ended. A
// server whose description changed keeps the tools that it last listed, with the names and policies of the new description, until it has been
// asked again.
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
		s.registerAgain() // a name may have become free, or another server's
	}
	for _, s := range fresh {
		s.offering.poke()
		h.keep(s)
	}
	return nil
}

// succeed takes the place of old, another description of the same server.
func (s *server) succeed(old *server) {
	old.retire()
	s.offering.inherit(&old.offering)
	s.hub.owners.pass(old, s)
	s.registerAgain()
	s.hub.owners.drop(s.hub.opts.Registry, s, func(o owned) bool { return o.digest != "" })
}

// registerAgain registers once more what the server last listed.
func (s *server) registerAgain() {
	s.offering.registering.Lock()
	defer s.offering.registering.Unlock()
	if s.offering.known != nil {
		s.registerAll()
	}
}
