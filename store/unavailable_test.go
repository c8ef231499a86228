package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestARedisThatCannotServeIsTold(t *testing.T) {
	t.Parallel()
	server := redistest.Private(t)
	rdb := server.Client(t)
	s := open(t, rdb, store.Options{})
	n := store.NewTask{ID: s.NewID(tasks.Local, ""), Tool: "t", Owner: tasks.Local, Policy: tasks.Policy{}.WithDefaults("q")}
	told := func(what string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, _, err := s.Create(ctx, n); !store.Unavailable(err) {
			t.Errorf("%s: %v is not told as unavailable", what, err)
		}
	}
	set := func(args ...any) {
		t.Helper()
		if err := rdb.Do(t.Context(), append([]any{"CONFIG", "SET"}, args...)...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	set("maxmemory", "1")
	told("full")
	set("maxmemory", "0")
	if err := rdb.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	told("a replica")
	if err := rdb.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	server.Freeze()
	told("frozen")
	server.Thaw()
	server.Kill()
	told("gone")
	for _, err := range []error{nil, tasks.ErrNotFound, errors.New("ERR unknown"), fmt.Errorf("x: %w", context.Canceled)} {
		if store.Unavailable(err) {
			t.Errorf("%v is told as unavailable", err)
		}
	}
}
