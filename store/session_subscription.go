package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// maxSubscriptions is how many resources a session subscribes to. Of more the oldest goes.
const maxSubscriptions = 100

// SubscribeSession has a session's stream tell when a resource changes.
func (s *Store) SubscribeSession(ctx context.Context, session, uri string) error {
	if err := s.note(ctx, session, uriField, uri, "", maxSubscriptions); err != nil {
		return err
	}
	return s.nudge(ctx, session)
}

// UnsubscribeSession ends what SubscribeSession began.
func (s *Store) UnsubscribeSession(ctx context.Context, session, uri string) error {
	if err := s.rdb.HDel(ctx, sessionKey(session), uriField+uri).Err(); err != nil {
		return fmt.Errorf("unsubscribe: %w", err)
	}
	return s.nudge(ctx, session)
}

// Subscriptions are the resources that a session's stream tells about, sorted.
func (s *Store) Subscriptions(ctx context.Context, session string) (uris []string, err error) {
	fields, err := s.rdb.HKeys(ctx, sessionKey(session)).Result()
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	for _, field := range fields {
		if uri, ok := strings.CutPrefix(field, uriField); ok {
			uris = append(uris, uri)
		}
	}
	slices.Sort(uris)
	return uris, nil
}
