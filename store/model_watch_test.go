package store_test

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// word is an event as watchers hear it.
type word struct {
	task tasks.ID
	seq  int
	kind string
}

// compareEvents listens until everything was heard that was to be said, and nothing else. Whoever listened knows then how each task
// stands.
func (x *trial) compareEvents() {
	for _, want := range x.m.said {
		got := x.hear()
		if got != want {
			x.Fatalf("heard %+v, want %+v", got, want)
		}
		if t := x.m.find(got.task); t != nil {
			x.follow(t, got)
		}
	}
	x.m.said = nil
	for _, t := range x.m.tasks {
		if f := x.followed(t); t.known && f.status != t.status {
			x.Fatalf("whoever watches task %s believes that it is %s, it is %s", t.id, f.status, t.status)
		}
	}
}

// follower is what a watcher knows of a task: it reads the record when it starts, and again after events that do not say all.
type follower struct {
	status tasks.Status
	seq    int
	over   bool
}

func (x *trial) followed(t *twin) *follower {
	if x.followers[t] == nil {
		x.followers[t] = &follower{status: t.status}
	}
	return x.followers[t]
}

func (x *trial) follow(t *twin, w word) {
	f := x.followed(t)
	if w.seq <= f.seq || f.over {
		x.Fatalf("%+v after event %d (the end: %t)", w, f.seq, f.over)
	}
	f.seq, f.over = w.seq, w.kind == "end"
	if w.kind != "progress" && w.kind != "log" {
		f.status = t.status
	}
}

// hear waits for the next event of one of these tasks. Channels are shared by all databases of a server.
func (x *trial) hear() word {
	for {
		m, err := x.events.ReceiveTimeout(x.Context(), 20*time.Second)
		if err != nil {
			x.Fatalf("an event was not published: %v", err)
		}
		message, ok := m.(*redis.Message)
		if !ok {
			continue
		}
		id := tasks.ID(strings.TrimPrefix(message.Channel, recordKey("")))
		if slices.ContainsFunc(x.m.tasks, func(t *twin) bool { return t.id == id }) {
			f := strings.Fields(message.Payload)
			seq, _ := strconv.Atoi(f[0])
			return word{id, seq, f[2]}
		}
	}
}
