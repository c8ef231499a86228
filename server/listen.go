package server

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// maxSubscribed is how many tasks one stream may follow.
const maxSubscribed = 1000

// subscription is one subscriptions/listen: a stream of what the client asked for and may see (patterns/subscriptions).
type subscription struct {
	*request
	server   *Server
	wanted   wire.Filter // which of its tasks are watched, granted says
	feed     feed
	follower *follower // nil: follows none
	granted  map[tasks.ID]mark
	queued   map[tasks.ID]*tasks.Task // the tasks whose place in the queue is told; nil: there are too many
}

// mark tells states of a task apart. It is kept in place of the states: they may be large, and a stream may be open for days.
type mark struct {
	seq     int64
	updated time.Time
}

// listen serves subscriptions/listen until the client leaves or we shut down.
func (s *Server) listen(ctx context.Context, q *request) (json.RawMessage, error) {
	wanted, err := wire.ListenFilter(q.Params)
	if err != nil {
		return nil, err
	}
	ids, err := q.subscribable(wanted.TaskIDs)
	if err != nil {
		return nil, err
	}
	if err := checkURIs(wanted.Resources); err != nil {
		return nil, err
	}
	catalogue, err := s.mirror.read()
	if err != nil {
		return nil, err
	}
	sub := &subscription{request: q, server: s, wanted: wanted, granted: make(map[tasks.ID]mark, len(ids))}
	defer sub.close()
	if err := sub.feed.open(ctx, s, catalogue.sources, wanted.Resources); err != nil {
		return nil, err
	}
	if len(ids) > 0 {
		if sub.follower, err = s.follow(ctx, ids...); err != nil {
			return nil, err
		}
	}
	visible, err := sub.grant(ctx, ids)
	if err != nil {
		return nil, err
	}
	if len(visible) < len(ids) {
		if err := sub.narrow(ctx, slices.Collect(maps.Keys(visible))); err != nil {
			return nil, err
		}
	}
	sub.keep(ctx, visible)
	if err := sub.open(ctx, ids, visible); err != nil {
		return nil, err
	}
	return sub.run(ctx, catalogue)
}

