package store

import (
	"context"
	"fmt"

	"github.com/longhaul-mcp/longhaul/tasks"
)

const orphanedMessage = "cancelled, since nobody waited for it any more"

// Abandon says that a call (NewTask.Waiter) does not wait for its task any more.
func (s *Store) Abandon(ctx context.Context, id tasks.ID, waiter string) error {
	if _, err := s.task(ctx, s.scripts.abandon, id, waiter); err != nil {
		return fmt.Errorf("abandon: %w", err)
	}
	return nil
}

// Keep says that a client can come back to a task, which is no orphan then.
func (s *Store) Keep(ctx context.Context, id tasks.ID) error {
	r, err := s.task(ctx, s.scripts.keep, id)
	if err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	if r.code() < 0 {
		return tasks.ErrNotFound
	}
	return nil
}

// Orphan cancels a task if no call waits for it and nobody can come back to it. Its worker learns of it at once.
func (s *Store) Orphan(ctx context.Context, id tasks.ID) (cancelled bool, err error) {
	args := append([]any{string(tasks.Cancel.To()), orphanedMessage}, anys(tasks.Cancel.From())...)
	r, err := s.task(ctx, s.scripts.orphan, id, args...)
	if err != nil {
		return false, fmt.Errorf("orphan: %w", err)
	}
	return r.code() == 1, nil
}
