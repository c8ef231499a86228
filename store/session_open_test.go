package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestASessionThatNobodyUsesLivesMinutes(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		x := session(t, s)
		left := func() time.Duration { return rdb.PTTL(t.Context(), "mcp-session-ABC").Val() }
		if got := left(); got <= 0 || got > 10*time.Minute {
			t.Errorf("%s left after it was opened", got)
		}
		if _, err := s.UseSession(t.Context(), x.ID); err != nil {
			t.Fatal(err)
		}
		if got := left(); got < 24*time.Hour-time.Minute {
			t.Errorf("%s left after its first use", got)
		}
	})
}

func TestACallersSessionsAreBounded(t *testing.T) {
	each(t, func(t *testing.T, _ *store.Store, rdb redis.UniversalClient) {
		s := open(t, rdb, store.Options{Sessions: 4})
		begin := func(owner tasks.Owner, id string) {
			t.Helper()
			if err := s.OpenSession(t.Context(), store.Session{ID: id, Owner: owner}); err != nil {
				t.Fatal(err)
			}
		}
		// used says when a session was used last, as if so much time had passed.
		used := func(id string, ago time.Duration) {
			t.Helper()
			if _, err := s.UseSession(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			rdb.PExpire(t.Context(), "mcp-session-"+id, 24*time.Hour-ago)
		}
		lives := func(id string, want bool) {
			t.Helper()
			if _, err := s.UseSession(t.Context(), id); (err == nil) != want || err != nil && !errors.Is(err, store.ErrNoSession) {
				t.Errorf("%s: %v, want it to live: %t", id, err, want)
			}
		}
		for i, ago := range []time.Duration{time.Minute, 3 * time.Hour, 2 * time.Hour} {
			begin(tasks.Local, fmt.Sprint("used", i))
			used(fmt.Sprint("used", i), ago)
		}
		begin(tasks.Local, "unused")
		begin(tasks.Local, "fifth")
		used("fifth", time.Hour)
		lives("unused", false)
		begin(tasks.Local, "sixth")
		used("sixth", 0)
		lives("used1", false)
		rdb.Del(t.Context(), "mcp-session-used2") // it has expired
		begin(tasks.Local, "seventh")
		for _, id := range []string{"used0", "fifth", "sixth", "seventh"} {
			lives(id, true)
		}
		if n := rdb.ZCard(t.Context(), "lh:{ses:"+string(tasks.Local)+"}").Val(); n != 4 {
			t.Errorf("%d are listed", n)
		}
		if d := rdb.PTTL(t.Context(), "lh:{ses:"+string(tasks.Local)+"}").Val(); d <= 0 || d > 24*time.Hour {
			t.Errorf("the list lives %s", d)
		}
		for i := range 10 { // each is somebody else's
			begin(tasks.Nobody, fmt.Sprint("stranger", i))
		}
		for i := range 10 {
			lives(fmt.Sprint("stranger", i), true)
		}
		if n := rdb.Exists(t.Context(), "lh:{ses:"+string(tasks.Nobody)+"}").Val(); n != 0 {
			t.Error("strangers are listed")
		}
	})
}

func TestASessionThatWasEndedIsNotListedAnyMore(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		for _, id := range []string{"left", "ended"} {
			if err := s.OpenSession(t.Context(), store.Session{ID: id, Owner: tasks.Local}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.EndSession(t.Context(), tasks.Local, "ended"); err != nil {
			t.Fatal(err)
		}
		if listed := rdb.ZRange(t.Context(), "lh:{ses:"+string(tasks.Local)+"}", 0, -1).Val(); len(listed) != 1 || listed[0] != "left" {
			t.Errorf("listed: %q", listed)
		}
	})
}

// trips counts round trips.
type trips struct{ n atomic.Int64 }

func (c *trips) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.n.Add(1)
		return next(ctx, cmd)
	}
}

func (c *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.n.Add(1)
		return next(ctx, cmds)
	}
}

func TestACallersSessionIsOpenedInOneRoundTrip(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		session(t, s) // Redis learns the scripts
		var c trips
		rdb.AddHook(&c)
		if err := s.OpenSession(t.Context(), store.Session{ID: "one", Owner: tasks.Local}); err != nil {
			t.Fatal(err)
		}
		if n := c.n.Load(); n != 1 {
			t.Errorf("%d round trips", n)
		}
	})
}
