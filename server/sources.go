package server

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// sources are the servers behind workers (tasks.Source), with what they have as one list of each kind. If two have the same, the one whose name
// sorts first is asked.
type sources struct {
	all []*tasks.Source // by name

	resources, templates, prompts []listItem // sorted by name, so that every replica pages alike

	owners map[string]map[string]*tasks.Source // by the member that names an entry, and that name
}

// arrange puts the announced sources together.
func arrange(announced []*tasks.Source) *sources {
	x := &sources{all: announced, owners: make(map[string]map[string]*tasks.Source)}
	slices.SortFunc(x.all, func(a, b *tasks.Source) int { return cmp.Compare(a.Name, b.Name) })
	x.resources = x.gather("uri", func(s *tasks.Source) []json.RawMessage { return s.Resources })
	x.templates = append(x.gather("uriTemplate", func(s *tasks.Source) []json.RawMessage { return s.Templates }), ownTemplates...)
	x.prompts = x.gather("name", func(s *tasks.Source) []json.RawMessage { return s.Prompts })
	for _, list := range [][]listItem{x.resources, x.templates, x.prompts} {
		slices.SortFunc(list, func(a, b listItem) int { return cmp.Compare(a.name, b.name) })
	}
	return x
}

// gather merges a list of all sources. member is what names an entry. URIs of our own are left out: no source may offer them.
func (x *sources) gather(member string, of func(*tasks.Source) []json.RawMessage) (list []listItem) {
	owners := make(map[string]*tasks.Source)
	x.owners[member] = owners
	for _, s := range x.all {
		for _, raw := range of(s) {
			var o wire.Object
			if json.Unmarshal(raw, &o) != nil {
				continue // a newer worker may announce what we cannot read
			}
			name, ok := o.Text(member)
			if !ok || owners[name] != nil || strings.HasPrefix(name, tasks.URIScheme) {
				continue
			}
			owners[name] = s
			list = append(list, listItem{name, raw})
		}
	}
	return list
}

// changed returns the lists that differ from those before.
func (x *sources) changed(before *sources) (lists []string) {
	if !same(x.resources, before.resources) || !same(x.templates, before.templates) {
		lists = append(lists, wire.ResourceList)
	}
	if !same(x.prompts, before.prompts) {
		lists = append(lists, wire.PromptList)
	}
	return lists
}

func same(a, b []listItem) bool {
	return slices.EqualFunc(a, b, func(a, b listItem) bool { return a.name == b.name && bytes.Equal(a.listed, b.listed) })
}

// askedAlike reports whether requests still go to the same sources as before.
func (x *sources) askedAlike(before *sources) bool {
	return slices.EqualFunc(x.all, before.all, func(a, b *tasks.Source) bool {
		return a.Name == b.Name && a.URIPrefix == b.URIPrefix && a.Completes == b.Completes && a.Subscribes == b.Subscribes
	})
}

// ofPrompt returns the source that has a prompt: nil if none does.
func (x *sources) ofPrompt(name string) *tasks.Source { return x.owners["name"][name] }

// ofURI returns the source to ask for a resource, or to complete a template: the one with the longest prefix that the URI has; else one without a
// prefix that lists the URI, or a template that it fits; else the first without a prefix that has resources at all.
func (x *sources) ofURI(uri string) *tasks.Source {
	var best *tasks.Source
	for _, s := range x.all {
		if s.URIPrefix != "" && strings.HasPrefix(uri, s.URIPrefix) && (best == nil || len(s.URIPrefix) > len(best.URIPrefix)) {
			best = s
		}
	}
	best = cmp.Or(best, x.owners["uri"][uri], x.owners["uriTemplate"][uri])
	for _, t := range x.templates {
		if best == nil && fits(t.name, uri) {
			best = x.owners["uriTemplate"][t.name]
		}
	}
	for _, s := range x.all {
		if best == nil && s.URIPrefix == "" && len(s.Resources)+len(s.Templates) > 0 {
			best = s
		}
	}
	return best
}

// fits reports whether a URI has the literal parts of a template, in order. That is a guess: the source itself knows.
func fits(template, uri string) bool {
	for first := true; ; first = false {
		literal, rest, more := strings.Cut(template, "{")
		i := strings.Index(uri, literal)
		if i < 0 || first && i > 0 {
			return false
		}
		if !more {
			return strings.HasSuffix(uri, literal) && (!first || uri == literal)
		}
		uri = uri[i+len(literal):]
		_, template, _ = strings.Cut(rest, "}")
	}
}
