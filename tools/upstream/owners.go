package upstream

import (
	"fmt"
	"slices"
	"sync"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// owners says which server's tool each name stands for.
type owners struct {
	mu    sync.Mutex
	names map[string]owned
}

type owned struct {
	server     *server
	tool       string // the server's name for it
	digest     string // of the tool as it was registered; empty: under an earlier description of the server
	registered *tasks.Registered
}

// put registers a tool of a server under its name here. If several servers claim one name, the first in the options gets it, so that it means
// the same to all workers.
func (o *owners) put(reg *tasks.Registry, s *server, tool string, t tasks.Tool, h tasks.Handler) (changed bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before, ours := o.names[t.Name]
	there, taken := reg.Lookup(t.Name)
	if ours && there != before.registered { // this worker has got a tool of its own by that name
		delete(o.names, t.Name)
		ours = false
	}
	switch {
	case ours && before.server == s && before.tool != tool && before.digest != "", ours && before.server.rank < s.rank:
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
	registered, _ := reg.Lookup(t.Name)
	o.names[t.Name] = owned{s, tool, t.Digest(), registered}
	return true, nil
}

// rank sets a server's place among the others.
func (o *owners) rank(s *server, rank int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s.rank = rank
}

// pass gives the names of one server to its successor, which has to register the tools itself.
func (o *owners) pass(from, to *server) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, own := range o.names {
		if own.server == from {
			own.server, own.digest = to, ""
			o.names[name] = own
		}
	}
}

// drop takes a server's tools out of the registry, except those for which keep is true. A nil keep keeps none.
func (o *owners) drop(reg *tasks.Registry, s *server, keep func(owned) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, own := range o.names {
		if own.server == s && (keep == nil || !keep(own)) {
			delete(o.names, name)
			reg.Drop(own.registered)
		}
	}
}
