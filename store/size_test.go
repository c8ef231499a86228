package store_test

import (
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// One value over 64 bytes would turn the record into a hash table, twice as large, for good.
func TestARecordStaysSmall(t *testing.T) {
	t.Parallel()
	server := redistest.Private(t)
	rdb := server.Client(t)
	s := open(t, rdb, store.Options{})
	task := create(t, s, func(n *store.NewTask) {
		n.Tool = strings.Repeat("t", 64)
		n.Policy.Queue = strings.Repeat("q", 48)
		n.Key = "k"
		n.Capabilities = tasks.Capabilities{tasks.CanFillForms, tasks.CanVisit, tasks.CanSample, tasks.CanListRoots}
	})
	c := claim(t, s, task.Delivery, strings.Repeat("x", 14))
	long := strings.Repeat("m", 300)
	if _, err := s.Report(t.Context(), c.Lease, 1, &tasks.Progress{Done: 1.5e300, Total: 2, Message: long}, nil); err != nil {
		t.Fatal(err)
	}
	if got := get(t, s, task.ID); got.Message != long {
		t.Errorf("message of %d bytes, want 300", len(got.Message))
	}
	record := shard(task.ID, "t:"+string(task.ID))
	if enc := rdb.ObjectEncoding(t.Context(), record).Val(); enc != "listpack" {
		t.Errorf("the record is a %s: %v", enc, rdb.HGetAll(t.Context(), record).Val())
	}
}
