package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// handleTools are the names that front ends keep for themselves. A Longhaul server lists them too: they are for models, not for us.
var handleTools = []string{"task_wait", "task_get", "task_list", "task_cancel", "task_answer"}

const longhaul = "longhaul"

// listTime is how long a server may take to list its tools.
const listTime = time.Minute

// refresh lists the server's tools and registers what is new about them. It is false if they could not be listed.
func (s *server) refresh(ctx context.Context) bool {
	list, about, err := s.list(ctx)
	if ctx.Err() != nil && err != nil {
		err = errors.Join(context.Cause(ctx), s.health.status())
	}
	if err != nil {
		s.tell(fmt.Errorf("its tools cannot be listed, trying again: %w", reason(err)))
		return false
	}
	var problems []error
	offers := make(map[string]bool)
	anyChanged := false
	for _, t := range list {
		if !s.relays(t.Name) || about.Name == longhaul && slices.Contains(handleTools, t.Name) {
			continue
		}
		changed, err := s.register(t, about)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		anyChanged = anyChanged || changed
		offers[t.Name] = true
	}
	for name := range s.Tools {
		if !offers[name] && s.relays(name) {
			problems = append(problems, fmt.Errorf("the configuration speaks of a tool %q that is not relayed: the server does not list it", name))
		}
	}
	s.tell(errors.Join(problems...))
	s.offer(offers, anyChanged)
	return true
}

// tell logs what is wrong, once.
func (s *server) tell(err error) {
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
	first := !s.listed
	s.offers, s.listed = offers, true
	if changed {
		s.age++
	}
	s.mu.Unlock()
	if first {
		s.log.Info("upstream server connected", "tools", len(offers))
	}
}

func (s *server) isListed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listed
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

func (s *server) list(ctx context.Context) (list []client.Tool, about client.Server, err error) {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	x, err := s.take(ctx) // beside the calls: they may last
	if err != nil {
		return nil, about, err
	}
	list, err = x.client.Tools(ctx)
	s.judge(ctx, err)
	s.give(x, err != nil)
	return list, x.client.Server(), err
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
	if err := json.Unmarshal(listed.Raw, &more); err != nil {
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
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return json.RawMessage(`{"type":"object"}`)
	}
	if _, ok := members["type"]; ok {
		return raw
	}
	members["type"] = json.RawMessage(`"object"`)
	return encode(members)
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

// owners tells which server's tool a name stands for.
type owners struct {
	mu    sync.Mutex
	names map[string]owned
}

type owned struct {
	server *server
	tool   string // the server's name for it
	digest string
}

// put registers a tool of a server under its name here. Of servers that claim one name the first in the options has it, so that all
// workers mean the same by it.
func (o *owners) put(reg *tasks.Registry, s *server, tool string, t tasks.Tool, h tasks.Handler) (changed bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before, ours := o.names[t.Name]
	_, taken := reg.Lookup(t.Name)
	switch {
	case ours && before.server == s && before.tool != tool, ours && before.server.rank < s.rank:
		return false, fmt.Errorf("tool %q would be called %s, as %q of upstream %s is: give it a name, or the server a prefix", tool, t.Name, before.tool, before.server.Name)
	case taken && !ours || slices.Contains(handleTools, t.Name):
		return false, fmt.Errorf("tool %q would be called %s, as a tool of this worker is: give it a name, or the server a prefix", tool, t.Name)
	case ours && before.server == s && before.digest == t.Digest():
		return false, nil
	}
	if err := reg.Put(t, h); err != nil {
		return false, fmt.Errorf("tool %q cannot be relayed (give it another name, or deny it): %w", tool, err)
	}
	if o.names == nil {
		o.names = make(map[string]owned)
	}
	o.names[t.Name] = owned{s, tool, t.Digest()}
	return true, nil
}
