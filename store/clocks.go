package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Overdue are the tasks of a shard whose time has come, by clock.
type Overdue struct {
	Due, Live, Ends []tasks.ID
}

// Empty reports whether nothing is overdue.
func (o Overdue) Empty() bool { return len(o.Due)+len(o.Live)+len(o.Ends) == 0 }

const overdueLimit = 200

// Tick tells every shard that it is being looked after, in one pipeline, and returns what is overdue there. Shards that did not
// answer are in the error, the others in the result.
func (s *Store) Tick(ctx context.Context) ([]Overdue, error) {
	cmds := make([]*redis.Cmd, s.shards)
	_ = pipelined(ctx, s.rdb, func(b batch) { // an error shows in each of the commands
		for i := range cmds {
			keys := []string{tickKey(i), dueKey(i), liveKey(i), endsKey(i)}
			cmds[i] = b.run(ctx, s.scripts.tick, keys, s.opts.Gap.Milliseconds(), s.opts.Pause.Milliseconds(), overdueLimit)
		}
	})
	var errs []error
	all := make([]Overdue, 0, s.shards)
	for i, cmd := range cmds {
		v, err := cmd.Slice()
		if err != nil {
			errs = append(errs, fmt.Errorf("tick shard %d: %w", i, err))
			continue
		}
		r := reply(v)
		all = append(all, Overdue{ids(r.list(0)), ids(r.list(1)), ids(r.list(2))})
	}
	return all, errors.Join(errs...)
}

// ids leaves out what is none: somebody else's hand in Redis must not stop the keeper.
func ids(list []any) []tasks.ID {
	out := make([]tasks.ID, 0, len(list))
	for _, v := range list {
		if id, err := tasks.ParseID(text(v)); err == nil {
			out = append(out, id)
		}
	}
	return out
}

// Moved is what the keeper did to a task.
type Moved struct {
	Next   *tasks.Delivery // to enqueue
	Broken bool            // the task failed
	Blobs  bool            // the task may have objects in the blob store, which go first (Clear)
	Age    time.Duration   // how long Next has been claimable (Look)
}

// Reap takes an attempt whose worker was not heard of: the next attempt waits, or the task is broken if too many were lost.
func (s *Store) Reap(ctx context.Context, id tasks.ID) (Moved, error) {
	r, err := s.taskWith(ctx, s.scripts.reap, id, []string{tickKey(id.Shard())}, s.opts.Gap.Milliseconds(), crashLimit,
		"its worker was lost; starting again", string(tasks.Break.To()),
		errorJSON(tasks.ReasonCrashed, "the worker died under this task again and again"),
		errorJSON(tasks.ReasonNoRerun, "the worker was lost, and this tool must not be started twice"))
	return moved(id, r, err, "reap")
}

// Look says whether an unclaimed task is to be enqueued now.
func (s *Store) Look(ctx context.Context, id tasks.ID) (Moved, error) {
	r, err := s.task(ctx, s.scripts.look, id, maxLook.Milliseconds(), queuedMessage)
	return moved(id, r, err, "look")
}

// Renew replaces a delivery that the queue has lost, unless the task has moved on or has not waited for 2 × Look.
func (s *Store) Renew(ctx context.Context, d tasks.Delivery) (Moved, error) {
	r, err := s.task(ctx, s.scripts.renew, d.Task, d.Attempt, (2 * s.opts.Look).Milliseconds())
	return moved(d.Task, r, err, "renew")
}

func moved(id tasks.ID, r reply, err error, doing string) (Moved, error) {
	if err != nil {
		return Moved{}, fmt.Errorf("%s: %w", doing, err)
	}
	switch r.code() {
	case 1:
		d := delivery(id, r.list(1))
		m := Moved{Next: &d}
		if len(r) > 2 {
			ms, _ := r[2].(int64)
			m.Age = time.Duration(ms) * time.Millisecond
		}
		return m, nil
	case 2:
		return Moved{Broken: true}, nil
	case 0:
		return Moved{}, nil
	}
	return Moved{}, fmt.Errorf("%s: %w", doing, errAnswer)
}

// pruneAgain is when a task is looked at again whose objects could not be deleted.
const pruneAgain = time.Minute

// Prune forgets a task whose retention is over, and breaks one that was open for longer than its lifetime. One that has objects in the blob
// store is only forgotten by Clear; it is overdue again a minute later.
func (s *Store) Prune(ctx context.Context, id tasks.ID) (Moved, error) {
	return s.forget(ctx, id, false)
}

// Clear is Prune for a task whose objects have been deleted.
func (s *Store) Clear(ctx context.Context, id tasks.ID) error {
	_, err := s.forget(ctx, id, true)
	return err
}

func (s *Store) forget(ctx context.Context, id tasks.ID, cleared bool) (Moved, error) {
	r, err := s.taskWith(ctx, s.scripts.prune, id, []string{blobsKey(id.Shard())}, string(tasks.Break.To()),
		errorJSON(tasks.ReasonLifetime, "the task was open for longer than its maximum lifetime"), count(cleared), pruneAgain.Milliseconds())
	if err != nil {
		return Moved{}, fmt.Errorf("prune: %w", err)
	}
	if owner := tasks.Owner(r.text(1)); r.code() == 2 && owner != tasks.Nobody {
		s.unlist(ctx, owner, id) // if this process dies first, weed finds the entry later
		s.weed(ctx, owner, r.text(2))
	}
	return Moved{Broken: r.code() == 1, Blobs: r.code() == 3}, nil
}

func errorJSON(r tasks.Reason, message string) string {
	b, err := json.Marshal(tasks.NewError(r, message))
	if err != nil {
		panic(err) // constant texts
	}
	return string(b)
}

// Elect makes a process the keeper for the length of a lease, or lets it stay so. ok is false while another one is.
func (s *Store) Elect(ctx context.Context, process string, lease time.Duration) (ok bool, err error) {
	n, err := s.scripts.elect.Run(ctx, s.rdb, []string{keeperKey}, process, lease.Milliseconds()).Int()
	if err != nil {
		return false, fmt.Errorf("elect keeper: %w", err)
	}
	return n == 1, nil
}

// Resign lets another process become the keeper at once.
func (s *Store) Resign(ctx context.Context, process string) error {
	if err := s.scripts.resign.Run(ctx, s.rdb, []string{keeperKey}, process).Err(); err != nil {
		return fmt.Errorf("resign as keeper: %w", err)
	}
	return nil
}
