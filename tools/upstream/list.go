package upstream

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/internal/spelling"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// handleTools are the names that front ends keep for themselves. A Longhaul server lists them too: they are for models, not for us.
var handleTools = []string{"task_wait", "task_get", "task_list", "task_cancel", "task_answer"}

const longhaul = "longhaul"

// listTime is how long a server may take to list its tools.
const listTime = time.Minute

// refresh lists what the server has and registers what is new about it. It is false if the server could not be asked.
func (s *server) refresh(ctx context.Context) bool {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	l, err := s.list(ctx)
	if ctx.Err() != nil && err != nil {
		err = errors.Join(context.Cause(ctx), s.health.status())
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

// listing is what a server says that it has.
type listing struct {
	about                         client.Server
	tools                         []client.Tool
	resources, templates, prompts []json.RawMessage
	part                          bool  // there are more of these than are listed here
	err                           error // why these are not known
}

// list asks the program that told of a change, since another one may not know of it, or else any.
func (s *server) list(ctx context.Context) (*listing, error) {
	if x := s.whoTold(); x != nil {
		if l, err := s.listWith(ctx, x); err == nil && l.err == nil {
			return l, nil
		}
	}
	x, err := s.take(ctx) // beside the calls: they may last
	if err != nil {
		return nil, err
	}
	l, err := s.listWith(ctx, x)
	s.judge(ctx, cmp.Or(err, l.err))
	s.give(x, err != nil || l.err != nil)
	return l, err
}

func (s *server) listWith(ctx context.Context, x *session) (l *listing, err error) {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	l = &listing{about: x.client.Server()}
	l.tools, err = x.client.Tools(ctx)
	if isUnknown(err) && (l.about.Resources || l.about.Prompts) {
		err = nil // it has no tools
	}
	if err == nil {
		l.err = s.browse(ctx, x, l)
	}
	return l, err
}

func isUnknown(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && e.Code == wire.CodeMethodNotFound
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

// translate is a tool as it is announced here.
func (s *server) translate(listed client.Tool) (tasks.Tool, error) {
	var more struct {
		Annotations *mcp.ToolAnnotations `json:"annotations"`
		Meta        map[string]any       `json:"_meta"`
	}
	if err := tasks.Unmarshal(listed.Raw, &more); err != nil {
		return tasks.Tool{}, fmt.Errorf("tool %q: %w", listed.Name, err)
	}
	t := tasks.Tool{
		Name: s.nameOf(listed.Name), Title: listed.Title, Description: listed.Description,
		InputSchema: objectSchema(listed.InputSchema), OutputSchema: listed.OutputSchema, Annotations: more.Annotations, Meta: more.Meta,
	}
	if d := s.Tools[listed.Name].Description; d != "" {
		t.Description = d
	}
	if t.OutputSchema != nil {
		if _, err := tasks.CompileSchema(t.OutputSchema); err != nil { // better no promise than no tool
			t.OutputSchema = nil
		}
	}
	return t, nil
}

// objectSchema is an input schema that says what the specification leaves to be said: arguments are an object.
func objectSchema(raw json.RawMessage) json.RawMessage {
	var m members
	if json.Unmarshal(raw, &m) != nil || m == nil {
		return json.RawMessage(`{"type":"object"}`)
	}
	if _, ok := m["type"]; ok {
		return raw
	}
	m["type"] = json.RawMessage(`"object"`)
	return encode(m)
}

// runs is the policy of a tool, and whether the relay itself has to see to it that the call is made once. Where there may be a task of the
// call, it can be found again after a crash by whoever takes over: the engine lets a second attempt begin, and the relay makes no second
// call in it.
func (s *server) runs(listed client.Tool, about client.Server) (p tasks.Policy, once bool) {
	p = s.policyOf(listed.Name)
	safe := listed.Annotations.ReadOnly || listed.Annotations.Idempotent
	switch {
	case p.Rerun != "":
		return p, false
	case safe:
		p.Rerun = tasks.Yes
	case mayBeTask(listed, about):
		p.Rerun = tasks.Yes
		return p, true
	default:
		p.Rerun = tasks.No
	}
	return p, false
}

// mayBeTask: 2025-11-25 says of each tool whether there can be tasks of its calls; later the server decides with each call.
func mayBeTask(listed client.Tool, about client.Server) bool {
	support := listed.Execution.TaskSupport
	return about.Tasks && (about.Revision >= wire.V20260728 || support == "optional" || support == "required")
}
