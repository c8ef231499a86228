package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Watch follows some tasks. It is for one goroutine; it costs an idle watcher no goroutine of its own and no timer.
type Watch struct {
	watcher *Watcher
	entries []*entry
	wake    chan struct{}

	mu    sync.Mutex
	ready []*entry // something to return, in the order in which it happened
}

// Update is the latest state of one watched task. A slow reader misses states in between, never the last one.
type Update struct {
	ID   tasks.ID
	Task *tasks.Task // nil: unknown, or forgotten by now
	Logs []Log       // since the last update; a slow reader may miss some
}

// entry is one task within one watch.
type entry struct {
	id    tasks.ID
	watch *Watch

	// guarded by watch.mu
	task    *tasks.Task
	logs    []Log
	logged  int64 // seq of the last log message that was taken
	stale   bool  // to be read again before it is returned
	reading bool  // being read: what is heard meanwhile may be older or newer
	queued  bool  // in watch.ready
	shown   bool  // returned at least once
	gone    bool
}

const maxLogs = 100

// Watch starts to follow tasks: their subscriptions are confirmed when it returns, so nothing that happens later is missed.
// The first updates are the tasks as they stand.
func (w *Watcher) Watch(ctx context.Context, ids ...tasks.ID) (*Watch, error) {
	x := &Watch{watcher: w, wake: make(chan struct{}, 1)}
	for _, id := range ids {
		e := &entry{id: id, watch: x}
		x.entries = append(x.entries, e)
		w.enlist(taskKey(id), e) // all requests first, then their answers
	}
	for _, e := range x.entries {
		if err := w.join(ctx, taskKey(e.id), e); err != nil {
			x.Close()
			return nil, fmt.Errorf("watch: %w", err)
		}
		e.resync()
	}
	return x, nil
}

// Add starts to follow one more task, as Watch does. It may be called beside Next, not beside Remove or Close.
func (x *Watch) Add(ctx context.Context, id tasks.ID) error {
	e := &entry{id: id, watch: x}
	if err := x.watcher.join(ctx, taskKey(id), e); err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	x.entries = append(x.entries, e)
	e.resync()
	return nil
}

// Remove ends the watch of one task. An update of it may still be on its way.
func (x *Watch) Remove(id tasks.ID) {
	x.entries = slices.DeleteFunc(x.entries, func(e *entry) bool {
		if e.id != id {
			return false
		}
		x.watcher.quit(taskKey(id), e)
		return true
	})
}

// Close ends the watch.
func (x *Watch) Close() {
	for _, e := range x.entries {
		x.watcher.quit(taskKey(e.id), e)
	}
}

// Next waits until a task changed. While Redis does not answer it waits too; only the end of ctx is an error.
func (x *Watch) Next(ctx context.Context) (Update, error) {
	for {
		e := x.pop()
		if e == nil {
			select {
			case <-x.wake:
				continue
			case <-ctx.Done():
				return Update{}, context.Cause(ctx)
			}
		}
		u, changed, err := x.latest(ctx, e)
		if err != nil {
			e.resync()
			if err := pause(ctx); err != nil {
				return Update{}, err
			}
		} else if changed {
			return u, nil
		}
	}
}

// pause keeps a watch from hammering a Redis that is down.
func pause(ctx context.Context) error {
	t := time.NewTimer(500 * time.Millisecond)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

func (x *Watch) pop() *entry {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.ready) == 0 {
		return nil
	}
	e := x.ready[0]
	x.ready = x.ready[1:]
	e.queued = false
	return e
}

// latest is the state to return for an entry, read again if it went stale. changed is false if it was returned before.
func (x *Watch) latest(ctx context.Context, e *entry) (u Update, changed bool, err error) {
	x.mu.Lock()
	stale := e.stale
	e.stale, e.reading = false, stale
	x.mu.Unlock()
	if stale {
		if changed, err = e.reread(ctx); err != nil {
			return Update{}, false, err
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	u = Update{ID: e.id, Task: e.task, Logs: e.logs}
	changed = !stale || changed || !e.shown || len(e.logs) > 0
	e.logs, e.shown = nil, true
	return u, changed, nil
}

// reread replaces what is known, whatever its seq: a failover takes seq back, and filtering by it would hide the end for ever.
func (e *entry) reread(ctx context.Context) (changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	t, events, err := e.watch.watcher.store.read(ctx, e.id, true)
	e.watch.mu.Lock()
	defer e.watch.mu.Unlock()
	e.reading = false
	if err != nil && !errors.Is(err, tasks.ErrNotFound) {
		return false, err
	}
	if t == nil {
		changed = !e.gone
		e.task, e.gone = nil, true
		return changed, nil
	}
	changed = e.task == nil || e.task.Seq != t.Seq || !e.task.Updated.Equal(t.Updated)
	e.task, e.gone = t, false
	e.replay(events)
	return changed, nil
}

// replay takes the log messages that came before the subscription, or while it was broken.
func (e *entry) replay(events []string) {
	e.logged = min(e.logged, e.task.Seq)
	for _, s := range events {
		if ev, ok := parseEvent(s); ok && ev.kind == logEvent {
			e.log(ev)
		}
	}
}

func (e *entry) log(ev event) {
	var l Log
	if ev.seq <= e.logged || unmarshal(ev.body, &l) != nil {
		return
	}
	e.logged, l.Seq = ev.seq, ev.seq
	if len(e.logs) < maxLogs {
		e.logs = append(e.logs, l)
	}
}

// hear takes an event that follows what is known; anything else makes the entry stale.
func (e *entry) hear(ev event) {
	e.watch.mu.Lock()
	defer e.watch.mu.Unlock()
	if e.stale || e.reading || e.task == nil || ev.seq != e.task.Seq+1 || !e.take(ev) {
		if !e.stale && !e.reading && e.task != nil && ev.seq <= e.task.Seq {
			return // older than the snapshot
		}
		e.stale = true
	}
	e.queue()
}

func (e *entry) take(ev event) bool {
	switch ev.kind {
	case progressEvent:
		next, ok := progressed(e.task, ev)
		if ok {
			e.task = next
		}
		return ok
	case logEvent:
		next := *e.task
		next.Seq, next.Updated = ev.seq, ev.at
		e.task = &next
		e.log(ev)
		return true
	}
	return false
}

func (e *entry) resync() {
	e.watch.mu.Lock()
	defer e.watch.mu.Unlock()
	e.stale = true
	e.queue()
}

func (e *entry) isGone() bool {
	e.watch.mu.Lock()
	defer e.watch.mu.Unlock()
	return e.gone
}

func (e *entry) differs(seq int64) bool {
	e.watch.mu.Lock()
	defer e.watch.mu.Unlock()
	return e.task == nil || e.task.Seq != seq
}

func (e *entry) queue() {
	if !e.queued {
		e.queued = true
		e.watch.ready = append(e.watch.ready, e)
	}
	select {
	case e.watch.wake <- struct{}{}:
	default:
	}
}
