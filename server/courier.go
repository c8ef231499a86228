package server

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// courier coordinates one of a session's streams with the others. Each message must go out on exactly one of them, whichever replica holds it
// (2025-11-25, transports, Multiple Connections). So before a stream carries something, an errand, it takes a lease on that in the session,
// renews the lease while it carries it, and gives it up at the end.
type courier struct {
	*request
	take
	server          *Server
	clientKnowsTask bool          // the client knows of the task that questions are about
	freed           chan struct{} // gets one when another stream may have left something to carry
	level           atomic.Pointer[wire.Level]
	cut             atomic.Bool // the connection ended before the request did

	mu      sync.Mutex
	errands map[store.Errand]bool // what this stream carries
}

func (s *Server) courier(q *request, k take, clientKnowsTask bool) *courier {
	c := &courier{request: q, take: k, server: s, clientKnowsTask: clientKnowsTask, freed: make(chan struct{}, 1), errands: make(map[store.Errand]bool)}
	c.level.Store(&q.meta.LogLevel)
	return c
}

// lease is how long an errand stays this stream's without renewal.
func (c *courier) lease() time.Duration { return 2*c.server.opts.Ping + storeTimeout }

// carries reports whether an errand is this stream's. One that is nobody's becomes this stream's.
func (c *courier) carries(ctx context.Context, e, before store.Errand) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.errands[e] {
		return true, nil
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	ok, err := c.server.store.Carry(ctx, c.session.ID, c.take.String(), e, c.lease(), before)
	if ok {
		c.errands[e] = true
	}
	return ok, err
}

func (c *courier) keep(e store.Errand) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errands[e] = true
}

// ask puts a task's open questions to the client, unless another stream does. If the store does not answer, a stream that must be the only one to
// ask asks anyway; others try again later.
func (c *courier) ask(ctx context.Context, t *tasks.Task, before store.Errand) error {
	if t.Status != tasks.InputRequired {
		c.out.asked = ""
		return nil
	}
	for _, q := range t.Questions {
		e := store.QuestionErrand(t.ID, q.Key)
		if !c.asks().Has(q.Request.Kind()) || c.has(e) {
			continue
		}
		ours, err := c.carries(ctx, e, before)
		if alone := store.Unavailable(err) && !c.clientKnowsTask; !ours && !alone {
			continue
		}
		c.keep(e)
		if c.out.puts(t.ID, q.Key) { // the client got it on an earlier take
			continue
		}
		if err := c.out.send(wire.Ask(t.ID, q, c.clientKnowsTask)); err != nil {
			return err
		}
	}
	return nil
}

// dropClosed forgets the questions of a task that are not open any more.
func (c *courier) dropClosed(ctx context.Context, id tasks.ID, open []tasks.Question) {
	var closed []store.Errand
	c.mu.Lock()
	for e := range c.errands {
		if e.Asks(id) && !slices.ContainsFunc(open, func(q tasks.Question) bool { return e == store.QuestionErrand(id, q.Key) }) {
			closed = append(closed, e)
			delete(c.errands, e)
		}
	}
	c.mu.Unlock()
	if len(closed) == 0 {
		return
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	if err := c.server.store.Forget(ctx, c.session.ID, closed...); err != nil {
		c.log.Warn("answered questions stay in the session", "task", id, "err", err)
	}
}

// free makes the stream look whether there is something to carry.
func (c *courier) free() {
	select {
	case c.freed <- struct{}{}:
	default:
	}
}

func (c *courier) has(e store.Errand) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.errands[e]
}

// renew renews the leases of the stream's errands. Errands that another stream took over, since they were not renewed in time, are given up.
func (c *courier) renew(ctx context.Context) {
	list := c.carried()
	if len(list) == 0 {
		return
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	lost, _ := c.server.store.CarryOn(ctx, c.session.ID, c.take.String(), c.lease(), list...) // if that fails the next time will do
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range lost {
		delete(c.errands, e)
	}
}

func (c *courier) carried() []store.Errand {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.errands))
}

// close lets other streams carry what this one did. If it was cut its questions are left alone for a while: the client has them, and goes on with
// the stream.
func (c *courier) close(ctx context.Context) {
	ctx = context.WithoutCancel(ctx) // the client may have left
	list := c.carried()
	if c.cut.Load() && c.comesBack() {
		questions := slices.DeleteFunc(slices.Clone(list), func(e store.Errand) bool { return !e.IsQuestion() })
		list = slices.DeleteFunc(list, store.Errand.IsQuestion)
		c.leave(ctx, questions)
	}
	c.drop(ctx, list)
}

// absence is how long the client of a stream that was cut may take to go on with it.
const absence = 3 * comeBack

func (c *courier) leave(ctx context.Context, questions []store.Errand) {
	if len(questions) == 0 {
		return
	}
	leaving, cancel := brief(ctx)
	defer cancel()
	_, _ = c.server.store.CarryOn(leaving, c.session.ID, c.take.String(), absence, questions...) // if that fails the lease runs out
	c.server.graces.after(absence, func() { c.drop(ctx, questions) })
}

// drop gives errands up, and so tells other streams that they may carry them. If that fails they find out when the lease runs out.
func (c *courier) drop(ctx context.Context, list []store.Errand) {
	if len(list) == 0 {
		return
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	if err := c.server.store.Drop(ctx, c.session.ID, c.take.String(), list...); err != nil {
		c.log.Warn("stream ended, what it carried waits for its lease", "err", err)
	}
}

// stillUsed is how often an open stream counts as a use of its session.
const stillUsed = 10 * time.Minute

// bindStream makes the request's stream one of its session, so that it may carry questions. The context it returns ends with the session, wherever
// that is ended, and when the client goes on with the stream on another connection. stop must be called.
func (s *Server) bindStream(ctx context.Context, q *request, k take, clientKnowsTask bool) (bound context.Context, stop func()) {
	bound, cancel := context.WithCancel(ctx)
	c := s.courier(q, k, clientKnowsTask)
	q.courier = c
	changes, quit := s.opts.Watcher.SessionChanged(q.session.ID)
	var looking sync.WaitGroup
	looking.Go(func() {
		renew := time.NewTicker(s.opts.Ping)
		defer renew.Stop()
		use := time.NewTicker(stillUsed)
		defer use.Stop()
		for {
			select {
			case <-changes:
				c.free()
				if c.refresh(bound) {
					cancel()
				}
			case <-use.C:
				if c.refresh(bound) {
					cancel()
				}
			case <-renew.C:
				c.renew(bound)
			case <-bound.Done():
				return
			}
		}
	})
	return bound, func() { cancel(); looking.Wait(); quit(); c.close(ctx) }
}

// refresh marks the session and the stream as used, and takes over the log level that the client wants now. It returns over if the session has
// ended, if the stream goes on on another connection, or if the client has cancelled the request.
func (c *courier) refresh(ctx context.Context) (over bool) {
	x, err := c.server.recall(ctx, c.session.ID, c.owner)
	if err != nil {
		return errors.Is(err, store.ErrNoSession)
	}
	level := wire.Level(x.Level)
	c.level.Store(&level)
	ctx, cancel := brief(ctx)
	defer cancel()
	latest, cancelled, err := c.server.store.KeepStream(ctx, c.session.ID, c.stream, c.ID)
	return err == nil && (latest > c.number || cancelled)
}
