package worker

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// maxInquiries is how many inquiries a worker asks a source at once. Each source has its own, so that one that hangs delays no other; how many
// sources there are is up to whoever configures the worker.
const maxInquiries = 32

// responders answer for a worker's sources (tasks.Source): each has a responder from when it is put until it is dropped. Inquiries are no tasks and
// take no slots, since slots may be taken for hours.
type responders struct {
	w       *Worker
	name    string // of this worker, as inquiries know it
	started string // the stamp by which the catalogue of sources knows this worker
	open    map[string]func()
	working sync.WaitGroup
}

func newResponders(w *Worker) *responders {
	return &responders{w: w, name: rand.Text(), open: make(map[string]func())}
}

// run has the sources of the registry listed and asked until ctx ends.
func (r *responders) run(ctx context.Context) {
	defer r.working.Wait()
	r.w.keepListed(ctx, "sources", func() error { return r.arrange(ctx) })
}

// arrange begins to answer for new sources before they are listed, and stops answering for dropped ones after they were taken off the list.
func (r *responders) arrange(ctx context.Context) (err error) {
	sources := r.w.opts.Registry.Sources()
	for _, s := range sources {
		if r.open[s.Name] == nil {
			r.open[s.Name] = r.begin(ctx, s.Name)
		}
		if r.started, err = r.w.opts.Store.AnnounceSource(ctx, r.started, s); err != nil {
			return err
		}
	}
	for name, end := range r.open {
		if slices.ContainsFunc(sources, func(s *tasks.Source) bool { return s.Name == name }) {
			continue
		}
		if err := r.w.opts.Store.UnlistSource(ctx, r.started, name); err != nil {
			return err
		}
		end()
		delete(r.open, name)
	}
	return nil
}

func (r *responders) begin(ctx context.Context, source string) (end func()) {
	ctx, end = context.WithCancel(ctx)
	r.working.Go(func() {
		defer end()
		(&responder{responders: r, source: source, places: make(chan struct{}, maxInquiries)}).run(ctx)
	})
	return end
}
