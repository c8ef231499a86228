package worker

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// maxInquiries is how many inquiries a worker asks at once, of all its sources.
const maxInquiries = 64

// desks are where a worker's sources (tasks.Source) are asked: they open as sources come, and close as they go. Inquiries are no tasks and
// take no slots: these may be taken for hours.
type desks struct {
	w       *Worker
	name    string        // of this worker, as inquiries know it
	places  chan struct{} // of inquiries that are asked
	started string        // names this worker in the catalogue of sources
	open    map[string]func()
	working sync.WaitGroup
}

func newDesks(w *Worker) *desks {
	return &desks{w: w, name: rand.Text(), places: make(chan struct{}, maxInquiries), open: make(map[string]func())}
}

// run has the sources of the registry listed and asked until ctx ends.
func (d *desks) run(ctx context.Context) {
	defer d.working.Wait()
	d.w.keepListed(ctx, "sources", func() error { return d.arrange(ctx) })
}

// arrange opens desks for new sources before they are listed, and closes those of dropped ones when they are not any more.
func (d *desks) arrange(ctx context.Context) (err error) {
	sources := d.w.opts.Registry.Sources()
	for _, s := range sources {
		if d.open[s.Name] == nil {
			d.open[s.Name] = d.begin(ctx, s.Name)
		}
		if d.started, err = d.w.opts.Store.AnnounceSource(ctx, d.started, s); err != nil {
			return err
		}
	}
	for name, end := range d.open {
		if slices.ContainsFunc(sources, func(s *tasks.Source) bool { return s.Name == name }) {
			continue
		}
		if err := d.w.opts.Store.UnlistSource(ctx, d.started, name); err != nil {
			return err
		}
		end()
		delete(d.open, name)
	}
	return nil
}

func (d *desks) begin(ctx context.Context, source string) (end func()) {
	ctx, end = context.WithCancel(ctx)
	d.working.Go(func() {
		defer end()
		(&desk{desks: d, source: source}).run(ctx)
	})
	return end
}
