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

// refresh lists what the server has and registers what is new about it. It is false if the server could not be asked.
func (s *server) refresh(ctx context.Context) bool {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	l, err := s.list(ctx)
	if ctx.Err() != nil && err != nil {
		err = errors.Join(context.Cause(ctx), s.breaker.status())
	}
	if err != nil {
		s.warn(fmt.Errorf("its tools cannot be listed, trying again: %w", reason(err)))
		return false
	}
	s.registering.Lock()
	defer s.registering.Unlock()
	if s.isRetired() {
		return true
	}
	s.known = l
	offers := s.registerAll()
	if s.inherits { // what it does not have, its predecessor had
		s.inherits = false
		s.hub.owners.drop(s.hub.opts.Registry, s, func(o owned) bool { return offers[o.tool] })
	}
	s.listedNow(len(offers), l.err == nil)
	return l.err == nil
}

// registerAll registers what is known of the server, as far as it is new and relayed. registering is held.
func (s *server) registerAll() (offers map[string]bool) {
	l := s.known
	s.readable.Store(s.hasResources(l)) // from the first call on
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
	s.warn(errors.Join(problems...))
	s.offer(offers, anyChanged)
	return offers
}

// register puts a tool into the registry, if it is new or has changed.
func (s *server) register(listed client.Tool, about client.Server) (changed bool, err error) {
	t, err := s.translate(listed)
	if err != nil {
		return false, err
	}
	r := &relay{server: s, name: listed.Name}
	t.Policy, r.once = s.runs(listed, about)
	r.rerun = t.Policy.Rerun != tasks.No
	s.promise(listed.Name)
	return s.hub.owners.put(s.hub.opts.Registry, s, listed.Name, t, r.handle)
}

// misnamed is what the configuration says of tools that the server does not list: a tool that was to be denied may be relayed.
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

// handleTools are the names that front ends keep for themselves. A Longhaul server lists them too: they are for models, not for us.
var handleTools = []string{"task_wait", "task_get", "task_list", "task_cancel", "task_answer"}

const longhaul = "longhaul"

// warn logs what is wrong with the lists, once.
func (s *server) warn(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != s.told && text != "" {
		s.log.Warn("upstream server", "err", err)
	}
	s.told = text
}

// offer takes note of what the server offers now. Sessions that know another list ask again.
func (s *server) offer(offers map[string]bool, changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offers = offers
	if changed {
		s.age++
	}
}

// listedNow takes note that the server itself has listed what it has.
func (s *server) listedNow(tools int, whole bool) {
	s.mu.Lock()
	first := !s.listed
	s.listed, s.whole = true, whole
	s.mu.Unlock()
	if first {
		s.log.Info("upstream server connected", "tools", tools)
	}
}

func (s *server) isRetired() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.retired
}

func (s *server) isListed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listed && s.whole
}

// promise notes an offer ahead of the others: as soon as a tool is registered it may be called.
func (s *server) promise(tool string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offers[tool] = true
}

func (s *server) stillOffers(tool string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offers[tool]
}
