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

// NewTask is a call that is to become a task.
type NewTask struct {
	ID           tasks.ID // from NewID, with the same owner and Repeats
	Tool         string
	Owner        tasks.Owner
	Arguments    json.RawMessage
	Policy       tasks.Policy // with its defaults
	Capabilities tasks.Capabilities
	// Key is the caller's idempotency key, "" for none. Nobody has no keys.
	Key string
	// Token tells the client's progress notifications by for the task's whole life. Nil: it wants none.
	Token json.RawMessage
	// Start is when the task may start. Zero: now.
	Start time.Time
	// Waiter is a random token of the call that waits for the task, where the end of that call would mean stop (Orphan). "" if the
	// client is told how to come back.
	Waiter string
	// Answered are questions that were asked before there was a task: the tool finds their answers.
	Answered []Answered
}

// Answered is a question with its answer.
type Answered struct {
	tasks.Question
	Answer json.RawMessage
}

// Repeats is what a call shares with its repeats: the caller's key, or, where the policy says so, the tool and its arguments. It is ""
// where every call is a task of its own.
func (n NewTask) Repeats() string {
	switch {
	case n.Owner == tasks.Nobody:
		return ""
	case n.Key != "":
		return hashKey(n.Key)
	case n.Policy.Dedupe == tasks.ByArguments:
		return "args-" + n.digest()
	}
	return ""
}

func (n NewTask) digest() string { return hashKey(n.Tool, string(n.input())) }

func (n NewTask) input() json.RawMessage {
	if len(n.Arguments) == 0 {
		return json.RawMessage("{}")
	}
	return n.Arguments
}

// limit is what has to let the task into the queue: its tool's own, if it has one.
func (n NewTask) limit() string {
	if n.Policy.Limited() {
		return n.Tool
	}
	return ""
}

// window is for how long a task that has ended serves repeats, as create.lua takes it.
func (n NewTask) window() int64 {
	if n.Key != "" {
		return -1
	}
	return n.Policy.Window.Milliseconds()
}

func (n NewTask) start() int64 {
	if n.Start.IsZero() {
		return 0
	}
	return n.Start.UnixMilli()
}

// Create writes a task and its owner's index in one round trip (two with strict durability); it can be read through any process when
// Create returns. If it repeats an earlier call of the same owner whose task serves it too, that task is returned, and created is false.
// Whoever creates a task that is Queued hands its delivery to the queue; if nobody does, the keeper will.
//
// An error leaves it unknown whether the task was created: it can be looked up by its ID.
func (s *Store) Create(ctx context.Context, n NewTask) (t *tasks.Task, created bool, err error) {
	keys, args, err := s.creation(n)
	if err != nil {
		return nil, false, fmt.Errorf("create task: %w", err)
	}
	answer, err := s.createIndexed(ctx, n, keys, args)
	if err != nil {
		return nil, false, fmt.Errorf("create task: %w", err)
	}
	if answer.code() != 1 {
		s.unlist(ctx, n.Owner, n.ID) // there is no such task
	}
	switch answer.code() {
	case 1:
		at, _ := answer[1].(int64)
		return n.fresh(time.UnixMilli(at).UTC(), tasks.Phase(answer.text(2))), true, nil
	case 0:
		t, err := s.Get(ctx, tasks.ID(answer.text(1)))
		if errors.Is(err, tasks.ErrNotFound) { // forgotten just now: it serves nobody any more
			return s.Create(ctx, n)
		}
		return t, false, err
	case -1:
		return nil, false, fmt.Errorf("create task: idempotency key of task %s: %w", answer.text(1), tasks.ErrKeyReused)
	}
	return nil, false, fmt.Errorf("create task: %w", errAnswer)
}

func (s *Store) creation(n NewTask) (keys []string, args []any, err error) {
	keys = taskKeys(n.ID)
	if key := n.Repeats(); key != "" {
		keys = append(keys, idempotencyKey(n.ID.Shard(), n.Owner, key))
	}
	fields := n.fields()
	args = append([]any{
		string(n.ID), pack(n.input()), n.Policy.MaxLifetime.Milliseconds(), n.message(), n.start(), n.window(), n.Waiter, len(fields),
	}, fields...)
	for _, a := range n.Answered {
		request, err := json.Marshal(a.Request)
		if err != nil {
			return nil, nil, err
		}
		args = append(args, a.Key, a.Request.Digest(), request, []byte(a.Answer))
	}
	return keys, args, nil
}

const queuedMessage = "queued"

func (n NewTask) message() string {
	if time.Until(n.Start) <= 0 {
		return queuedMessage + n.Policy.Bounds()
	}
	return "starts at " + n.Start.UTC().Format(time.RFC3339)
}

func (n NewTask) fields() []any {
	p := n.Policy
	fields := []any{
		"status", string(tasks.Working), "tool", n.Tool, "owner", string(n.Owner), "queue", p.Queue, "priority", string(p.Priority),
		"attempts", p.Attempts, "rerun", string(p.Rerun), "ttl", p.Retention.Milliseconds(),
		"caps", n.Capabilities.String(), "key", n.Repeats(), "digest", n.digest(), "ptoken", string(n.Token),
	}
	if limit := n.limit(); limit != "" {
		fields = append(fields, "limit", limit, "bounds", n.Policy.Bounds())
	}
	return fields
}

// fresh is the task that create wrote, without reading it back.
func (n NewTask) fresh(at time.Time, phase tasks.Phase) *tasks.Task {
	return &tasks.Task{
		ID: n.ID, Tool: n.Tool, Owner: n.Owner, Status: tasks.Working, Phase: phase, Message: n.message(),
		Delivery: tasks.Delivery{Task: n.ID, Attempt: 1, Queue: n.Policy.Queue, Priority: n.Policy.Priority, Limit: n.limit()},
		Attempts: n.Policy.Attempts, Created: at, Updated: at, Retention: n.Policy.Retention, Token: n.Token, Kept: n.Waiter == "",
	}
}

// knownFor is how long anything may be known of the task, at the most.
func (n NewTask) knownFor() time.Duration {
	return n.Policy.MaxLifetime + n.Policy.Retention + time.Hour
}

// unlist takes a task out of its owner's index. If that fails, weed finds the entry later.
func (s *Store) unlist(ctx context.Context, owner tasks.Owner, id tasks.ID) {
	if owner != tasks.Nobody {
		_ = s.rdb.ZRem(ctx, ownerKey(owner), string(id)).Err()
	}
}

// createIndexed sends both writes as one pipeline, the index first (on a cluster, where they go to two nodes, at once). With strict
// durability the record follows by itself: it alone must not be lost.
func (s *Store) createIndexed(ctx context.Context, n NewTask, keys []string, args []any) (reply, error) {
	record := func(b batch) *redis.Cmd { return b.run(ctx, s.scripts.create, keys, args...) }
	var create *redis.Cmd
	err := pipelined(ctx, s.rdb, func(b batch) {
		if n.Owner != tasks.Nobody {
			b.run(ctx, s.scripts.index, []string{ownerKey(n.Owner)}, string(n.ID), n.knownFor().Milliseconds())
		}
		if !s.opts.Strict {
			create = record(b)
		}
	})
	if err != nil {
		return nil, err
	}
	if s.opts.Strict {
		r, unsure, err := s.confirmed(ctx, n.ID, record)
		return r, errors.Join(err, unsure)
	}
	v, err := create.Slice()
	return reply(v), err
}
