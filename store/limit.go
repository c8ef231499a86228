package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// A limit bounds how many attempts run at once, and how often one is started, over all workers. A task has a permit from when it is let
// into the queue until it needs none: it ended, is parked, or waits for its time, and its tool has returned. What it needs its record
// says, so that a permit whose holder died is found to be of no use (Unsure).
//
// Whoever starts a limited tool asks for the permit once more (Begin): so no attempt runs without, whatever was lost or came late.

// behind is how far a task of less than high priority stands behind one that came at the same time. It is a time, and no class, so that
// none waits for ever.
const behind = 10 * time.Minute

func place(p tasks.Priority) time.Duration {
	switch p {
	case tasks.High:
		return 0
	case tasks.Low:
		return 2 * behind
	}
	return behind
}

// Admit asks for a permit for a task that is to be enqueued: ok says that it has one. Otherwise it waits for one. others are tasks that
// were let in by the way.
func (s *Store) Admit(ctx context.Context, d tasks.Delivery) (ok bool, others []tasks.ID, err error) {
	v, err := s.limited(ctx, s.scripts.admit, d.Limit, string(d.Task), place(d.Priority).Milliseconds()).Slice()
	if err != nil {
		return false, nil, fmt.Errorf("ask for a permit: %w", err)
	}
	for _, id := range ids(reply(v).list(1)) {
		if id != d.Task {
			others = append(others, id)
		}
	}
	return reply(v).code() == 1, others, nil
}

// Begin reports whether a task has a permit to start its tool with, now. From then on it counts as started.
func (s *Store) Begin(ctx context.Context, limit string, d Lease) (bool, error) {
	n, err := s.limited(ctx, s.scripts.begin, limit, string(d.Task), d.Attempt).Int()
	if err != nil {
		return false, fmt.Errorf("ask for the permit: %w", err)
	}
	return n == 1, nil
}

// Hold says that an attempt's tool runs, which counts even if its permit was lost. own: its task does not need it any more and may be
// let in again beside it; it then has a permit of its own in the place of its task's.
func (s *Store) Hold(ctx context.Context, limit string, d Lease, own bool) error {
	holder, instead := string(d.Task), ""
	if own {
		holder, instead = d.ownHolder(), string(d.Task)
	}
	if err := s.limited(ctx, s.scripts.hold, limit, holder, instead).Err(); err != nil {
		return fmt.Errorf("hold the permit: %w", err)
	}
	return nil
}

// ownHolder names an attempt that has a permit of its own.
func (l Lease) ownHolder() string { return string(l.Task) + "#" + strconv.Itoa(l.Attempt) }

// Yield takes back the permit of an attempt that had one of its own, and returns who was let in.
func (s *Store) Yield(ctx context.Context, limit string, d Lease) ([]tasks.ID, error) {
	return s.free(ctx, limit, d.ownHolder(), "")
}

// Settle takes a task's permit back if the task does not need it, and returns who was let in. waiting is its delivery, if it needs the
// permit since it waits in the queue, or is to.
func (s *Store) Settle(ctx context.Context, limit string, id tasks.ID) (waiting *tasks.Delivery, let []tasks.ID, err error) {
	// The score first: if the task is let in again after its record was read, it changes, and the permit stays.
	since, err := s.rdb.ZScore(ctx, permitsKey(limit), string(id)).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("look at a permit: %w", err)
	}
	r, err := s.task(ctx, s.scripts.needs, id)
	if err != nil && !errors.Is(err, tasks.ErrNotFound) {
		return nil, nil, fmt.Errorf("look at a permit: %w", err)
	}
	switch r.code() {
	case 2:
		d := delivery(id, r.list(1))
		return &d, nil, nil
	case 1:
		return nil, nil, nil
	}
	let, err = s.free(ctx, limit, string(id), float(since))
	return nil, let, err
}

func (s *Store) free(ctx context.Context, limit, holder, since string) ([]tasks.ID, error) {
	v, err := s.limited(ctx, s.scripts.free, limit, holder, since).Slice()
	if err != nil {
		return nil, fmt.Errorf("free a permit: %w", err)
	}
	return ids(v), nil
}

// LimitTick is what there is to do about a limit.
type LimitTick struct {
	Limit  string
	Let    []tasks.ID    // were let in
	Unsure []tasks.ID    // may not need their permits: nobody said so for a while
	Wait   time.Duration // until the next start may be, negative if that is not what is waited for
}

const maxUnsure = 200

// TickLimits looks after all limits: it lets in whose time has come, and finds permits that may be of no use (Settle).
func (s *Store) TickLimits(ctx context.Context) ([]LimitTick, error) {
	names, err := s.rdb.HKeys(ctx, limitsKey).Result()
	if err != nil || len(names) == 0 {
		return nil, err
	}
	cmds := make([]*redis.Cmd, len(names))
	err = pipelined(ctx, s.rdb, func(b batch) {
		for i, name := range names {
			cmds[i] = b.run(ctx, s.scripts.tickLimit, limitKeys(name), name, s.opts.Look.Milliseconds(), s.opts.Liveness.Milliseconds(), maxUnsure)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("tick limits: %w", err)
	}
	all := make([]LimitTick, len(names))
	for i, name := range names {
		v, err := cmds[i].Slice()
		if err != nil {
			return nil, fmt.Errorf("tick limit %s: %w", name, err)
		}
		r := reply(v)
		all[i] = LimitTick{Limit: name, Wait: time.Duration(r.code()) * time.Millisecond, Unsure: ids(r.list(1)), Let: ids(r.list(2))}
	}
	return all, nil
}

// Waits is a task's place among those that wait for a permit, 1 for the next one, 0 if it does not.
func (s *Store) Waits(ctx context.Context, limit string, id tasks.ID) (int, error) {
	rank, err := s.rdb.ZRank(ctx, waitingKey(limit), string(id)).Result()
	if errors.Is(err, redis.Nil) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for a place among those that wait: %w", err)
	}
	return int(rank) + 1, nil
}

// announceLimits keeps what the tools' policies say, for all who let their tasks in.
func (s *Store) announceLimits(ctx context.Context, started string, tools []tasks.Tool) (string, error) {
	args := []any{started}
	for _, t := range tools {
		args = append(args, t.Name, limitText(t.Policy))
	}
	said, err := s.scripts.announceLimit.Run(ctx, s.rdb, []string{limitsKey}, args...).Text()
	if err != nil {
		return started, fmt.Errorf("announce limits: %w", err)
	}
	return said, nil
}

func limitText(p tasks.Policy) string {
	if !p.Limited() {
		return ""
	}
	return fmt.Sprintf("%d %d %d", p.Concurrency, p.Rate.N, p.Rate.Per.Milliseconds())
}

func (s *Store) limited(ctx context.Context, script *redis.Script, limit string, args ...any) *redis.Cmd {
	return script.Run(ctx, s.rdb, limitKeys(limit), append([]any{limit}, args...)...)
}
