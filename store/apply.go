package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Client is the writer of an event that no attempt is behind.
var Client = Lease{}

// Outcome is what a task ends with.
type Outcome struct {
	Message string          // the last status message
	Clean   bool            // of Finish: the tool reported no error
	Result  json.RawMessage // of Finish
	Error   *tasks.Error    // of Break
}

func (o Outcome) payload() ([]byte, error) {
	if o.Error != nil {
		return json.Marshal(o.Error)
	}
	return pack(o.Result), nil
}

// Apply ends a task by an event; it is the only way to. It is durable when it returns: a crash after it cannot undo the event.
// The first terminal event wins: a later one is a StateError. An attempt that is not by's own any more is ErrLost.
func (s *Store) Apply(ctx context.Context, id tasks.ID, e tasks.Event, by Lease, o Outcome) error {
	payload, err := o.payload()
	if err != nil {
		return fmt.Errorf("%s task: %w", e, err)
	}
	args := by.args(o.Message, payload, count(o.Clean))
	args = append(append([]any{string(e.To())}, args...), anys(e.From())...)
	r, unsure, err := s.lasting(ctx, s.scripts.transition, id, args...)
	if err != nil {
		return fmt.Errorf("%s task: %w", e, err)
	}
	switch r.code() {
	case 1:
		return unsure
	case 0:
		return &tasks.StateError{Event: e, Status: tasks.Status(r.text(1))}
	case -1:
		return tasks.ErrNotFound
	case -2:
		return tasks.ErrLost
	}
	return fmt.Errorf("%s task: %w", e, errAnswer)
}

const cancelledMessage = "cancelled by the client"

// Cancel ends a task for its client. The worker learns of it at once, and stops. A task that has ended stays as it is.
func (s *Store) Cancel(ctx context.Context, id tasks.ID) error {
	err := s.CancelOpen(ctx, id)
	if _, ended := errors.AsType[*tasks.StateError](err); ended {
		return nil
	}
	return err
}

// CancelOpen is Cancel where a task that has ended is a StateError.
func (s *Store) CancelOpen(ctx context.Context, id tasks.ID) error {
	return s.Apply(ctx, id, tasks.Cancel, Client, Outcome{Message: cancelledMessage})
}

// Answer keeps a client's answers, by key: the first answer to a question counts, other keys, and answers that come after their time,
// are ignored. If the task had been waiting without a slot, next is the delivery that resumes it.
func (s *Store) Answer(ctx context.Context, id tasks.ID, answers map[string]json.RawMessage) (next *tasks.Delivery, err error) {
	args := []any{string(tasks.Answer.From()[0])}
	for _, key := range slices.Sorted(maps.Keys(answers)) {
		args = append(args, key, []byte(answers[key]))
	}
	r, unsure, err := s.lasting(ctx, s.scripts.answer, id, args...)
	if err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	switch r.code() {
	case 2:
		d := delivery(id, r.list(1))
		return &d, unsure
	case 1, 0: // 0 too: an answer that is repeated may not be on a replica yet
		return nil, unsure
	case -1:
		return nil, tasks.ErrNotFound
	}
	return nil, fmt.Errorf("answer: %w", errAnswer)
}
