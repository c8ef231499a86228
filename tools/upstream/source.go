package upstream

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

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
			continue // some declare more than they have
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

// mirror has front ends offer what was listed, as far as it is new. An error says what is not offered.
func (s *server) mirror(l *listing) error {
	reg := s.hub.opts.Registry
	if !s.hasResources(l) && !s.hasPrompts(l) {
		if s.mirrored != nil {
			reg.DropSource(s.Name)
			s.mirrored = nil
		}
		return nil
	}
	var problems []error
	src := tasks.Source{
		Name: s.Name, URIPrefix: s.scheme(), Completes: l.about.Completes, Ask: s.ask,
		Resources: s.named(l.resources, "uri", s.scheme(), &problems),
		Templates: s.named(l.templates, "uriTemplate", s.scheme(), &problems),
		Prompts:   s.named(l.prompts, "name", s.prefix(), &problems),
	}
	if s.tells(l) {
		src.Subscribes, src.Watch = true, s.watchResource
	}
	if left := src.Fit(); left > 0 || l.part {
		problems = append(problems, fmt.Errorf("it lists more resources and prompts than can be listed here, which is %d MiB: the others can be read, and not found", tasks.MaxSource>>20))
	}
	digest := sha256.Sum256(encode(src))
	if s.mirrored == nil || *s.mirrored != digest {
		if err := reg.PutSource(src); err != nil {
			return errors.Join(append(problems, err)...)
		}
		s.mirrored = &digest
	}
	return errors.Join(problems...)
}

// named are entries under the names that they have here. One that has no name to ask for it by is left out.
func (s *server) named(list []json.RawMessage, member, prefix string, problems *[]error) []json.RawMessage {
	var out []json.RawMessage
	for _, raw := range list {
		var m members
		if json.Unmarshal(raw, &m) != nil || !rename(m, member, prefixed(prefix)) {
			*problems = append(*problems, fmt.Errorf("it lists something without %q, which is left out: %.100s", member, raw))
			continue
		}
		out = append(out, encode(m))
	}
	return out
}
