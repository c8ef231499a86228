package tasks_test

import (
	"errors"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
)

func FuzzParseID(f *testing.F) {
	f.Add(string(tasks.NewID(0)))
	f.Add(string(tasks.NewID(4095)))
	f.Add("x")
	f.Add("786512e2-9e0d-44bd-8f29-789f320fe840-07")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := tasks.ParseID(s)
		if err != nil {
			if !errors.Is(err, tasks.ErrNotFound) {
				t.Errorf("%q: %v, want ErrNotFound", s, err)
			}
			return
		}
		if string(id) != s || id.Shard() < 0 {
			t.Errorf("%q: %q on shard %d", s, id, id.Shard())
		}
	})
}
