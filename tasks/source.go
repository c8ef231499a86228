package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Source is what an MCP server behind workers has beside its tools: resources and prompts. Front ends list them from the catalogue and
// have a worker ask the server. Its JSON form is what a worker announces.
type Source struct {
	// Name is 1 to 32 letters, digits, - and _. The same source has the same name on every worker.
	Name string `json:"name"`
	// URIPrefix is what the URIs of its resources begin with here, such as "github+". Empty: they are the server's own.
	URIPrefix string `json:"uriPrefix,omitempty"`
	// Resources, Templates and Prompts are JSON objects as resources/list and so on show them, with the names and URIs that they have
	// here, in any order.
	Resources []json.RawMessage `json:"resources,omitempty"`
	Templates []json.RawMessage `json:"templates,omitempty"`
	Prompts   []json.RawMessage `json:"prompts,omitempty"`
	// Completes says that completion/complete is served.
	Completes bool `json:"completes,omitempty"`
	// Subscribes says that there is a Watch.
	Subscribes bool `json:"subscribes,omitempty"`

	// Ask answers resources/read, prompts/get or completion/complete. The params are as the client sent them. Names and URIs, also those in
	// the result, are the ones that they have here. An *Error reaches the client as it is; the text of any other error is shown to people.
	// It is called by many goroutines at once.
	Ask func(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) `json:"-"`
	// Watch follows a resource until ctx ends. It calls changed at each notifications/resources/updated of it, and once at first if a change
	// may have been missed before. After an error it is called again in a while, as long as somebody subscribes. Nil if Subscribes is false.
	Watch func(ctx context.Context, uri string, changed func()) error `json:"-"`
}

// MaxSource is how many bytes the lists of a source may have.
const MaxSource = 4 << 20

var sourceName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// Validate explains everything that is wrong with a source.
func (s *Source) Validate() error {
	var errs []error
	if !sourceName.MatchString(s.Name) {
		errs = append(errs, errors.New("name: use 1 to 32 letters, digits, - and _"))
	}
	if s.Ask == nil {
		errs = append(errs, errors.New("it has no function that asks it"))
	}
	if s.Subscribes != (s.Watch != nil) {
		errs = append(errs, errors.New("it needs a function that watches if it has subscriptions, and only then"))
	}
	if n := s.size(); n > MaxSource {
		errs = append(errs, fmt.Errorf("its lists have %d bytes, the limit is %d: list fewer (Fit)", n, MaxSource))
	}
	for _, l := range []struct {
		what, key, prefix string
		list              []json.RawMessage
	}{{"resource", "uri", s.URIPrefix, s.Resources}, {"template", "uriTemplate", s.URIPrefix, s.Templates}, {"prompt", "name", "", s.Prompts}} {
		if err := checkListed(l.list, l.key, l.prefix); err != nil {
			errs = append(errs, fmt.Errorf("%s %w", l.what, err))
		}
	}
	return errors.Join(errs...)
}

// checkListed requires that each entry is an object with the name, or URI, by which it is asked for.
func checkListed(list []json.RawMessage, key, prefix string) error {
	for i, raw := range list {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil || members == nil {
			return fmt.Errorf("%d is not a JSON object", i+1)
		}
		var name string
		if json.Unmarshal(members[key], &name) != nil || name == "" {
			return fmt.Errorf("%d has no %q", i+1, key)
		}
		if !strings.HasPrefix(name, prefix) {
			return fmt.Errorf("%.100q does not begin with %q", name, prefix)
		}
	}
	return nil
}

func (s *Source) size() (n int) {
	for _, list := range [][]json.RawMessage{s.Resources, s.Templates, s.Prompts} {
		for _, raw := range list {
			n += len(raw)
		}
	}
	return n
}

// Fit shortens lists that are larger than MaxSource: it leaves out resources, then templates, then prompts, from the end of each list, and
// returns how many. What is not listed can still be read.
func (s *Source) Fit() (left int) {
	over := s.size() - MaxSource
	for _, list := range []*[]json.RawMessage{&s.Resources, &s.Templates, &s.Prompts} {
		n := len(*list)
		for ; over > 0 && n > 0; n-- {
			over -= len((*list)[n-1])
			left++
		}
		*list = (*list)[:n:n]
	}
	return left
}

// PutSource registers a source, or its new state, while workers may use the registry: they announce it at once and ask it from then on.
func (r *Registry) PutSource(s Source) error {
	if err := s.Validate(); err != nil {
		return fmt.Errorf("source %q: %w", s.Name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sources == nil {
		r.sources = make(map[string]*Source)
	}
	r.sources[s.Name] = &s
	r.tell()
	return nil
}

// DropSource takes a source out. Workers withdraw its announcement.
func (r *Registry) DropSource(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sources[name] != nil {
		delete(r.sources, name)
		r.tell()
	}
}

// Sources lists the sources by name. A source that it returned never changes: PutSource replaces one.
func (r *Registry) Sources() []*Source {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]*Source, 0, len(r.sources))
	for _, s := range r.sources {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *Source) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Source finds a source by name.
func (r *Registry) Source(name string) (*Source, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, ok := r.sources[name]
	return s, ok
}
