package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func session(t *testing.T, s *store.Store) store.Session {
	t.Helper()
	x := store.Session{
		ID: "ABC", Version: "2025-11-25", Client: "test", ClientVersion: "1", Owner: tasks.Local,
		Capabilities: tasks.Capabilities{tasks.CanFillForms, tasks.CanSample}, Level: "info",
	}
	if err := s.OpenSession(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	return x
}

func TestASessionIsReadAsItWasOpened(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		want := session(t, s)
		got, err := s.UseSession(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Error(diff)
		}
		if err := s.SetLevel(t.Context(), want.ID, "error"); err != nil {
			t.Fatal(err)
		}
		if got, err = s.UseSession(t.Context(), want.ID); err != nil || got.Level != "error" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestASessionLivesADayFromItsLastUse(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		x := session(t, s)
		const key = "mcp-session-ABC"
		left := func(at time.Duration) time.Duration {
			t.Helper()
			rdb.PExpire(t.Context(), key, at)
			if _, err := s.UseSession(t.Context(), x.ID); err != nil {
				t.Fatal(err)
			}
			return rdb.PTTL(t.Context(), key).Val()
		}
		if got := left(time.Hour); got < 24*time.Hour-time.Minute {
			t.Errorf("%s left after its use", got)
		}
		if got := left(24*time.Hour - 30*time.Second); got > 24*time.Hour-30*time.Second {
			t.Errorf("%s left: written again within a minute", got)
		}
	})
}

func TestASessionThatIsGone(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		x := session(t, s)
		if err := s.EndSession(t.Context(), x.Owner, x.ID); err != nil {
			t.Fatal(err)
		}
		_, err := s.UseSession(t.Context(), x.ID)
		for what, err := range map[string]error{
			"read":  err,
			"level": s.SetLevel(t.Context(), x.ID, "info"),
			"begin": s.OpenStream(t.Context(), store.Stream{Kind: store.CallStream, Session: x.ID, Request: json.RawMessage("1"), Task: s.NewID(tasks.Local, "")}),
		} {
			if !errors.Is(err, store.ErrNoSession) {
				t.Errorf("%s: %v, want ErrNoSession", what, err)
			}
		}
		if n := rdb.Exists(t.Context(), "mcp-session-ABC").Val(); n != 0 {
			t.Error("it came back")
		}
	})
}

func TestARequestInFlightIsWithdrawnByItsID(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		x := session(t, s)
		number, text := json.RawMessage(`1`), json.RawMessage(`"1"`)
		want := store.Stream{ID: "S", Kind: store.CallStream, Session: x.ID, Request: number, Task: s.NewID(tasks.Local, ""), Waiter: "w"}
		cancelled := func(wanted bool) {
			t.Helper()
			if _, got, err := s.KeepStream(t.Context(), x.ID, "S", number); got != wanted || err != nil {
				t.Errorf("cancelled: %t, %v, want %t", got, err, wanted)
			}
		}
		if err := s.OpenStream(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := s.Withdraw(t.Context(), x.ID, text); ok || err != nil { // another id
			t.Errorf("%t, %v", ok, err)
		}
		cancelled(false)
		for range 2 { // a repeat says the same
			got, ok, err := s.Withdraw(t.Context(), x.ID, number)
			if diff := cmp.Diff(store.Stream{Kind: want.Kind, Session: x.ID, Request: number, Task: want.Task, Waiter: "w"}, got); diff != "" || !ok || err != nil {
				t.Errorf("%t, %v %s", ok, err, diff)
			}
			cancelled(true)
		}
		if got, err := s.Done(t.Context(), x.ID, number); !got || err != nil {
			t.Errorf("cancelled: %t, %v", got, err)
		}
		cancelled(true) // whoever comes back for it is told so
		want.Request = text
		if err := s.OpenStream(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Done(t.Context(), x.ID, text); got || err != nil {
			t.Errorf("cancelled: %t, %v", got, err)
		}
		if _, ok, err := s.Withdraw(t.Context(), x.ID, text); ok || err != nil {
			t.Errorf("after its end: %t, %v", ok, err)
		}
	})
}

func TestASessionKeepsABoundedNumberOfRequests(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		x := session(t, s)
		task := s.NewID(tasks.Local, "")
		rdb.HSet(t.Context(), "mcp-session-ABC", "r:oldest", "1 call "+string(task)+" -")
		for i := range 200 {
			if err := s.OpenStream(t.Context(), store.Stream{Kind: store.CallStream, Session: x.ID, Request: json.RawMessage(fmt.Sprint(i)), Task: task}); err != nil {
				t.Fatal(err)
			}
		}
		for request, want := range map[string]bool{"oldest": false, "0": true, "199": true} {
			if _, ok, err := s.Withdraw(t.Context(), x.ID, json.RawMessage(request)); ok != want || err != nil {
				t.Errorf("%s is in flight: %t, %v, want %t", request, ok, err, want)
			}
		}
		if _, err := s.UseSession(t.Context(), x.ID); err != nil {
			t.Error(err)
		}
	})
}

func TestTheEndOfASessionIsHeard(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		x := session(t, s)
		changes, stop := watcher(t, s).SessionChanged(x.ID)
		defer stop()
		hear := func(what string) {
			t.Helper()
			select {
			case <-changes:
			case <-within(t, 10*time.Second).Done():
				t.Fatal("not heard:", what)
			}
		}
		hear("the subscription")
		if err := s.EndSession(t.Context(), x.Owner, x.ID); err != nil {
			t.Fatal(err)
		}
		hear("the end")
	})
}
