package server

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// tool is a catalogued tool with everything that a request would otherwise compute.
type tool struct {
	tasks.Tool
	digest  string
	input   *tasks.Schema
	headers []wire.ParamHeader
	listed  entry
	legacy  entry // the same as 2025-11-25 lists it
}

// entry is a tool as tools/list shows it, and as it shows it to clients that may get a handle instead of a result.
type entry struct{ plain, orHandle json.RawMessage }

func compile(t tasks.Tool) (*tool, error) {
	digest := t.Digest()
	t.Policy = t.Policy.WithDefaults(t.Policy.Queue) // a worker of another version may leave fields out
	input, err := t.CompileInput()
	if err != nil {
		return nil, fmt.Errorf("input schema: %w", err)
	}
	headers, err := wire.ParamHeaders(t.InputSchema)
	if err != nil {
		return nil, err
	}
	listed, err := wire.Tool(&t)
	if err != nil {
		return nil, err
	}
	c := &tool{Tool: t, digest: digest, input: input, headers: headers, listed: entry{listed, listed}}
	if t.OutputSchema != nil && t.Policy.Task != tasks.Forbidden {
		t.OutputSchema = wire.OrHandle(t.Name, t.OutputSchema)
		if c.listed.orHandle, err = wire.Tool(&t); err != nil {
			return nil, err
		}
	}
	c.legacy = entry{wire.WithSupport(c.listed.plain, t.Policy), wire.WithSupport(c.listed.orHandle, t.Policy)}
	return c, nil
}

// catalogue is one state of the announced tools. It never changes; superseded is closed when a newer one is there.
type catalogue struct {
	tools      map[string]*tool
	names      []string // sorted: a Redis hash has no order, and tools/list must have one
	broken     map[string]string
	sources    *sources
	superseded chan struct{}
}

// changed returns the lists that differ from those before.
func (c *catalogue) changed(before *catalogue) (lists []string) {
	if !c.sameTools(before) {
		lists = append(lists, wire.ToolList)
	}
	return append(lists, c.sources.changed(before.sources)...)
}

func (c *catalogue) sameTools(other *catalogue) bool {
	return len(c.tools) == len(other.tools) && !slices.ContainsFunc(c.names, func(name string) bool {
		t, ok := other.tools[name]
		return !ok || t.digest != c.tools[name].digest
	})
}

// unknown explains that there is no such tool, or that there is none at all yet.
func (c *catalogue) unknown(name string) error {
	if len(c.tools)+len(c.broken) == 0 {
		return invalid("unknown tool %.100q: no worker has announced any tool yet", name)
	}
	return invalid("unknown tool %.100q: tools/list names those that there are", name)
}

// mirror keeps this process's copy of the catalogue.
type mirror struct {
	store   *store.Store
	watcher *store.Watcher
	log     *slog.Logger
	current atomic.Pointer[catalogue]
}

func newMirror(st *store.Store, w *store.Watcher, log *slog.Logger) *mirror {
	return &mirror{store: st, watcher: w, log: log}
}

// read returns the latest copy.
func (m *mirror) read() (*catalogue, error) {
	if c := m.current.Load(); c != nil {
		return c, nil
	}
	return nil, errStarting
}

const mirrorRetry = time.Second

func (m *mirror) run(ctx context.Context) error {
	changes, stop := m.watcher.CatalogChanged()
	defer stop()
	retry := time.NewTicker(mirrorRetry)
	defer retry.Stop()
	failing := false
	for {
		var again <-chan time.Time
		err := m.refresh(ctx)
		if ctx.Err() != nil {
			return nil
		}
		m.tell(err, failing)
		if failing = err != nil; failing {
			again = retry.C
		}
		select {
		case <-changes:
		case <-again:
		case <-ctx.Done():
			return nil
		}
	}
}

// tell logs when an outage begins and when it is over, and nothing in between.
func (m *mirror) tell(err error, failing bool) {
	switch {
	case err != nil && !failing:
		m.log.Warn("catalogue not read", "err", err)
	case err == nil && failing:
		m.log.Info("catalogue read again")
	}
}

func (m *mirror) refresh(ctx context.Context) error {
	ctx, cancel := brief(ctx)
	defer cancel()
	announced, err := m.store.Catalog(ctx)
	if err != nil {
		return err
	}
	sources, err := m.store.Sources(ctx)
	if err != nil {
		return err
	}
	old := m.current.Load()
	fresh := m.build(announced, old)
	fresh.sources = arrange(sources)
	if old != nil && len(fresh.changed(old)) == 0 && fresh.sources.askedAlike(old.sources) {
		return nil
	}
	m.current.Store(fresh)
	if old != nil {
		close(old.superseded)
	}
	return nil
}

// build compiles what is new. A tool that does not compile is left out, which is logged once.
func (m *mirror) build(announced []tasks.Tool, old *catalogue) *catalogue {
	if old == nil {
		old = &catalogue{}
	}
	c := &catalogue{tools: make(map[string]*tool, len(announced)), broken: make(map[string]string), superseded: make(chan struct{})}
	for _, t := range announced {
		known, err := old.tools[t.Name], error(nil)
		if known == nil || known.digest != t.Digest() {
			known, err = compile(t)
		}
		if err != nil {
			m.report(t.Name, err, old, c)
			continue
		}
		c.tools[t.Name] = known
		c.names = append(c.names, t.Name)
	}
	slices.SortFunc(c.names, strings.Compare)
	return c
}

func (m *mirror) report(name string, err error, old, c *catalogue) {
	c.broken[name] = err.Error()
	if old.broken[name] != c.broken[name] {
		m.log.Error("tool left out of the list", "tool", name, "err", err)
	}
}

// Lists reports whether the catalogue has been read and holds all these tools.
func (s *Server) Lists(tools []*tasks.Registered) bool {
	c, err := s.mirror.read()
	return err == nil && !slices.ContainsFunc(tools, func(t *tasks.Registered) bool { return c.tools[t.Name] == nil })
}
