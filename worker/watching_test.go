package worker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Of a source's workers one watches what is subscribed to, and the next one when it goes.
func TestResourcesAreWatchedWhileSomebodySubscribes(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		type event struct {
			worker int
			ended  bool
		}
		events := make(chan event, 10)
		var stops [2]func()
		for i := range stops {
			reg, failed := new(tasks.Registry), false
			reg.Expect(tasks.Policy{})
			if err := reg.PutSource(tasks.Source{Name: "github", Ask: echo, Subscribes: true, Watch: func(ctx context.Context, uri string, changed func()) error {
				if !failed {
					failed = true
					return errors.New("not yet")
				}
				events <- event{i, false}
				changed()
				<-ctx.Done()
				events <- event{i, true}
				return ctx.Err()
			}}); err != nil {
				t.Fatal(err)
			}
			stops[i] = r.start(reg)
		}
		r.eventually("both answer", func() bool { return r.rdb.ZCard(t.Context(), "lh:{src:github}:on").Val() == 2 })
		sub, err := r.watcher.Subscribe(t.Context(), map[string][]string{"github": {"x://y"}})
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		next := func(want event) {
			t.Helper()
			select {
			case got := <-events:
				if got != want {
					t.Fatalf("got %+v, want %+v", got, want)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("nothing came, want %+v", want)
			}
		}
		first := <-events
		<-sub.C
		if got := sub.Changed(); len(got) != 1 || got[0] != "x://y" {
			t.Errorf("changed: %v", got)
		}
		stops[first.worker]()
		next(event{first.worker, true})
		next(event{1 - first.worker, false})
		if err := r.rdb.Del(t.Context(), "lh:{src:github}:sub").Err(); err != nil { // as time would
			t.Fatal(err)
		}
		next(event{1 - first.worker, true})
	})
}
