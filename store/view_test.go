package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
)

func views(t *testing.T, s *store.Store) []store.View {
	t.Helper()
	list, err := s.Views(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func tell(t *testing.T, s *store.Store, worker string, servers ...store.View) {
	t.Helper()
	if err := s.Tell(t.Context(), worker, servers); err != nil {
		t.Fatal(err)
	}
}

func TestEachWorkersViewIsSeen(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		since := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
		up := store.View{Server: "github", State: "up", Since: since, Name: "gh", Version: "1.2", Protocol: "2026-07-28", Calls: 3}
		down := store.View{Server: "github", State: "down", Since: since.In(time.FixedZone("x", 3600)), Reason: "connection refused"}
		tell(t, s, "b:1:x", store.View{Server: "search", State: "starting", Since: since}, down)
		tell(t, s, "a:1:x", up)
		of := func(v store.View, worker string) store.View {
			v.Worker, v.Since = worker, v.Since.UTC()
			return v
		}
		want := []store.View{of(up, "a:1:x"), of(down, "b:1:x"), {Worker: "b:1:x", Server: "search", State: "starting", Since: since}}
		if diff := cmp.Diff(want, views(t, s)); diff != "" {
			t.Error(diff)
		}
		down.State, down.Reason = "up", ""
		tell(t, s, "b:1:x", down)
		if diff := cmp.Diff([]store.View{of(up, "a:1:x"), of(down, "b:1:x")}, views(t, s)); diff != "" {
			t.Errorf("after another view: %s", diff)
		}
		tell(t, s, "a:1:x")
		if diff := cmp.Diff([]store.View{of(down, "b:1:x")}, views(t, s)); diff != "" {
			t.Errorf("after a worker left: %s", diff)
		}
	})
}

// What a worker said that is gone is not seen, and the next one that says something has it forgotten.
func TestTheViewOfADeadWorkerVanishes(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		const on, view = "lh:{up}:on", "lh:{up}:view"
		tell(t, s, "dead", store.View{Server: "github", State: "up"})
		for _, key := range []string{on, view} {
			if left := rdb.PTTL(t.Context(), key).Val(); left <= 0 || left > store.ViewLease {
				t.Errorf("%s lives for %s", key, left)
			}
		}
		if err := rdb.ZAdd(t.Context(), on, redis.Z{Score: 1, Member: "dead"}).Err(); err != nil { // its lease is over
			t.Fatal(err)
		}
		if list := views(t, s); len(list) > 0 {
			t.Errorf("%+v", list)
		}
		tell(t, s, "alive", store.View{Server: "github", State: "up"})
		if kept := rdb.HKeys(t.Context(), view).Val(); len(kept) != 1 || kept[0] != "alive" || rdb.ZCard(t.Context(), on).Val() != 1 {
			t.Errorf("kept are the views of %q, %d workers", kept, rdb.ZCard(t.Context(), on).Val())
		}
		tell(t, s, "alive")
		if n := rdb.Exists(t.Context(), on, view).Val(); n != 0 {
			t.Errorf("%d keys are left of nobody", n)
		}
	})
}

func TestWhatServersSayOfThemselvesIsBounded(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		long := strings.Repeat("é", 10_000)
		tell(t, s, "w", store.View{Server: "github", State: "down", Reason: "x" + long, Name: long, Version: long, Protocol: "x" + long})
		for _, v := range views(t, s) {
			for what, text := range map[string]string{"reason": v.Reason, "name": v.Name, "version": v.Version, "protocol": v.Protocol} {
				limit := 64
				if what == "reason" {
					limit = 300
				}
				if len(text) > limit || len(text) < limit-3 || !strings.HasSuffix(text, "é…") || strings.Contains(text, "\uFFFD") {
					t.Errorf("%s: %d bytes, %q", what, len(text), text)
				}
			}
		}
		many := make([]store.View, 1000) // is compressed
		for i := range many {
			many[i] = store.View{Server: "s", State: "down", Reason: long}
		}
		tell(t, s, "w", many...)
		if n := len(views(t, s)); n != len(many) {
			t.Errorf("%d are seen", n)
		}
		if err := rdb.HSet(t.Context(), "lh:{up}:view", "w", "of a later release").Err(); err != nil {
			t.Fatal(err)
		}
		if list := views(t, s); len(list) > 0 {
			t.Errorf("%+v", list)
		}
	})
}

// Saying the same again renews the lease.
func TestAViewIsRenewed(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		v := store.View{Server: "github", State: "up", Since: time.Now()}
		tell(t, s, "w", v)
		before := rdb.ZScore(t.Context(), "lh:{up}:on", "w").Val()
		if err := rdb.PExpire(t.Context(), "lh:{up}:view", time.Second).Err(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a later lease", func() bool {
			tell(t, s, "w", v)
			return rdb.ZScore(t.Context(), "lh:{up}:on", "w").Val() > before && rdb.PTTL(t.Context(), "lh:{up}:view").Val() > time.Second
		})
		if n := len(views(t, s)); n != 1 {
			t.Errorf("%d are seen", n)
		}
	})
}
