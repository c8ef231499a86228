package store_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestAStreamIsResumedAsItWasOpened(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		x := session(t, s)
		want := store.Stream{
			ID: "S", Session: x.ID, Request: json.RawMessage(`"one"`), Kind: store.CallStream, Task: s.NewID(tasks.Local, ""), Tool: "crawl",
			Token: json.RawMessage("7"), Hold: -time.Millisecond,
		}
		if err := s.OpenStream(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		for want.Take = range 4 {
			if want.Take < 2 { // the first take is the one that opened it
				continue
			}
			got, err := s.Resume(t.Context(), x.ID, "S")
			if diff := cmp.Diff(&want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
			if take, _, err := s.KeepStream(t.Context(), x.ID, "S", want.Request); err != nil || take != want.Take {
				t.Errorf("take %d, %v", take, err)
			}
		}
	})
}

func TestWhatIsLeftOfAStreamsHold(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		x := session(t, s)
		for hold, least := range map[time.Duration]time.Duration{0: 0, time.Hour: 59 * time.Minute} {
			if err := s.OpenStream(t.Context(), store.Stream{ID: "S", Session: x.ID, Hold: hold}); err != nil {
				t.Fatal(err)
			}
			got, err := s.Resume(t.Context(), x.ID, "S")
			if err != nil || got.Hold < least || got.Hold > hold {
				t.Errorf("of %s are left %+v, %v", hold, got, err)
			}
		}
	})
}

func TestAStreamIsItsSessionsAndForgotten(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		x := session(t, s)
		if err := s.OpenStream(t.Context(), store.Stream{ID: "S", Session: x.ID}); err != nil {
			t.Fatal(err)
		}
		for session, id := range map[string]string{"other": "S", x.ID: "T", "": "S"} {
			if _, err := s.Resume(t.Context(), session, id); !errors.Is(err, store.ErrNoStream) {
				t.Errorf("%q of %q: %v", id, session, err)
			}
		}
		if n := rdb.Exists(t.Context(), "mcp-stream-T").Val(); n != 0 {
			t.Error("a stream came into being by being asked for")
		}
		if take, _, err := s.KeepStream(t.Context(), x.ID, "T", nil); take != 0 || err != nil {
			t.Errorf("no stream: take %d, %v", take, err)
		}
		for name, use := range map[string]func() error{
			"opened":  func() error { return nil },
			"resumed": func() error { _, err := s.Resume(t.Context(), x.ID, "S"); return err },
			"kept":    func() error { _, _, err := s.KeepStream(t.Context(), x.ID, "S", nil); return err },
		} {
			if name != "opened" {
				rdb.PExpire(t.Context(), "mcp-stream-S", time.Minute)
			}
			if err := use(); err != nil {
				t.Fatal(err)
			}
			if left := rdb.PTTL(t.Context(), "mcp-stream-S").Val(); left < 20*time.Minute || left > 30*time.Minute {
				t.Errorf("%s: it lives for %s", name, left)
			}
		}
	})
}

func TestACancellableRequestNeedsASession(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		err := s.OpenStream(t.Context(), store.Stream{Kind: store.CallStream, ID: "S", Session: "none", Request: json.RawMessage("1"), Task: s.NewID(tasks.Local, "")})
		if !errors.Is(err, store.ErrNoSession) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAStreamsErrandsPassToItsNextTake(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		x := session(t, s)
		e := store.QuestionErrand(s.NewID(tasks.Local, ""), "name")
		carry := func(stream string) bool {
			t.Helper()
			ok, err := s.Carry(t.Context(), x.ID, stream, e, time.Hour, store.Errand{})
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		if !carry("S.1") || !carry("S.2") || carry("T.1") || carry("S.1") {
			t.Error("an errand is not its stream's latest take's, or not that alone")
		}
		if err := s.Drop(t.Context(), x.ID, "S.1", e); err != nil {
			t.Fatal(err)
		}
		if carry("T.1") {
			t.Error("the first take dropped what the second one carries")
		}
		if err := s.Drop(t.Context(), x.ID, "S.2", e); err != nil {
			t.Fatal(err)
		}
		if !carry("T.1") {
			t.Error("it was not dropped")
		}
	})
}
