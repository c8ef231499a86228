package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// MaxClientName is how many bytes of a client's name a session keeps, and of its version.
const MaxClientName = 64

const (
	freshLife   = 10 * time.Minute // of a session that nobody has used: initialize alone costs nothing that lasts
	defSessions = 10_000
	thinned     = 50 // sessions that are looked at when there are too many
)

// OpenSession keeps a new session, in one round trip. A caller may have a bounded number of them: then the one that was not used for
// longest ends. Strangers share no such bound, since one could end the sessions of others by it: theirs are bounded by their lives.
func (s *Store) OpenSession(ctx context.Context, x Session) error {
	args := []any{freshLife.Milliseconds()}
	for i, value := range x.values() {
		args = append(args, sessionFields[i], value)
	}
	var opened, listed *redis.Cmd
	err := pipelined(ctx, s.rdb, func(b batch) {
		opened = b.run(ctx, s.scripts.open, []string{sessionKey(x.ID)}, args...)
		if x.Owner != tasks.Nobody {
			listed = b.run(ctx, s.scripts.enlist, []string{sessionsKey(x.Owner)}, x.ID, sessionLife.Milliseconds(), s.opts.Sessions, thinned)
		}
	})
	if err := cmp.Or(opened.Err(), err); err != nil {
		return fmt.Errorf("open session: %w", err)
	}
	if listed == nil {
		return nil
	}
	if oldest, err := listed.Slice(); err == nil && len(oldest) > 1 {
		_ = s.thin(ctx, x.Owner, reply(oldest)) // else the next one that opens does it
	}
	return nil
}

func short(s string) string { return s[:min(len(s), MaxClientName)] }

// thin ends one of a caller's sessions, or finds that one has ended. The list says when a session was opened: what is learnt of its last
// use on the way is noted there, so that those in use are not looked at again soon.
func (s *Store) thin(ctx context.Context, owner tasks.Owner, oldest reply) error {
	now := oldest.code()
	left, err := s.lives(ctx, oldest[1:])
	if err != nil {
		return err
	}
	var gone []any
	used := make([]redis.Z, 0, len(left))
	for id, d := range left {
		if d < 0 {
			gone = append(gone, id)
		} else {
			used = append(used, redis.Z{Member: id, Score: float64(now - (sessionLife - d).Milliseconds())})
		}
	}
	slices.SortFunc(used, func(a, b redis.Z) int { return cmp.Compare(a.Score, b.Score) })
	if len(gone) == 0 {
		last := text(used[0].Member)
		gone, used = append(gone, last), used[1:]
		err = s.EndSession(ctx, owner, last)
	}
	_, tidied := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		if len(used) > 0 {
			p.ZAddXX(ctx, sessionsKey(owner), used...)
		}
		p.ZRem(ctx, sessionsKey(owner), gone...)
		return nil
	})
	return errors.Join(err, tidied)
}

// lives are for how long sessions would go on unused: negative if they are gone.
func (s *Store) lives(ctx context.Context, ids []any) (map[string]time.Duration, error) {
	ttls := make(map[string]*redis.DurationCmd, len(ids))
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, id := range ids {
			ttls[text(id)] = p.PTTL(ctx, sessionKey(text(id)))
		}
		return nil
	})
	left := make(map[string]time.Duration, len(ids))
	for id, ttl := range ttls {
		left[id] = ttl.Val()
	}
	return left, err
}
