package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
)

func TestCheckTellsWhatPutsTasksAtRisk(t *testing.T) {
	t.Parallel()
	server := redistest.Private(t, "--appendonly", "yes")
	rdb := server.Client(t)
	s, strict := open(t, rdb, store.Options{}), open(t, rdb, store.Options{Strict: true})
	if w := s.Check(t.Context()); len(w) != 0 {
		t.Errorf("a Redis as it should be: %q", w)
	}
	says := func(s *store.Store, words string) {
		t.Helper()
		if w := s.Check(t.Context()); !slices.ContainsFunc(w, func(w store.Warning) bool { return strings.Contains(w.Text, words) }) {
			t.Errorf("%q do not tell of %q", w, words)
		}
	}
	do := func(args ...any) {
		t.Helper()
		if err := rdb.Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	says(strict, "until Redis has a replica")
	says(strict, "min-replicas-to-write")
	do("CONFIG", "SET", "appendonly", "no", "maxmemory-policy", "allkeys-lru")
	says(s, "appendonly")
	says(s, "it is allkeys-lru")
	do("CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1")
	says(s, "full")
	do("CONFIG", "SET", "maxmemory", "0")
	do("REPLICAOF", "127.0.0.1", "1")
	says(s, "is a replica")
}

// A strict Redis that is as the documentation asks gives no reason to worry.
func TestCheckIsContentWithAStrictRedis(t *testing.T) {
	t.Parallel()
	master := redistest.Private(t, "--appendonly", "yes", "--min-replicas-to-write", "1")
	redistest.Replica(t, master)
	rdb := master.Client(t)
	if w := open(t, rdb, store.Options{Strict: true}).Check(t.Context()); len(w) != 0 {
		t.Errorf("%q", w)
	}
}

// On a cluster each master is asked, not whichever comes first.
func TestCheckAsksEveryMaster(t *testing.T) {
	t.Parallel()
	c := redistest.ClusterOf(t, 3, 0, "--appendonly", "yes")
	s := open(t, redistest.Open(t, c.Options()), store.Options{})
	if w := s.Check(t.Context()); len(w) != 0 {
		t.Errorf("a cluster as it should be: %q", w)
	}
	for _, m := range c.Masters {
		rdb := m.Client(t)
		if err := rdb.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
			t.Fatal(err)
		}
		if w := s.Check(t.Context()); len(w) != 1 || w[0].Node != m.Addr() {
			t.Errorf("%q do not tell of the node at %s", w, m.Addr())
		}
		if err := rdb.ConfigSet(t.Context(), "maxmemory-policy", "noeviction").Err(); err != nil {
			t.Fatal(err)
		}
	}
}