// subscribable returns the ids to look for. Malformed ones are treated like unknown ones: they are not granted.
func (q *request) subscribable(texts []tasks.ID) ([]tasks.ID, error) {
	if len(texts) > 0 && !q.extended() {
		return nil, incapable(true)
	}
	if len(texts) > maxSubscribed {
		return nil, invalid("taskIds names %d tasks, the limit is %d", len(texts), maxSubscribed)
	}
	ids, seen := make([]tasks.ID, 0, len(texts)), make(map[tasks.ID]bool, len(texts))
	for _, text := range texts {
		if id, err := tasks.ParseID(string(text)); err == nil && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func checkURIs(uris []string) error {
	if len(uris) > maxResources {
		return invalid("resourceSubscriptions names %d resources, the limit is %d", len(uris), maxResources)
	}
	for _, uri := range uris {
		if len(uri) > maxURI {
			return invalid("resourceSubscriptions: a URI has %d bytes, the limit is %d", len(uri), maxURI)
		}
	}
	return nil
}

// grant returns the tasks that the caller may follow. To find out it reads them all: a watch reports each task once before anything else.
func (x *subscription) grant(ctx context.Context, ids []tasks.ID) (map[tasks.ID]*tasks.Task, error) {
	silence := time.NewTimer(storeTimeout) // there may be many: each may take its time
	defer silence.Stop()
	visible, read := make(map[tasks.ID]*tasks.Task, len(ids)), make(map[tasks.ID]bool, len(ids))
	for len(read) < len(ids) {
		select {
		case u := <-x.follower.updates:
			read[u.ID] = true
			silence.Reset(storeTimeout)
			if u.Task != nil && u.Task.Owner == x.owner {
				visible[u.ID] = u.Task
			}
		case <-silence.C:
			return nil, context.DeadlineExceeded
		case <-ctx.Done():
			return nil, errGone
		}
	}
	return visible, nil
}

// narrow goes on with the granted tasks alone: others are not to be watched as long as the stream is open. For a moment both followers run, so
// that nothing is missed; update knows by its mark what was shown before.
func (x *subscription) narrow(ctx context.Context, ids []tasks.ID) error {
	all := x.follower
	defer all.close()
	x.follower = nil
	if len(ids) == 0 {
		return nil
	}
	var err error
	x.follower, err = x.server.follow(ctx, ids...)
	return err
}

// keep sees to it that none of the tasks becomes an orphan, now or later.
func (x *subscription) keep(ctx context.Context, visible map[tasks.ID]*tasks.Task) {
	ctx, cancel := brief(ctx)
	defer cancel()
	for _, t := range visible {
		x.server.keep(ctx, t)
	}
}

func (x *subscription) close() {
	x.feed.close()
	if x.follower != nil {
		x.follower.close()
	}
}

// open acknowledges what is granted, and then shows each task's state, so that what happened before the subscription is not missed either.
func (x *subscription) open(ctx context.Context, ids []tasks.ID, visible map[tasks.ID]*tasks.Task) error {
	filter := x.wanted
	filter.TaskIDs, filter.Resources = nil, x.feed.granted(x.wanted.Resources)
	for _, id := range ids {
		if visible[id] != nil {
			filter.TaskIDs = append(filter.TaskIDs, id)
		}
	}
	if err := x.out.send(wire.Listening(filter, x.ID)); err != nil {
		return err
	}
	if len(filter.TaskIDs) <= maxPositioned {
		x.queued = make(map[tasks.ID]*tasks.Task)
	}
	for _, id := range filter.TaskIDs {
		if err := x.show(ctx, visible[id]); err != nil {
			return err
		}
	}
	return nil
}

func (x *subscription) show(ctx context.Context, t *tasks.Task) error {
	x.granted[t.ID] = mark{t.Seq, t.Updated}
	return x.out.send(wire.Changed(x.positioned(ctx, t), x.ID))
}

// positioned returns a task with its place in the queue, if places are told on this stream.
func (x *subscription) positioned(ctx context.Context, t *tasks.Task) *tasks.Task {
	if x.queued == nil {
		return t
	}
	if t.Phase != tasks.Queued {
		delete(x.queued, t.ID)
		return t
	}
	t = x.server.positioned(ctx, t)
	x.queued[t.ID] = t
	return t
}

// silence breaks a silence, and shows the tasks that have moved up in their queue.
func (x *subscription) silence(ctx context.Context) error {
	if err := x.out.ping(); err != nil {
		return err
	}
	for _, last := range x.queued {
		if t := x.positioned(ctx, last); t.Position != last.Position {
			if err := x.out.send(wire.Changed(t, x.ID)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *subscription) run(ctx context.Context, seen *catalogue) (json.RawMessage, error) {
	ping := time.NewTicker(x.server.opts.Ping)
	defer ping.Stop()
	var updates <-chan store.Update
	if x.follower != nil {
		updates = x.follower.updates
	}
	for {
		var err error
		select {
		case u := <-updates:
			err = x.update(ctx, u)
		case <-seen.superseded:
			seen, err = x.listsChanged(seen)
		case <-x.feed.changes():
			err = x.feed.tell(x.out, x.ID)
		case <-x.feed.due():
			x.feed.renew(ctx)
		case <-ping.C:
			err = x.silence(ctx)
		case <-x.server.draining:
			return wire.Ended(x.ID, x.server.about), nil
		case <-ctx.Done():
			err = errGone
		}
		if err != nil {
			return nil, err
		}
	}
}

// update sends a task that changed. Its log is not for this stream (Tasks, Task Status Notifications), and a task that was
// forgotten has nothing left to say.
func (x *subscription) update(ctx context.Context, u store.Update) error {
	last, granted := x.granted[u.ID]
	if !granted || u.Task == nil || last == (mark{u.Task.Seq, u.Task.Updated}) {
		return nil
	}
	return x.show(ctx, u.Task)
}

func (x *subscription) listsChanged(seen *catalogue) (*catalogue, error) {
	return x.server.tellLists(x.out, seen, x.wanted.Lists, x.ID)
}

// tellLists sends which of the wanted lists have changed since seen: for a subscription, or, if that is nil, on a session's stream.
func (s *Server) tellLists(out *stream, seen *catalogue, wanted func(list string) bool, subscription json.RawMessage) (*catalogue, error) {
	now, err := s.mirror.read()
	if err != nil {
		return nil, err
	}
	for _, list := range now.changed(seen) {
		if !wanted(list) {
			continue
		}
		if err := out.send(wire.ListChanged(list, subscription)); err != nil {
			return nil, err
		}
	}
	return now, nil
}
