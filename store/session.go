package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Session is what a client of a revision before 2026-07-28 agreed on with us when it initialized. Any process can read it.
type Session struct {
	ID            string
	Version       string // the negotiated revision
	Client        string // its name
	ClientVersion string
	Owner         tasks.Owner
	Capabilities  tasks.Capabilities // what it can answer
	Level         string             // of the log messages that it wants
}

// ErrNoSession: it was never there, was ended, or was not used for too long.
var ErrNoSession = errors.New("no such session")

const (
	sessionLife   = 24 * time.Hour // from its last use
	sessionMoment = time.Minute    // uses within it count as one
	maxRequests   = 200            // in flight in one session that can be cancelled
)

// values are what a session keeps, for sessionFields.
func (x Session) values() []string {
	return []string{x.Version, short(x.Client), short(x.ClientVersion), string(x.Owner), x.Capabilities.String(), x.Level}
}

func parseSession(id string, values reply) *Session {
	return &Session{
		ID: id, Version: values.text(0), Client: values.text(1), ClientVersion: values.text(2),
		Owner: tasks.Owner(values.text(3)), Capabilities: tasks.ParseCapabilities(values.text(4)), Level: values.text(5),
	}
}

// UseSession reads a session in one round trip, and lets its life begin anew.
func (s *Store) UseSession(ctx context.Context, id string) (*Session, error) {
	args := append([]any{sessionLife.Milliseconds(), sessionMoment.Milliseconds()}, anys(sessionFields)...)
	v, err := s.scripts.session.Run(ctx, s.rdb, []string{sessionKey(id)}, args...).Slice()
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	r := reply(v)
	if len(r) == 0 {
		return nil, ErrNoSession
	}
	return parseSession(id, r), nil
}

// SetLevel changes which log messages a session's client wants, and tells whoever serves a stream of it.
func (s *Store) SetLevel(ctx context.Context, session, level string) error {
	return s.amend(ctx, session, levelField, level)
}

// amend changes a field of a session, and tells whoever serves a stream of it.
func (s *Store) amend(ctx context.Context, session, field, value string) error {
	n, err := s.scripts.amend.Run(ctx, s.rdb, []string{sessionKey(session)}, field, value).Int()
	if err != nil {
		return fmt.Errorf("set %s of session: %w", field, err)
	}
	if n == 0 {
		return ErrNoSession
	}
	return s.nudge(ctx, session)
}

// EndSession forgets a session, and tells whoever serves a stream of it. Its tasks go on.
func (s *Store) EndSession(ctx context.Context, owner tasks.Owner, id string) error {
	_, err := s.rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Del(ctx, sessionKey(id))
		p.Publish(ctx, sessionKey(id), lookAgain)
		return nil
	})
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	if owner != tasks.Nobody { // or it would count among the caller's sessions for a day
		_ = s.rdb.ZRem(ctx, sessionsKey(owner), id).Err() // else it is found to be gone when there are too many
	}
	return nil
}

// note keeps one of a bounded number of fields that begin alike.
func (s *Store) note(ctx context.Context, session, prefix, name, value string, most int) error {
	n, err := s.scripts.note.Run(ctx, s.rdb, []string{sessionKey(session)}, prefix, name, value, most).Int()
	if err != nil {
		return fmt.Errorf("note in session: %w", err)
	}
	if n == 0 {
		return ErrNoSession
	}
	return nil
}

// noted is what note keeps in a field: "" if nothing.
func (s *Store) noted(ctx context.Context, session, field string) (string, error) {
	v, err := s.rdb.HGet(ctx, sessionKey(session), field).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", fmt.Errorf("read from session: %w", err)
	}
	_, value, _ := strings.Cut(v, " ") // before it is when that was
	return value, nil
}

// SessionChanged signals when a session may have ended, or what its streams carry may have changed, and once at the start.
// stop ends it.
func (w *Watcher) SessionChanged(id string) (changes <-chan struct{}, stop func()) {
	return w.nudges(sessionKey(id))
}
