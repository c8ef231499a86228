package server

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// attendance is a session's GET stream. It carries what belongs to no request: changes of lists, of the resources that the session subscribes to
// and of its tasks' statuses, and the tasks' questions while no tasks/result is open. A session has one: a client that opens a second has lost
// the first, whether or not we have noticed yet.
type attendance struct {
	*courier
	follower *follower // nil: there was no task yet
	seen     map[tasks.ID]*tasks.Task
	uris     []string // the resources that the feed was opened for
	feed     feed
}

// adopt has the session's GET stream tell about a task. If the store does not answer it will not: status notifications are optional.
func (s *Server) adopt(ctx context.Context, q *request, id tasks.ID) {
	if q.session == nil {
		return
	}
	ctx, cancel := brief(context.WithoutCancel(ctx))
	defer cancel()
	if err := s.store.Adopt(ctx, q.session.ID, id); err != nil {
		q.log.Warn("session's stream does not tell about a task", "task", id, "err", err)
	}
}

// attend serves GET. It returns an error only if the stream was not opened.
func (s *Server) attend(ctx context.Context, q *request) error {
	seen, err := s.mirror.read()
	if err != nil {
		return err
	}
	changes, quit := s.opts.Watcher.SessionChanged(q.session.ID)
	defer quit()
	a := &attendance{courier: s.courier(q, newTake(), true), seen: make(map[tasks.ID]*tasks.Task)}
	taking, cancel := brief(ctx)
	defer cancel()
	if err := s.store.Attend(taking, q.session.ID, a.take.String()); err != nil {
		return err
	}
	defer a.close(ctx)
	defer a.unfollow()
	defer func() { a.feed.close() }()
	if q.out.ping() == nil {
		a.run(ctx, changes, seen)
		q.out.close()
	}
	return nil
}

// run goes on until the client leaves, the session ends, another stream takes its place, or we shut down.
func (a *attendance) run(ctx context.Context, changes <-chan struct{}, seen *catalogue) {
	ping := time.NewTicker(a.server.opts.Ping)
	defer ping.Stop()
	use := time.NewTicker(stillUsed)
	defer use.Stop()
	for {
		var updates <-chan store.Update
		if a.follower != nil {
			updates = a.follower.updates
		}
		var err error
		select {
		case <-changes:
			if err = a.look(ctx); err == nil {
				err = errors.Join(a.subscribe(ctx, seen, false), a.askAgain(ctx))
			}
		case <-a.feed.changes():
			err = a.feed.tell(a.out, nil)
		case <-a.feed.due():
			a.feed.renew(ctx)
		case u := <-updates:
			err = a.update(ctx, u)
		case <-seen.superseded:
			if seen, err = a.listsChanged(seen); err == nil {
				err = a.subscribe(ctx, seen, true)
			}
		case <-ping.C:
			a.renew(ctx)
			if err = a.out.ping(); err == nil {
				err = a.askAgain(ctx)
			}
		case <-use.C:
			_, _ = a.server.recall(ctx, a.session.ID, a.owner) // the session's end is signalled by changes
		case <-a.server.draining:
			return
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (a *attendance) listsChanged(seen *catalogue) (*catalogue, error) {
	return a.server.tellLists(a.out, seen, func(string) bool { return true }, nil)
}

// subscribe opens the feed for what the session subscribes to now; with anew even if that has not changed, because sources have. While the store
// does not answer the feed stays as it is.
func (a *attendance) subscribe(ctx context.Context, seen *catalogue, anew bool) error {
	looking, cancel := brief(ctx)
	defer cancel()
	uris, err := a.server.store.Subscriptions(looking, a.session.ID)
	if err != nil || !anew && slices.Equal(uris, a.uris) {
		return nil
	}
	var next feed
	if err := next.open(ctx, a.server, seen.sources, uris); err != nil {
		a.log.Warn("session's stream does not tell about its resources", "err", err)
		return nil
	}
	last := a.feed
	a.feed, a.uris = next, uris
	defer last.close()
	return last.tell(a.out, nil) // changes from before the next feed was open
}

// look reads the session again: which tasks it has, and whether this is still its stream.
func (a *attendance) look(ctx context.Context) error {
	looking, cancel := brief(ctx)
	defer cancel()
	stream, ids, err := a.server.store.Attended(looking, a.session.ID)
	if store.Unavailable(err) {
		return nil // the next change of the session makes us look again
	}
	if err != nil {
		return err
	}
	if stream != a.take.String() {
		return errGone
	}
	fresh := slices.DeleteFunc(ids, func(id tasks.ID) bool { _, known := a.seen[id]; return known })
	if len(fresh) > 0 && !a.wait(ctx, courtesy) {
		return nil
	}
	for _, id := range fresh {
		if err := a.follow(ctx, id); err != nil {
			return err
		}
		a.seen[id] = nil
	}
	return nil
}

// courtesy is how long a stream says nothing about a new task: the answer that tells the client of the task is on its way on another connection,
// and some clients decline a question about a task that they do not know without asking the user.
const courtesy = 500 * time.Millisecond

// wait waits, and returns false if the stream ends meanwhile.
func (a *attendance) wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-a.server.draining:
	case <-ctx.Done():
	}
	return false
}

func (a *attendance) follow(ctx context.Context, id tasks.ID) (err error) {
	if a.follower == nil {
		a.follower, err = a.server.follow(ctx, id)
		return err
	}
	joining, cancel := brief(ctx)
	defer cancel()
	return a.follower.watch.Add(joining, id)
}

func (a *attendance) unfollow() {
	if a.follower != nil {
		a.follower.close()
	}
}

// update tells about a task whose status changed, and puts its questions. One that has ended has nothing more to tell.
func (a *attendance) update(ctx context.Context, u store.Update) error {
	t := u.Task
	last, followed := a.seen[u.ID]
	if !followed || t != nil && t.Owner != a.owner {
		return nil
	}
	if t == nil {
		a.forget(ctx, u.ID)
		return nil
	}
	a.seen[u.ID] = t
	a.dropClosed(ctx, t.ID, t.Questions)
	if news := last == nil && t.Status != tasks.Working || last != nil && last.Status != t.Status; news {
		if err := a.out.send(wire.LegacyTaskChanged(t)); err != nil {
			return err
		}
	}
	if t.Status.Terminal() {
		a.forget(ctx, u.ID)
		return nil
	}
	return a.ask(ctx, t, store.ResultErrand(t.ID))
}

func (a *attendance) forget(ctx context.Context, id tasks.ID) {
	delete(a.seen, id)
	a.follower.watch.Remove(id)
	ctx, cancel := brief(context.WithoutCancel(ctx))
	defer cancel()
	if err := a.server.store.Disown(ctx, a.session.ID, id); err != nil && !errors.Is(err, store.ErrNoSession) {
		a.log.Warn("ended task stays in its session", "task", id, "err", err) // it is one of a bounded number
	}
}

// askAgain puts questions that another stream carried and may have left behind.
func (a *attendance) askAgain(ctx context.Context) error {
	for _, t := range a.seen {
		if t == nil || !slices.ContainsFunc(t.Questions, func(q tasks.Question) bool { return !a.has(store.QuestionErrand(t.ID, q.Key)) }) {
			continue
		}
		if err := a.ask(ctx, t, store.ResultErrand(t.ID)); err != nil {
			return err
		}
	}
	return nil
}
