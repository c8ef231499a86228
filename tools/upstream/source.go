package upstream

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// mirror registers a source with what was listed, if that is new, so that front ends offer it. An error says what is not offered.
func (s *server) mirror(l *listing) error {
	reg := s.hub.opts.Registry
	if !s.hasResources(l) && !s.hasPrompts(l) {
		if s.offering.mirrored != nil {
			reg.DropSource(s.Name)
			s.offering.mirrored = nil
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
		problems = append(problems, fmt.Errorf("it lists more resources and prompts than the %d MiB that can be listed here: the others are not listed, but can be read", tasks.MaxSource>>20))
	}
	digest := sha256.Sum256(encode(src))
	if s.offering.mirrored == nil || *s.offering.mirrored != digest {
		if err := reg.PutSource(src); err != nil {
			return errors.Join(append(problems, err)...)
		}
		s.offering.mirrored = &digest
	}
	return errors.Join(problems...)
}

// named returns entries with the names that they have here. One without a name, which nobody could ask for, is left out.
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
