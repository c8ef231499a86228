package upstream

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// listTime is how long a server may take to list its tools.
const listTime = time.Minute

// listing is what a server says that it has.
type listing struct {
	about                         client.Server
	tools                         []client.Tool
	resources, templates, prompts []json.RawMessage
	part                          bool  // there are more resources, templates or prompts than are listed here
	err                           error // why these are not known; nil: they are
}

// list asks the program that told of a change, since another one may not know of it; otherwise any.
func (s *server) list(ctx context.Context) (*listing, error) {
	if x := s.sessions.only(s.offering.whoTold()); x != nil { // a call may be using it, which does no harm
		if l, err := s.listWith(ctx, x); err == nil && l.err == nil {
			s.noteOutcome(ctx, nil)
			return l, nil
		}
	}
	x, err := s.take(ctx) // not a place among the calls, which may be taken for long
	if err != nil {
		return nil, err
	}
	l, err := s.listWith(ctx, x)
	s.noteOutcome(ctx, cmp.Or(err, l.err))
	s.sessions.give(x, err != nil || l.err != nil)
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

// browse lists what the server has beside its tools.
func (s *server) browse(ctx context.Context, x *session, l *listing) error {
	for _, part := range []struct {
		has            bool
		method, member string
		list           *[]json.RawMessage
	}{
		{s.hasResources(l), wire.MethodResourcesList, "resources", &l.resources},
		{s.hasResources(l), wire.MethodResourcesTemplatesList, "resourceTemplates", &l.templates},
		{s.hasPrompts(l), wire.MethodPromptsList, "prompts", &l.prompts},
	} {
		if !part.has {
			continue
		}
		list, whole, err := x.client.Entries(ctx, part.method, part.member, tasks.MaxSource)
		if isUnknown(err) {
			continue // some servers declare more than they have
		}
		if err != nil {
			return err
		}
		*part.list, l.part = list, l.part || !whole
	}
	return nil
}

func (s *server) hasResources(l *listing) bool { return l.about.Resources && !s.NoResources }

func (s *server) hasPrompts(l *listing) bool { return l.about.Prompts && !s.NoPrompts }
