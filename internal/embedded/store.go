package embedded

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// tick is how often keys grow older. A key is only known to have lived through some part of the tick in which its
// expiry was set, so it may vanish up to one tick early.
const tick = 250 * time.Millisecond

// Store is a running store. Its methods may be called by any goroutine.
type Store struct {
	redis    *miniredis.Miniredis
	addr     string
	password string

	stop    chan struct{}
	stopped sync.WaitGroup
	once    sync.Once
}

// Start opens an empty store on a free port of 127.0.0.1. The caller closes it.
func Start() (*Store, error) {
	s := &Store{redis: miniredis.NewMiniRedis(), password: rand.Text(), stop: make(chan struct{})}
	s.redis.RequireAuth(s.password)
	if err := s.redis.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("start the embedded store: %w", err)
	}
	s.addr = s.redis.Addr()
	s.stopped.Go(s.age)
	return s, nil
}

// Addr is the store's host and port.
func (s *Store) Addr() string { return s.addr }

// Password is what clients authenticate with.
func (s *Store) Password() string { return s.password }

// URL is the store's address and password in one, as redis.ParseURL reads it.
func (s *Store) URL() string {
	u := url.URL{Scheme: "redis", User: url.UserPassword("", s.password), Host: s.addr, Path: "/0"}
	return u.String()
}

// Close ends the store and all connections to it, and forgets its content. Closing it again does nothing.
func (s *Store) Close() {
	s.once.Do(func() {
		close(s.stop)
		s.stopped.Wait()
		s.redis.Close()
	})
}

// age makes time pass for keys that expire. The store itself never does, unless it is to check every key at every
// command; the clock that scripts read by TIME is the wall clock and needs no help.
func (s *Store) age() {
	t := time.NewTicker(tick)
	defer t.Stop()
	last := time.Now()
	for {
		select {
		case <-s.stop:
			return
		case <-t.C:
			now := time.Now()
			s.redis.FastForward(now.Sub(last))
			last = now
		}
	}
}
