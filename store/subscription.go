package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// WantEvery is how often whoever subscribes to resources says so again, three times in the time for which it counts.
const WantEvery = 15 * time.Second

const (
	wantFor   = 3 * WantEvery
	maxWanted = 1000 // resources of one source
)

// Subscription hears of changes of resources. It is for one goroutine.
type Subscription struct {
	C <-chan struct{} // signals that Changed has something

	watcher *Watcher
	wake    chan struct{}
	uris    map[string][]string // by source
	armed   bool                // guarded by mu, as is what follows
	mu      sync.Mutex
	known   map[string]bool // the URIs
	changed map[string]bool
}

// Subscribe begins to hear of resources, by their sources. Those for which there is no room are left out: URIs names the others. It has to
// be renewed every WantEvery.
func (w *Watcher) Subscribe(ctx context.Context, uris map[string][]string) (*Subscription, error) {
	wake := make(chan struct{}, 1)
	x := &Subscription{C: wake, watcher: w, wake: wake, uris: maps.Clone(uris), known: make(map[string]bool), changed: make(map[string]bool)}
	for source, list := range uris {
		if err := w.join(ctx, wantedKey(source), x); err != nil {
			x.Close()
			return nil, fmt.Errorf("subscribe to resources: %w", err)
		}
		refused, err := w.store.want(ctx, source, list)
		if err != nil {
			x.Close()
			return nil, err
		}
		x.keep(source, slices.DeleteFunc(slices.Clone(list), func(uri string) bool { return slices.Contains(refused, uri) }))
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.armed = true // what was heard so far is that the subscription is there
	return x, nil
}

func (x *Subscription) keep(source string, list []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.uris[source] = list
	for _, uri := range list {
		x.known[uri] = true
	}
}

// URIs are the resources that are subscribed to.
func (x *Subscription) URIs() map[string]bool { return x.known }

// Renew says that the subscription goes on. An error is mended by the next one.
func (x *Subscription) Renew(ctx context.Context) (err error) {
	for source, list := range x.uris {
		_, wantErr := x.watcher.store.want(ctx, source, list)
		err = errors.Join(err, wantErr)
	}
	return err
}

// Changed are the resources that changed, or may have, since it was last asked.
func (x *Subscription) Changed() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	list := slices.Sorted(maps.Keys(x.changed))
	clear(x.changed)
	return list
}

// Close ends the subscription. The source's worker hears of it in a while, since others may have the same.
func (x *Subscription) Close() {
	for source := range x.uris {
		x.watcher.quit(wantedKey(source), x)
	}
}

func (x *Subscription) hear(e event) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e.kind == updatedEvent && x.known[e.body] {
		x.changed[e.body] = true
		x.signal()
	}
}

// resync: what was told meanwhile was not heard.
func (x *Subscription) resync() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.armed {
		maps.Copy(x.changed, x.known)
		x.signal()
	}
}

func (x *Subscription) signal() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// want returns the URIs for which there is no room.
func (s *Store) want(ctx context.Context, source string, uris []string) (refused []string, err error) {
	if len(uris) == 0 {
		return nil, nil
	}
	args := append([]any{wantFor.Milliseconds(), maxWanted, lookAgain}, anys(uris)...)
	refused, err = s.scripts.want.Run(ctx, s.rdb, []string{wantedKey(source)}, args...).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("subscribe to resources of %s: %w", source, err)
	}
	return refused, nil
}

// Wanted are the resources of a source that this worker is to watch: none if another worker is to.
func (s *Store) Wanted(ctx context.Context, source, worker string) ([]string, error) {
	uris, err := s.scripts.wanted.Run(ctx, s.rdb, []string{askedKey(source), wantedKey(source)}, worker).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("resources to watch of %s: %w", source, err)
	}
	return uris, nil
}

// Updated tells whoever subscribes to a resource that it changed.
func (s *Store) Updated(ctx context.Context, source, uri string) error {
	if err := s.rdb.Publish(ctx, wantedKey(source), "0 0 "+updatedEvent+" "+uri).Err(); err != nil {
		return fmt.Errorf("tell of %s: %w", uri, err)
	}
	return nil
}

// WantedChanged signals when the resources to watch of a source may have changed. stop ends it.
func (w *Watcher) WantedChanged(source string) (changes <-chan struct{}, stop func()) {
	return w.nudges(wantedKey(source))
}
