package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// maxMemory bounds what one task remembers between attempts, in bytes.
const maxMemory = 16 << 20

// Remember keeps a named value for the later attempts of a task; n counts the values of this attempt, from 1. It is durable when it returns.
func (s *Store) Remember(ctx context.Context, l Lease, n int, name string, value json.RawMessage) (Pulse, error) {
	r, err := s.task(ctx, s.scripts.remember, l.Task, l.args(n, name, []byte(value), maxMemory)...)
	if err == nil && r.text(0) == "full" {
		return Pulse{}, fmt.Errorf("remember %q: %w", name, ErrMemoryFull)
	}
	p, err := pulse(r, err)
	if err != nil {
		return p, fmt.Errorf("remember %q: %w", name, err)
	}
	return p, nil
}

// ErrMemoryFull: what a task remembers is bounded.
var ErrMemoryFull = fmt.Errorf("a task may remember %d bytes in all", maxMemory)

// Recall reads all that the attempts of a task have remembered so far.
func (s *Store) Recall(ctx context.Context, id tasks.ID) (map[string]json.RawMessage, error) {
	all, err := s.rdb.HGetAll(ctx, memoryKey(id)).Result()
	if err != nil {
		return nil, fmt.Errorf("recall: %w", err)
	}
	memory := make(map[string]json.RawMessage, len(all))
	for name, value := range all {
		memory[name] = json.RawMessage(value)
	}
	return memory, nil
}
