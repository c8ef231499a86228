package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
)

func TestResourcesAreWatchedByOneWorker(t *testing.T) {
	inquirers(t, func(t *testing.T, x *inquirer) {
		ctx := within(t, 20*time.Second)
		wanted := func(worker string) []string {
			t.Helper()
			uris, err := x.store.Wanted(ctx, source, worker)
			if err != nil {
				t.Fatal(err)
			}
			return uris
		}
		for _, worker := range []string{"b", "a"} {
			if _, err := x.store.Stand(ctx, source, worker); err != nil {
				t.Fatal(err)
			}
		}
		told, stop := x.watcher.WantedChanged(source)
		defer stop()
		sub, err := x.watcher.Subscribe(ctx, map[string][]string{source: {"x://2", "x://1"}})
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		<-told
		if a, b := wanted("a"), wanted("b"); len(b) != 0 || !slices.Contains(a, "x://1") || len(a) != 2 {
			t.Errorf("a: %v, b: %v", a, b)
		}
		if err := x.store.StandDown(ctx, source, "a"); err != nil {
			t.Fatal(err)
		}
		if b := wanted("b"); len(b) != 2 {
			t.Errorf("nobody took over: %v", b)
		}
		if ttl := x.rdb.PTTL(ctx, "lh:{src:"+source+"}:sub").Val(); ttl <= 2*store.WantEvery {
			t.Errorf("the subscription lives %s", ttl)
		}
		if err := x.rdb.ZAdd(ctx, "lh:{src:"+source+"}:sub", redis.Z{Score: 1, Member: "x://1"}).Err(); err != nil { // as time would
			t.Fatal(err)
		}
		if b := wanted("b"); len(b) != 1 {
			t.Errorf("a lapsed one is watched: %v", b)
		}
		if err := sub.Renew(ctx); err != nil || len(wanted("b")) != 2 {
			t.Error("it was not renewed", err)
		}
	})
}

func TestChangesOfResourcesAreHeard(t *testing.T) {
	inquirers(t, func(t *testing.T, x *inquirer) {
		ctx := within(t, 20*time.Second)
		sub, err := x.watcher.Subscribe(ctx, map[string][]string{source: {"x://a b", "x://2"}, "other": {"y://1"}})
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		if got := sub.Changed(); len(got) > 0 {
			t.Errorf("changed at first: %v", got)
		}
		for _, uri := range []string{"x://a b", "x://unknown", "x://a b"} {
			if err := x.store.Updated(ctx, source, uri); err != nil {
				t.Fatal(err)
			}
		}
		if err := x.store.Updated(ctx, "other", "y://1"); err != nil {
			t.Fatal(err)
		}
		var got []string
		for !slices.Contains(got, "y://1") {
			<-sub.C
			got = append(got, sub.Changed()...)
		}
		if got = slices.Compact(got); !cmp.Equal(got, []string{"x://a b", "y://1"}) {
			t.Errorf("got %v", got)
		}
	})
}

// What changed while the connection was lost was not heard: anything may have.
func TestAfterAGapAnyResourceMayHaveChanged(t *testing.T) {
	t.Parallel()
	rdb := redistest.Open(t, redistest.Private(t).Options())
	ctx := within(t, 20*time.Second)
	sub, err := watcher(t, open(t, rdb, store.Options{})).Subscribe(ctx, map[string][]string{source: {"x://1", "x://2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	if err := rdb.Do(ctx, "CLIENT", "KILL", "TYPE", "pubsub").Err(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-sub.C:
	case <-ctx.Done():
		t.Fatal("nothing is heard of")
	}
	if got := sub.Changed(); !cmp.Equal(got, []string{"x://1", "x://2"}) {
		t.Errorf("got %v", got)
	}
}

func TestThereIsRoomForSoManyResources(t *testing.T) {
	inquirers(t, func(t *testing.T, x *inquirer) {
		ctx := within(t, 20*time.Second)
		many := make([]string, 1001)
		for i := range many {
			many[i] = fmt.Sprintf("x://%d", i)
		}
		sub, err := x.watcher.Subscribe(ctx, map[string][]string{source: many})
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		again, err := x.watcher.Subscribe(ctx, map[string][]string{source: {"x://0", "x://more"}})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if sub.URIs()["x://1000"] || len(sub.URIs()) != 1000 || !again.URIs()["x://0"] || again.URIs()["x://more"] {
			t.Errorf("%d, %v", len(sub.URIs()), again.URIs())
		}
	})
}

func TestASessionsSubscriptions(t *testing.T) {
	inquirers(t, func(t *testing.T, x *inquirer) {
		ctx := within(t, 20*time.Second)
		session := session(t, x.store).ID
		for _, uri := range []string{"x://b", "x://a", "x://b"} {
			if err := x.store.SubscribeSession(ctx, session, uri); err != nil {
				t.Fatal(err)
			}
		}
		listed := func() []string {
			t.Helper()
			uris, err := x.store.Subscriptions(ctx, session)
			if err != nil {
				t.Fatal(err)
			}
			return uris
		}
		if got := listed(); !cmp.Equal(got, []string{"x://a", "x://b"}) {
			t.Errorf("got %v", got)
		}
		if err := x.store.UnsubscribeSession(ctx, session, "x://a"); err != nil || !cmp.Equal(listed(), []string{"x://b"}) {
			t.Errorf("got %v, %v", listed(), err)
		}
		for i := range 100 {
			if err := x.store.SubscribeSession(ctx, session, fmt.Sprintf("y://%d", i)); err != nil {
				t.Fatal(err)
			}
		}
		if got := listed(); len(got) != 100 || slices.Contains(got, "x://b") {
			t.Errorf("%d are kept", len(got))
		}
		if err := x.store.SubscribeSession(ctx, "unknown", "x://a"); err == nil {
			t.Error("a session that is not there subscribes")
		}
	})
}
