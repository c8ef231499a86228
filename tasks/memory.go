package tasks

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// Memory is what the attempts of one task leave to each other.
type Memory interface {
	// Recall finds what an earlier attempt, or this one, remembered under a name; nil if nothing.
	Recall(ctx context.Context, name string) (json.RawMessage, error)
	// Remember is durable when it returns.
	Remember(ctx context.Context, name string, value json.RawMessage) error
}

const (
	checkpointName = "checkpoint"
	stepPrefix     = "step:"
	maxStepName    = 128
	maxRemembered  = 15 << 20 // bytes of one value: a checkpoint may take nearly all that a task may remember
)

// Step runs fn once for its task and remembers the result: a later attempt, after a crash, a deploy or a question, gets the remembered
// result at once. A step that fails is not remembered, and runs again. The name tells the steps of a task apart:
// used twice in one attempt it is an error, so in a loop put the item into it ("page 7").
//
// The result is durable when Step returns. A crash between the end of fn and that moment runs fn again: make what it does repeatable,
// or give it the task's id as an idempotency key.
//
// A result may have 15 MiB as JSON, and all that a task remembers 16 MiB: a larger one is an error that is not tried again.
func Step[T any](ctx context.Context, a *Attempt, name string, fn func(ctx context.Context) (T, error)) (T, error) {
	var v T
	if name == "" || len(name) > maxStepName {
		return v, Permanent(fmt.Errorf("step: its name has 1 to %d bytes, this one has %d", maxStepName, len(name)))
	}
	if !a.steps.take(name) {
		return v, Permanent(fmt.Errorf("step %q: this attempt has had it: in a loop, put the item into the name", name))
	}
	found, err := a.recall(ctx, stepPrefix+name, &v)
	if err == nil && !found {
		if v, err = fn(ctx); err == nil {
			err = a.remember(ctx, stepPrefix+name, v)
		}
	}
	if err != nil {
		a.steps.drop(name) // it may be tried again
	}
	return v, err
}

// names are the steps that an attempt has had, or is at.
type names struct {
	mu    sync.Mutex
	taken map[string]bool
}

func (n *names) take(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.taken[name] {
		return false
	}
	if n.taken == nil {
		n.taken = make(map[string]bool)
	}
	n.taken[name] = true
	return true
}

func (n *names) drop(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.taken, name)
}

// Checkpoint remembers how far the work is: Resume gives v back to a later attempt. It replaces the one before, and is durable when it
// returns. Call it as often as you could bear to lose, not more: each is a trip to Redis. v may have 15 MiB as JSON, and all that a task
// remembers 16 MiB: a larger one is an error that is not tried again.
func (a *Attempt) Checkpoint(ctx context.Context, v any) error {
	return a.remember(ctx, checkpointName, v)
}

// Resume reads the last checkpoint of this task into v. It is false if there is none: start from the beginning.
func (a *Attempt) Resume(ctx context.Context, v any) (found bool, err error) {
	return a.recall(ctx, checkpointName, v)
}

func (a *Attempt) recall(ctx context.Context, name string, v any) (bool, error) {
	doc, err := a.memory.Recall(ctx, name)
	if err != nil || doc == nil {
		return false, err
	}
	if err := Unmarshal(doc, v); err != nil {
		return false, Permanent(fmt.Errorf("%s: what an earlier attempt remembered cannot be read: %w", name, err))
	}
	return true, nil
}

func (a *Attempt) remember(ctx context.Context, name string, v any) error {
	doc, err := json.Marshal(v)
	if err != nil {
		return Permanent(fmt.Errorf("%s: %w", name, err))
	}
	if len(doc) > maxRemembered {
		return Permanent(fmt.Errorf("%s: %d bytes, the limit is %d: keep large data elsewhere and remember where", name, len(doc), maxRemembered))
	}
	return a.memory.Remember(ctx, name, doc)
}

// volatile is the memory of a tool under test, which has one attempt.
type volatile struct{ values sync.Map }

func (m *volatile) Recall(_ context.Context, name string) (json.RawMessage, error) {
	v, _ := m.values.Load(name)
	doc, _ := v.(json.RawMessage)
	return doc, nil
}

func (m *volatile) Remember(_ context.Context, name string, value json.RawMessage) error {
	m.values.Store(name, value)
	return nil
}
