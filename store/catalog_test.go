package store_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestTheProcessThatStartedLastIsListed(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		ctx := within(t, 20*time.Second)
		announce := func(started, description string) string {
			t.Helper()
			started, err := s.Announce(ctx, started, []tasks.Tool{{Name: "crawl", Description: description}})
			if err != nil {
				t.Fatal(err)
			}
			list, err := s.Catalog(ctx)
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			return started + " " + list[0].Description
		}
		var first, second string
		split := func(s string) (started, listed string) { return s[:16], s[17:] }
		first, listed := split(announce("", "one"))
		if listed != "one" {
			t.Error(listed)
		}
		second, listed = split(announce("", "two"))
		if listed != "two" {
			t.Errorf("a roll forward lists %q", listed)
		}
		if _, listed = split(announce(first, "one")); listed != "two" {
			t.Errorf("an older process overwrote it: %q", listed)
		}
		if _, listed = split(announce("", "one")); listed != "one" {
			t.Errorf("a roll back lists %q", listed)
		}
		if _, listed = split(announce(second, "two")); listed != "one" {
			t.Errorf("what was rolled back is listed again: %q", listed)
		}
	})
}

func TestTheLastAnnouncerUnlists(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		ctx := within(t, 20*time.Second)
		announce := func(started string) string {
			t.Helper()
			started, err := s.Announce(ctx, started, []tasks.Tool{{Name: "crawl"}, {Name: "other"}})
			if err != nil {
				t.Fatal(err)
			}
			return started
		}
		listed := func() int {
			t.Helper()
			list, err := s.Catalog(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		unlist := func(started string) {
			t.Helper()
			if err := s.Unlist(ctx, started, "crawl"); err != nil {
				t.Fatal(err)
			}
		}
		first, second := announce(""), announce("")
		if unlist(first); listed() != 2 {
			t.Error("an older process took out what another one has")
		}
		if unlist(second); listed() != 1 {
			t.Error("who announced it could not take it out")
		}
		if announce(first); listed() != 2 {
			t.Error("an older process that still has it could not list it again")
		}
		if unlist(second); listed() != 2 {
			t.Error("who took it out did so to another's")
		}
	})
}

func TestWatchersHearOfTheCatalogue(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ redis.UniversalClient) {
		w := watcher(t, s)
		changes, stop := w.CatalogChanged()
		defer stop()
		ctx := within(t, 20*time.Second)
		for n := 0; ; n++ {
			if _, err := s.Announce(ctx, "", []tasks.Tool{{Name: "crawl", Description: string(rune('a' + n%26))}}); err != nil {
				t.Fatal(err)
			}
			select {
			case <-changes:
				return
			case <-time.After(100 * time.Millisecond): // not subscribed yet
			case <-ctx.Done():
				t.Fatal("never heard of it")
			}
		}
	})
}

func TestARetiredToolIsNotListedUntilItIsAnnouncedAgain(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, rdb redis.UniversalClient) {
		ctx := within(t, 20*time.Second)
		const name = "retired" // of this test alone: tests on one Redis hear each other's
		tool := []tasks.Tool{{Name: name}}
		started, err := s.Announce(ctx, "", append(tool, tasks.Tool{Name: "search"}))
		if err != nil {
			t.Fatal(err)
		}
		news := rdb.Subscribe(ctx, "lh:catalog")
		defer news.Close()
		if _, err := news.Receive(ctx); err != nil {
			t.Fatal(err)
		}
		for i, want := range []bool{true, false} {
			if was, err := s.Retire(ctx, name); err != nil || was != want {
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
		if list, err := s.Catalog(ctx); err != nil || len(list) != 1 || list[0].Name != "search" {
			t.Errorf("%+v %v, want the other tool", list, err)
		}
		if _, err := s.Announce(ctx, started, tool); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Catalog(ctx); err != nil || len(list) != 2 {
			t.Errorf("%+v %v, want it listed again", list, err)
		}
	})
}
