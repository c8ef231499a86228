package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Watcher lets one process follow any number of tasks over one connection to Redis. Run must be running while it is used.
type Watcher struct {
	store *Store
	sub   *redis.PubSub

	subscribing sync.Mutex // orders SUBSCRIBE and UNSUBSCRIBE as the topics change; taken before mu
	mu          sync.Mutex
	topics      map[string]*topic
}

// topic is a channel that somebody here listens to.
type topic struct {
	confirmed chan struct{} // closed when Redis first confirmed the subscription
	once      sync.Once
	listeners map[listener]struct{}
}

// listener must not block: it is called by the one goroutine that reads the connection.
type listener interface {
	hear(e event)
	resync() // something may have been missed: what is known is not to be trusted
}

// recheck is how often watched tasks are compared with Redis: what pub/sub lost without a trace shows then, at the latest.
const recheck = 15 * time.Second

// patience is how long a silent Redis may keep a recheck, and with it a shutdown, waiting.
const patience = 2 * time.Second

// NewWatcher makes a watcher on the store's client.
func (s *Store) NewWatcher() *Watcher {
	return &Watcher{store: s, sub: s.rdb.Subscribe(context.Background(), catalogKey, sourcesKey), topics: make(map[string]*topic)}
}

// Run reads the connection until ctx ends. It returns nil.
func (w *Watcher) Run(ctx context.Context) error {
	messages := w.sub.ChannelWithSubscriptions()
	defer drain(w.sub, messages)
	tick := time.NewTicker(recheck)
	defer tick.Stop()
	var checking sync.WaitGroup
	defer checking.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case m := <-messages:
			w.route(m)
		case <-tick.C:
			checking.Wait() // the last one has had its 15 s
			checking.Go(func() { w.recheck(ctx) })
		}
	}
}

// drain closes the subscription and takes what is still on its way: go-redis would hold a goroutine for it.
func drain(sub *redis.PubSub, messages <-chan any) {
	_ = sub.Close()
	for range messages {
		continue
	}
}

func (w *Watcher) route(m any) {
	switch m := m.(type) {
	case *redis.Subscription:
		if m.Kind == "subscribe" {
			w.confirm(m.Channel)
		}
	case *redis.Message:
		if ofCatalogue(m.Channel) {
			w.each(m.Channel, listener.resync)
		} else if e, ok := parseEvent(m.Payload); ok {
			w.each(m.Channel, func(l listener) { l.hear(e) })
		}
	}
}

// confirm notes a subscription, or one made anew: then messages were lost in between.
func (w *Watcher) confirm(channel string) {
	w.mu.Lock()
	t := w.topics[channel]
	w.mu.Unlock()
	if t == nil {
		return
	}
	t.once.Do(func() { close(t.confirmed) })
	w.each(channel, listener.resync)
}

func (w *Watcher) each(channel string, do func(listener)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t := w.topics[channel]; t != nil {
		for l := range t.listeners {
			do(l)
		}
	}
}

// join adds a listener to a channel and waits until Redis has confirmed the subscription.
func (w *Watcher) join(ctx context.Context, channel string, l listener) error {
	t := w.enlist(channel, l)
	select {
	case <-t.confirmed:
		return nil
	case <-ctx.Done():
		w.quit(channel, l)
		return context.Cause(ctx)
	}
}

func (w *Watcher) enlist(channel string, l listener) *topic {
	w.subscribing.Lock()
	defer w.subscribing.Unlock()
	w.mu.Lock()
	t, found := w.topics[channel]
	if !found {
		t = &topic{confirmed: make(chan struct{}), listeners: make(map[listener]struct{}, 1)}
		w.topics[channel] = t
	}
	t.listeners[l] = struct{}{}
	w.mu.Unlock()
	if !found {
		// an error means that there is no connection: go-redis subscribes when there is one
		_ = w.sub.Subscribe(context.Background(), channel)
	}
	return t
}

func (w *Watcher) quit(channel string, l listener) {
	w.subscribing.Lock()
	defer w.subscribing.Unlock()
	w.mu.Lock()
	t := w.topics[channel]
	last := false
	if t != nil {
		delete(t.listeners, l)
		if last = len(t.listeners) == 0; last {
			delete(w.topics, channel)
		}
	}
	w.mu.Unlock()
	if last && !ofCatalogue(channel) {
		_ = w.sub.Unsubscribe(context.Background(), channel) // without a connection there is nothing to end
	}
}

// recheck compares the watched tasks with Redis, in batches, and has the changed ones read again.
func (w *Watcher) recheck(ctx context.Context) {
	w.each(catalogKey, listener.resync)
	w.each(sourcesKey, listener.resync)
	const batch = 500
	entries := w.entries()
	for len(entries) > 0 && ctx.Err() == nil {
		n := min(batch, len(entries))
		w.compare(ctx, entries[:n])
		entries = entries[n:]
	}
}

func (w *Watcher) entries() []*entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []*entry
	for _, t := range w.topics {
		for l := range t.listeners {
			if e, ok := l.(*entry); ok {
				list = append(list, e)
			}
		}
	}
	return list
}

func (w *Watcher) compare(ctx context.Context, entries []*entry) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	seqs := make([]*redis.StringCmd, len(entries))
	// an error shows in each of the commands
	_, _ = w.store.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, e := range entries {
			seqs[i] = p.HGet(ctx, taskKey(e.id), "seq")
		}
		return nil
	})
	for i, e := range entries {
		seq, err := seqs[i].Int64()
		if errors.Is(err, redis.Nil) && !e.isGone() || err == nil && e.differs(seq) {
			e.resync()
		}
	}
}

// Nudged signals when an attempt's worker should beat at once: its task ended, was answered, or a message may have been lost.
// It does not wait for the subscription. stop ends it.
func (w *Watcher) Nudged(id tasks.ID) (nudged <-chan struct{}, stop func()) {
	return w.nudges(taskKey(id))
}

// CatalogChanged signals when the catalogue of tools or that of sources may have changed. stop ends it.
func (w *Watcher) CatalogChanged() (changes <-chan struct{}, stop func()) {
	return w.nudges(catalogKey, sourcesKey)
}

// ofCatalogue: what is said on this channel is no event, and the watcher always listens to it.
func ofCatalogue(channel string) bool { return channel == catalogKey || channel == sourcesKey }

// nudges signals when something was said on one of the channels, or may have been.
func (w *Watcher) nudges(channels ...string) (nudged <-chan struct{}, stop func()) {
	n := &nudge{make(chan struct{}, 1)}
	for _, c := range channels {
		w.enlist(c, n)
	}
	return n.c, func() {
		for _, c := range channels {
			w.quit(c, n)
		}
	}
}

type nudge struct{ c chan struct{} }

func (n *nudge) resync() {
	select {
	case n.c <- struct{}{}:
	default:
	}
}

func (n *nudge) hear(e event) {
	if e.kind == endEvent || e.kind == answerEvent {
		n.resync()
	}
}
