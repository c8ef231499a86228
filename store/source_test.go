package store_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestSourcesAreListed(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		ctx := within(t, 20*time.Second)
		changes, stop := watcher(t, s).CatalogChanged()
		defer stop()
		long := json.RawMessage(`{"uri":"x://` + strings.Repeat("y", 100_000) + `"}`) // compressed
		announce := func(started string, list ...json.RawMessage) string {
			t.Helper()
			started, err := s.AnnounceSource(ctx, started, &tasks.Source{Name: "github", URIPrefix: "x", Resources: list, Completes: true})
			if err != nil {
				t.Fatal(err)
			}
			return started
		}
		listed := func() (resources int) {
			t.Helper()
			list, err := s.Sources(ctx)
			if err != nil || len(list) != 1 || !list[0].Completes || list[0].URIPrefix != "x" {
				t.Fatal(list, err)
			}
			if n := len(list[0].Resources); n > 0 && string(list[0].Resources[0]) != string(long) {
				t.Error("it is listed otherwise than it was announced")
			}
			return len(list[0].Resources)
		}
		first := announce("", long, long)
		second := announce("", long)
		if announce(first, long, long); listed() != 1 {
			t.Error("an older process overwrote it")
		}
		if err := s.UnlistSource(ctx, first, "github"); err != nil || listed() != 1 {
			t.Error("an older process took it out", err)
		}
		if err := s.UnlistSource(ctx, second, "github"); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Sources(ctx); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
		eventually(t, "the watcher hears", func() bool { // a subscription takes its time
			announce("")
			select {
			case <-changes:
				return true
			default:
				return false
			}
		})
	})
}

// A source whose workers are gone is listed until it is retired.
func TestARetiredSourceIsNotListedUntilItIsAnnouncedAgain(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		ctx := within(t, 20*time.Second)
		const name = "retired" // of this test alone: tests on one Redis hear each other's
		started, err := s.AnnounceSource(ctx, "", &tasks.Source{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		news := rdb.Subscribe(ctx, "lh:sources")
		defer news.Close()
		if _, err := news.Receive(ctx); err != nil {
			t.Fatal(err)
		}
		for i, want := range []bool{true, false} {
			if was, err := s.RetireSource(ctx, name); err != nil || was != want {
				t.Errorf("%d: it was listed: %t %v, want %t", i, was, err, want)
			}
		}
		for heard := ""; heard != name; {
			m, err := news.ReceiveMessage(ctx)
			if err != nil {
				t.Fatalf("nobody hears of it: %v", err)
			}
			heard = m.Payload
		}
		if list, err := s.Sources(ctx); err != nil || len(list) > 0 {
			t.Errorf("%+v %v", list, err)
		}
		if _, err := s.AnnounceSource(ctx, started, &tasks.Source{Name: name}); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Sources(ctx); err != nil || len(list) != 1 {
			t.Errorf("%+v %v, want it listed again", list, err)
		}
	})
}
