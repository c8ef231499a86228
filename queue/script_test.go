package queue_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/queue"
)

// asynq's scripts are not a promise of asynq's. This test fails when a new version changes one that this package relies
// on: read the new one, and what the processor does around it, before the hashes below are changed.
func TestAsynqsScriptsAreTheOnesWeKnow(t *testing.T) {
	t.Parallel()
	opts := redistest.Options(t)
	client, server := redistest.Open(t, opts), redistest.Open(t, opts)
	var mu sync.Mutex
	seen := map[string]bool{}
	record := spy{done: func(cmd redis.Cmder, _ error) {
		if cmd.Name() == "evalsha" {
			mu.Lock()
			defer mu.Unlock()
			seen[shape(cmd)] = true
		}
	}}
	client.AddHook(record)
	server.AddHook(record)
	d := enqueue(t, queue.New(client), first("shape"))
	w := serve(t, server, 2, only(d.Queue))
	w.next(t)
	w.stop()

	mu.Lock()
	defer mu.Unlock()
	for what, want := range map[string]string{
		"enqueue": "98d28b42650870a743450ffda9791e9e19c6991b keys [asynq:{shape}:t:" + queue.TaskID(d) + " asynq:{shape}:pending] and 3 arguments",
		"dequeue": "a8153319360adc71cdc370107f8ab9786f204765 keys [asynq:{shape}:pending asynq:{shape}:paused asynq:{shape}:active asynq:{shape}:lease] and 2 arguments",
	} {
		if !seen[want] {
			t.Errorf("no %s script with\n\t%s\namong\n\t%s", what, want, strings.Join(slices.Sorted(maps.Keys(seen)), "\n\t"))
		}
	}
}

func shape(cmd redis.Cmder) string {
	args := cmd.Args()
	n, _ := args[2].(int)
	return fmt.Sprintf("%s keys %s and %d arguments", args[1], args[3:3+n], len(args)-3-n)
}

// The keys of the other scripts that asynq's server runs are much like those of the dequeue script.
func TestOnlyTheDequeueScriptIsHeld(t *testing.T) {
	t.Parallel()
	opts := redistest.Options(t)
	server := redistest.Open(t, opts)
	var mu sync.Mutex
	got := map[string]bool{}
	server.AddHook(spy{done: func(cmd redis.Cmder, _ error) {
		if queue.IsDequeue(cmd) {
			mu.Lock()
			defer mu.Unlock()
			got[fmt.Sprint(cmd.Args()[3])] = true
		}
	}})
	d := enqueue(t, queue.New(redistest.Open(t, opts)), first(newQueue()))
	w := serve(t, server, 2, only(d.Queue).WithTimers(never))
	w.next(t)
	eventually(t, "a whole round", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) >= 4
	})
	w.stop()
	want := map[string]bool{}
	for _, n := range queue.Names(d.Queue) {
		want[queue.Key(n, "pending")] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("first keys of the held scripts (-want +got):", diff)
	}
}
