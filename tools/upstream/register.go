package upstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/internal/spelling"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// refresh lists what the server has and registers what is new. It returns false if the server could not be asked for all of it.
func (s *server) refresh(ctx context.Context) bool {
	s.offering.refreshing.Lock()
	defer s.offering.refreshing.Unlock()
	l, err := s.list(ctx)
	if ctx.Err() != nil && err != nil {
		err = errors.Join(context.Cause(ctx), s.breaker.status())
	}
	if err != nil {
		s.offering.warn(s.log, fmt.Errorf("its tools cannot be listed, trying again: %w", reason(err)))
		return false
	}
	s.offering.registering.Lock()
	defer s.offering.registering.Unlock()
	if s.sessions.isRetired() {
		return true
	}
	s.offering.known = l
	offers := s.registerAll()
	if s.offering.inherits { // what it does not have, its predecessor had
		s.offering.inherits = false
		s.hub.owners.drop(s.hub.opts.Registry, s, func(o owned) bool { return offers[o.tool] })
	}
	if first := s.offering.listedNow(l.err == nil); first {
		s.log.Info("upstream server connected", "tools", len(offers))
	}
	return l.err == nil
}

// registerAll registers what the server last listed, as far as it is relayed and new. registering is held.
func (s *server) registerAll() (offers map[string]bool) {
	l := s.offering.known
	s.offering.readable.Store(s.hasResources(l)) // before the tools: their first result may link to a resource
	var problems []error
	offers = make(map[string]bool)
	anyChanged := false
	for _, t := range l.tools {
		if !s.relays(t.Name) || l.about.Name == longhaul && slices.Contains(handleTools, t.Name) {
			continue
		}
		changed, err := s.register(t, l.about)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		anyChanged = anyChanged || changed
		offers[t.Name] = true
	}
	problems = append(problems, s.misnamed(l, offers)...)
	if l.err == nil {
		problems = append(problems, s.mirror(l))
	} else {
		problems = append(problems, fmt.Errorf("its resources and prompts cannot be listed, trying again: %w", reason(l.err)))
	}
	s.offering.warn(s.log, errors.Join(problems...))
	s.offering.offer(offers, anyChanged)
	return offers
}

// register puts a tool into the registry, if it is new or has changed.
func (s *server) register(listed client.Tool, about client.Server) (changed bool, err error) {
	t, err := s.translate(listed)
	if err != nil {
		return false, err
	}
	r := &relay{server: s, name: listed.Name}
	t.Policy, r.once = s.runPolicy(listed, about)
	r.rerun = t.Policy.Rerun != tasks.No
	s.offering.promise(listed.Name)
	return s.hub.owners.put(s.hub.opts.Registry, s, listed.Name, t, r.handle)
}

// misnamed returns what the configuration says about tools that the server does not list: after a typo in deny, a tool is relayed that was
// not to be.
func (s *server) misnamed(l *listing, offers map[string]bool) (problems []error) {
	var names []string
	for _, t := range l.tools {
		names = append(names, t.Name)
	}
	for _, list := range []struct {
		key      string
		patterns []string
	}{{"allow", s.Allow}, {"deny", s.Deny}} {
		for _, pattern := range list.patterns {
			one := []string{pattern}
			if !slices.ContainsFunc(names, func(name string) bool { return matches(one, name) }) {
				problems = append(problems, fmt.Errorf("%s: %s matches no tool of %s%s", list.key, pattern, s.Name, spelling.Closest(pattern, names)))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Tools)) {
		if !offers[name] && s.relays(name) {
			problems = append(problems, fmt.Errorf("the configuration speaks of a tool %q that is not relayed: the server does not list it%s", name, spelling.Closest(name, names)))
		}
	}
	return problems
}

// handleTools are the names that front ends keep for themselves. An upstream Longhaul server lists them too, but they are for models, not
// for us.
var handleTools = []string{"task_wait", "task_get", "task_list", "task_cancel", "task_answer"}

const longhaul = "longhaul"
