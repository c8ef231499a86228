package admin_test

import (
	"errors"
	"testing"

	"github.com/longhaul-mcp/longhaul/internal/admin"
	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
)

func TestServersAreSeenByAllWorkers(t *testing.T) {
	t.Parallel()
	server := redistest.Private(t)
	url := "redis://" + server.Addr()
	s, err := store.Open(t.Context(), server.Client(t), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := admin.Servers(t.Context(), url); err != nil || len(list) > 0 {
		t.Errorf("%+v, %v", list, err)
	}
	for worker, state := range map[string]string{"a": "up", "b": "down"} {
		if err := s.Tell(t.Context(), worker, []store.View{{Server: "github", State: state}}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := admin.Servers(t.Context(), url)
	if err != nil || len(list) != 2 || list[0].Worker != "a" || list[0].State != "up" || list[1].Worker != "b" || list[1].State != "down" {
		t.Errorf("%+v, %v", list, err)
	}
	server.Kill()
	if _, err := admin.Servers(t.Context(), url); !errors.Is(err, admin.ErrUnreachable) {
		t.Errorf("%v, want it unreachable", err)
	}
}
