package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Errand is something that exactly one of a session's streams carries: a question, or what happens to a task.
type Errand struct{ field string }

// QuestionErrand is to ask the session's client a question of a task.
func QuestionErrand(id tasks.ID, key string) Errand {
	return Errand{questionField + string(id) + "/" + key}
}

// IsQuestion reports whether the errand is to ask something.
func (e Errand) IsQuestion() bool { return strings.HasPrefix(e.field, questionField) }

// Asks reports whether the errand is a question of this task.
func (e Errand) Asks(id tasks.ID) bool {
	return strings.HasPrefix(e.field, questionField+string(id)+"/")
}

// ResultErrand is to serve tasks/result: what happens to the task meanwhile is told on that stream.
func ResultErrand(id tasks.ID) Errand { return Errand{resultField + string(id)} }

// Carry asks whether a stream may carry out an errand, from now on for a while: it asks again before that is over, or another stream may.
// A stream that holds the other errand goes before, unless that is none.
func (s *Store) Carry(ctx context.Context, session, stream string, e Errand, while time.Duration, before Errand) (bool, error) {
	n, err := s.scripts.carry.Run(ctx, s.rdb, []string{sessionKey(session)}, e.field, stream, while.Milliseconds(), before.field).Int()
	if err != nil {
		return false, fmt.Errorf("carry: %w", err)
	}
	if n < 0 {
		return false, ErrNoSession
	}
	return n == 1, nil
}

// CarryOn says that a stream still carries its errands, in one round trip. lost are those that another stream took over meanwhile, since
// this one said so too late.
func (s *Store) CarryOn(ctx context.Context, session, stream string, while time.Duration, errands ...Errand) (lost []Errand, err error) {
	carried := make([]*redis.Cmd, len(errands))
	err = pipelined(ctx, s.rdb, func(b batch) {
		for i, e := range errands {
			carried[i] = b.run(ctx, s.scripts.carry, []string{sessionKey(session)}, e.field, stream, while.Milliseconds(), "")
		}
	})
	if err != nil {
		return nil, fmt.Errorf("carry on: %w", err)
	}
	for i, e := range errands {
		if n, _ := carried[i].Int(); n == 0 {
			lost = append(lost, e)
		}
	}
	return lost, nil
}

// Forget takes back errands that nobody has to carry any more.
func (s *Store) Forget(ctx context.Context, session string, errands ...Errand) error {
	fields := make([]string, len(errands))
	for i, e := range errands {
		fields[i] = e.field
	}
	if err := s.rdb.HDel(ctx, sessionKey(session), fields...).Err(); err != nil {
		return fmt.Errorf("forget errands: %w", err)
	}
	return nil
}

// Drop ends a stream's errands: other streams of the session take them up.
func (s *Store) Drop(ctx context.Context, session, stream string, errands ...Errand) error {
	args := []any{stream, lookAgain}
	for _, e := range errands {
		args = append(args, e.field)
	}
	if err := s.scripts.drop.Run(ctx, s.rdb, []string{sessionKey(session)}, args...).Err(); err != nil {
		return fmt.Errorf("drop: %w", err)
	}
	return nil
}
