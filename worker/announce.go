package worker

import (
	"context"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// announceEvery repairs a catalogue that Redis lost, or that an operator retired a tool from too early.
const announceEvery = 30 * time.Second

// announce lists this worker's tools in the catalogue, for as long as it serves them, and as they change.
func (w *Worker) announce(ctx context.Context) {
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()
	started := ""
	for {
		wait, changed := tick.C, w.opts.Registry.Changed()
		var err error
		if started, err = w.opts.Store.Announce(ctx, started, w.tools()); err != nil && ctx.Err() == nil {
			w.opts.Logger.Warn("tools are not announced yet, trying again", "err", err)
			wait = time.After(time.Second)
		}
		select {
		case <-ctx.Done():
			return
		case <-wait:
		case <-changed:
		}
	}
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
