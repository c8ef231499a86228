package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestOneStreamCarriesAnErrand(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		x := session(t, s)
		id := s.NewID(tasks.Local, "")
		question, result := store.QuestionErrand(id, "name"), store.ResultErrand(id)
		carries := func(stream string, before store.Errand, want bool) {
			t.Helper()
			if got, err := s.Carry(t.Context(), x.ID, stream, question, time.Minute, before); got != want || err != nil {
				t.Errorf("%s carries: %t, %v, want %t", stream, got, err, want)
			}
		}
		carries("a", store.Errand{}, true)
		carries("b", store.Errand{}, false)
		carries("a", store.Errand{}, true) // again
		rdb.HSet(t.Context(), "mcp-session-ABC", "q:"+string(id)+"/name", "1 a")
		carries("b", store.Errand{}, true) // a's lease is over

		changes, stop := watcher(t, s).SessionChanged(x.ID)
		defer stop()
		for range 2 { // the subscription, and the drop
			if err := s.Drop(t.Context(), x.ID, "a", question); err != nil {
				t.Fatal(err)
			}
			select {
			case <-changes:
			case <-within(t, 10*time.Second).Done():
				t.Fatal("not heard")
			}
			carries("a", store.Errand{}, false) // it was not a's to drop
			if err := s.Drop(t.Context(), x.ID, "b", question); err != nil {
				t.Fatal(err)
			}
			carries("b", store.Errand{}, true)
		}
		if err := s.Drop(t.Context(), x.ID, "b", question); err != nil {
			t.Fatal(err)
		}
		if ok, err := s.Carry(t.Context(), x.ID, "r", result, time.Minute, store.Errand{}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		carries("g", result, false) // r goes before
		carries("r", result, true)
		if err := s.EndSession(t.Context(), x.Owner, x.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Carry(t.Context(), x.ID, "a", question, time.Minute, store.Errand{}); !errors.Is(err, store.ErrNoSession) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestAStreamCarriesOnWhatNobodyTookOver(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		x := session(t, s)
		id := s.NewID(tasks.Local, "")
		kept, lost := store.QuestionErrand(id, "kept"), store.QuestionErrand(id, "lost")
		if got, err := s.CarryOn(t.Context(), x.ID, "a", time.Minute, kept, lost); len(got) > 0 || err != nil {
			t.Fatal(got, err)
		}
		rdb.HSet(t.Context(), "mcp-session-ABC", "q:"+string(id)+"/lost", "1 a") // a's lease of it is over
		if ok, err := s.Carry(t.Context(), x.ID, "b", lost, time.Minute, store.Errand{}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if got, err := s.CarryOn(t.Context(), x.ID, "a", time.Minute, kept, lost); len(got) != 1 || got[0] != lost || err != nil {
			t.Errorf("lost %v, %v", got, err)
		}
		if ok, err := s.Carry(t.Context(), x.ID, "b", kept, time.Minute, store.Errand{}); ok || err != nil {
			t.Errorf("another one carries what was carried on: %t, %v", ok, err)
		}
		if err := s.EndSession(t.Context(), x.Owner, x.ID); err != nil {
			t.Fatal(err)
		}
		if got, err := s.CarryOn(t.Context(), x.ID, "a", time.Minute, kept); len(got) > 0 || err != nil { // its end is told otherwise
			t.Errorf("after the end: %v, %v", got, err)
		}
	})
}
