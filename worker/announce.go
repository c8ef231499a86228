package worker

import (
	"context"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

const (
	// announceEvery repairs a catalogue that Redis lost, or from which an operator retired a tool too early.
	announceEvery = 30 * time.Second
	// announceAgain is how soon an announcement that failed is made again.
	announceAgain = time.Second
)

// announce lists this worker's tools in the catalogue, for as long as it serves them, and as they change.
func (w *Worker) announce(ctx context.Context) {
	a := announced{tools: make(map[string]bool)}
	w.keepListed(ctx, "tools", func() error { return w.list(ctx, &a) })
}

// keepListed calls list whenever the registry or the catalogue changes, until ctx ends. The catalogue, because another worker that dropped a
// tool may have taken out what this one still has.
func (w *Worker) keepListed(ctx context.Context, what string, list func() error) {
	catalogue, stop := w.opts.Watcher.CatalogChanged()
	defer stop()
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()
	for {
		wait, changed := tick.C, w.opts.Registry.Changed()
		if err := list(); err != nil && ctx.Err() == nil {
			w.opts.Logger.Warn(what+" are not announced yet, trying again", "err", err)
			wait = time.After(announceAgain)
		}
		select {
		case <-ctx.Done():
			return
		case <-wait:
		case <-changed:
		case <-catalogue:
		}
	}
}

// announced is what this worker may have in the catalogue.
type announced struct {
	started string // the stamp by which the catalogue knows this worker; see store.Announce
	tools   map[string]bool
}

// list announces the tools that there are, and takes those out that were announced and are gone.
func (w *Worker) list(ctx context.Context, a *announced) (err error) {
	tools := w.tools()
	for name := range a.tools {
		if slices.ContainsFunc(tools, func(t tasks.Tool) bool { return t.Name == name }) {
			continue
		}
		if err := w.opts.Store.Unlist(ctx, a.started, name); err != nil {
			return err
		}
		delete(a.tools, name)
	}
	for _, t := range tools {
		a.tools[t.Name] = true
	}
	a.started, err = w.opts.Store.Announce(ctx, a.started, tools)
	return err
}

func (w *Worker) tools() []tasks.Tool {
	var list []tasks.Tool
	for _, r := range w.opts.Registry.Tools() {
		t := r.Tool
		t.Policy = w.policy(r)
		list = append(list, t)
	}
	return list
}
