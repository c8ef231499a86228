package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// maxSessionTasks is how many tasks a session's stream tells about.
const maxSessionTasks = 100

// Adopt has a session's stream tell what happens to a task.
func (s *Store) Adopt(ctx context.Context, session string, id tasks.ID) error {
	if err := s.note(ctx, session, taskField, string(id), "", maxSessionTasks); err != nil {
		return err
	}
	return s.nudge(ctx, session)
}

// Disown ends what Adopt began.
func (s *Store) Disown(ctx context.Context, session string, id tasks.ID) error {
	if err := s.rdb.HDel(ctx, sessionKey(session), taskField+string(id)).Err(); err != nil {
		return fmt.Errorf("disown task: %w", err)
	}
	return nil
}

// Attend makes a stream the one of its session that carries what belongs to no request. One that was it before learns of that.
func (s *Store) Attend(ctx context.Context, session, stream string) error {
	return s.amend(ctx, session, streamField, stream)
}

// Attended is which stream carries what belongs to no request, and the tasks that it tells about.
func (s *Store) Attended(ctx context.Context, session string) (stream string, ids []tasks.ID, err error) {
	fields, err := s.rdb.HGetAll(ctx, sessionKey(session)).Result()
	if err != nil {
		return "", nil, fmt.Errorf("read session: %w", err)
	}
	if len(fields) == 0 {
		return "", nil, ErrNoSession
	}
	for field := range fields {
		if name, ok := strings.CutPrefix(field, taskField); ok {
			if id, err := tasks.ParseID(name); err == nil {
				ids = append(ids, id)
			}
		}
	}
	return fields[streamField], ids, nil
}

// Told notes up to which event a session's client has been told of a task's log, for the next stream that tells of it.
func (s *Store) Told(ctx context.Context, session string, id tasks.ID, seq int64) error {
	return s.note(ctx, session, toldField, string(id), strconv.FormatInt(seq, 10), maxSessionTasks)
}

// Heard is what Told noted: 0 if nothing, or nothing any more.
func (s *Store) Heard(ctx context.Context, session string, id tasks.ID) (seq int64, err error) {
	text, err := s.noted(ctx, session, toldField+string(id))
	seq, _ = strconv.ParseInt(text, 10, 64) // absent is zero
	return seq, err
}

func (s *Store) nudge(ctx context.Context, session string) error {
	if err := s.rdb.Publish(ctx, sessionKey(session), lookAgain).Err(); err != nil {
		return fmt.Errorf("nudge session: %w", err)
	}
	return nil
}
