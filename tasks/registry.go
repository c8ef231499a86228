package tasks

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
)

// Registry is the set of tools that one binary can run. The zero value is empty and ready. A program's own tools are added before the registry
// is used. What comes from elsewhere and may change can be put and dropped at any time: tools of a configuration, tools of other servers, and
// what such servers have beside tools (Source).
type Registry struct {
	mu      sync.RWMutex
	tools   map[string]*Registered
	sources map[string]*Source
	queues  []string // of expected tools (Expect)
	errs    []error
	changed chan struct{} // closed, and replaced, by tell
}

// Registered is a tool that can be run here.
type Registered struct {
	Tool
	Input, Output *Schema // Output is nil if the tool promises nothing
	Handle        Handler
}

// Add registers a tool with schemas of its own. Err tells what is wrong with it.
func (r *Registry) Add(t Tool, h Handler) {
	reg, err := compile(t, h)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && r.tools[t.Name] != nil {
		err = errors.New("registered twice")
	}
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("tool %q: %w", t.Name, err))
		return
	}
	r.keep(reg)
}

// Put registers a tool, or another version of one, while workers may use the registry: they announce it at once, attempts that begin
// later run it, and running ones are not disturbed. A worker that was told which queues to serve serves no others for it.
func (r *Registry) Put(t Tool, h Handler) error {
	reg, err := compile(t, h)
	if err != nil {
		return fmt.Errorf("tool %q: %w", t.Name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(reg)
	r.tell()
	return nil
}

// Drop takes a tool out while workers may use the registry, unless another one was put in its place. They withdraw its announcement and give
// its tasks back; running attempts are not disturbed.
func (r *Registry) Drop(t *Registered) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tools[t.Name] == t {
		delete(r.tools, t.Name)
		r.tell()
	}
}

// tell wakes those who wait for Changed.
func (r *Registry) tell() {
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

func (r *Registry) keep(reg *Registered) {
	if r.tools == nil {
		r.tools = make(map[string]*Registered)
	}
	r.tools[reg.Name] = reg
}

// Changed returns a channel that is closed when something is put or dropped. Call it before looking at what there is, and nothing is missed.
func (r *Registry) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.changed
}

// Expect says that tools with this policy may be put later, so that workers serve the policy's queue from the beginning.
func (r *Registry) Expect(p Policy) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.queues, p.Queue) { // each reload of a configuration says it again
		r.queues = append(r.queues, p.Queue)
	}
}

// Queues returns the queues of all tools, expected ones included. The empty name stands for the worker's default queue.
func (r *Registry) Queues() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	queues := slices.Clone(r.queues)
	for _, t := range r.tools {
		queues = append(queues, t.Policy.Queue)
	}
	slices.Sort(queues)
	return slices.Compact(queues)
}

func compile(t Tool, h Handler) (*Registered, error) {
	if t.InputSchema == nil {
		t.InputSchema = json.RawMessage(`{"type":"object"}`)
	}
	if err := t.Validate(); err != nil {
		return nil, err
	}
	if h == nil {
		return nil, errors.New("it has no function")
	}
	if _, err := json.Marshal(t); err != nil {
		return nil, err
	}
	in, err := t.CompileInput()
	if err != nil {
		return nil, fmt.Errorf("input schema: %w", err)
	}
	var out *Schema
	if t.OutputSchema != nil {
		if out, err = CompileSchema(t.OutputSchema); err != nil {
			return nil, fmt.Errorf("output schema: %w", err)
		}
	}
	return &Registered{Tool: t, Input: in, Output: out, Handle: h}, nil
}

// AddTool registers a typed function. The input schema comes from In (a struct: json tags name the fields, jsonschema tags
// describe them), the output schema from Out, unless Out is *Result or any. Registry.Err tells what is wrong with the tool.
//
// An error that fn returns is retried while the policy's attempts last (Permanent errors never are), and is then an answer for the model.
func AddTool[In, Out any](r *Registry, t Tool, fn func(ctx context.Context, a *Attempt, in In) (Out, error)) {
	if t.InputSchema == nil {
		t.InputSchema = r.infer(t.Name, "input", reflect.TypeFor[In]())
	}
	if out := reflect.TypeFor[Out](); t.OutputSchema == nil && out != reflect.TypeFor[*Result]() && out.Kind() != reflect.Interface {
		t.OutputSchema = r.infer(t.Name, "output", out)
	}
	if fn == nil {
		r.Add(t, nil)
		return
	}
	r.Add(t, func(ctx context.Context, a *Attempt, args json.RawMessage) (*Result, error) {
		var in In
		if err := Unmarshal(args, &in); err != nil {
			return nil, Permanent(fmt.Errorf("arguments: %w", err))
		}
		out, err := fn(ctx, a, in)
		if err != nil {
			return nil, err
		}
		return asResult(out), nil
	})
}

func (r *Registry) infer(tool, what string, t reflect.Type) json.RawMessage {
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{})
	if err == nil && s.Type == "" && t.Kind() == reflect.Pointer {
		s, err = jsonschema.ForType(t.Elem(), &jsonschema.ForOptions{})
	}
	if err != nil {
		r.blame(fmt.Errorf("tool %q: %s schema of %s: %w", tool, what, t, err))
		return nil
	}
	nullMaps(s.Properties)
	nullMaps(s.Defs)
	if what == "input" { // nobody sends null where a list is wanted, and some hosts refuse a list of types
		plainArrays(s.Properties)
		plainArrays(s.Defs)
	}
	b, err := json.Marshal(s)
	if err != nil {
		r.blame(fmt.Errorf("tool %q: %s schema of %s: %w", tool, what, t, err))
		return nil
	}
	return b
}

func (r *Registry) blame(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err)
}

// nullMaps lets maps below the top be null, as slices may be: in Go the zero value of a map is an empty one, and marshals to null.
func nullMaps(schemas map[string]*jsonschema.Schema) {
	for _, s := range schemas {
		for s != nil {
			if s.Type == "object" && s.Properties == nil && s.AdditionalProperties != nil {
				s.Type, s.Types = "", []string{"null", "object"}
			}
			nullMaps(s.Properties)
			s = cmp.Or(s.Items, s.AdditionalProperties)
		}
	}
}

// plainArrays does not let slices be null.
func plainArrays(schemas map[string]*jsonschema.Schema) {
	for _, s := range schemas {
		for s != nil {
			if slices.Equal(s.Types, []string{"null", "array"}) {
				s.Type, s.Types = "array", nil
			}
			plainArrays(s.Properties)
			s = cmp.Or(s.Items, s.AdditionalProperties)
		}
	}
}

func asResult(out any) *Result {
	if res, ok := out.(*Result); ok {
		if res == nil {
			return &Result{}
		}
		return res
	}
	switch v := reflect.ValueOf(out); {
	case !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil():
		return &Result{}
	case v.Kind() == reflect.Map && v.IsNil():
		out = reflect.MakeMap(v.Type()).Interface()
	}
	res := &Result{Structured: out}
	if c, ok := out.(Contenter); ok {
		res.Content = c.Content()
	}
	return res
}

// Err returns everything that is wrong with the registered tools.
func (r *Registry) Err() error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return errors.Join(r.errs...)
}

// Lookup finds a tool by name.
func (r *Registry) Lookup(name string) (*Registered, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t, ok := r.tools[name]
	return t, ok
}

// Tools lists the registered tools by name.
func (r *Registry) Tools() []*Registered {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]*Registered, 0, len(r.tools))
	for _, t := range r.tools {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *Registered) int { return strings.Compare(a.Name, b.Name) })
	return list
}
