package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
)

// poke has the list looked at soon.
func (s *server) poke() {
	select {
	case s.poked <- struct{}{}:
	default:
	}
}

// hear has the list looked at soon, with the program that told that it has changed.
func (s *server) hear(p *pipe) {
	s.mu.Lock()
	s.teller = p
	s.mu.Unlock()
	s.poke()
}

// whoTold is the session of the program that last told that its list has changed, which a call may use meanwhile. Nil: nobody has since
// it was last asked, or it is gone, or all share one program.
func (s *server) whoTold() *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.teller
	s.teller = nil
	if p == nil {
		return nil
	}
	return s.alone[p]
}

const (
	firstLook = time.Second
	longLook  = 30 * time.Second
)

// keep looks after the server until ctx ends, or until it was retired and its calls have ended.
func (s *server) keep(ctx context.Context) {
	keeping, stop := context.WithCancel(ctx)
	defer stop()
	var retiring sync.WaitGroup
	retiring.Go(func() {
		defer stop()
		select {
		case <-s.retiring:
		case <-ctx.Done():
		}
	})
	s.keepList(keeping)
	retiring.Wait()
	s.finish(ctx)
	s.close(ctx.Err() != nil)
}

// keepList lists the tools until ctx ends: again and again until they are listed once, later when they may have changed.
func (s *server) keepList(ctx context.Context) {
	var watching sync.WaitGroup
	defer watching.Wait()
	if s.URL != "" { // a program tells those who call it
		watching.Go(func() { s.watchLists(ctx) })
	}
	sweep := time.NewTicker(max(s.hub.opts.Idle/4, time.Millisecond))
	defer sweep.Stop()
	pause := firstLook
	look := time.NewTimer(s.untilLook(s.isListed(), pause))
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
			s.sweep()
			continue
		case <-look.C:
		case <-s.poked:
		}
		fine := s.refresh(ctx)
		if fine {
			pause = firstLook
		}
		look.Reset(s.untilLook(fine, pause))
		pause = min(2*pause, longLook)
	}
}

// untilLook is when to list the tools again. A program tells when they change, as long as it runs, and is not started to be asked.
func (s *server) untilLook(fine bool, pause time.Duration) time.Duration {
	switch {
	case !fine:
		return pause
	case s.URL == "":
		return 1<<63 - 1
	}
	return s.hub.opts.Refresh
}

// watchLists has the list looked at when the server says that it has changed, as long as servers do.
func (s *server) watchLists(ctx context.Context) {
	pause := firstLook
	for {
		began := time.Now()
		err := s.watchListsOnce(ctx)
		if errors.Is(err, client.ErrNoWatch) {
			return // it is asked now and then
		}
		if time.Since(began) > longLook {
			pause = firstLook
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			pause = min(2*pause, longLook)
		}
	}
}

// watchListsOnce has a session of its own, which does not count: it lasts.
func (s *server) watchListsOnce(ctx context.Context) error {
	x, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer s.discard(x)
	return x.client.WatchLists(ctx, s.poke)
}

// sweep closes the sessions that no call has used for a while.
func (s *server) sweep() {
	s.mu.Lock()
	var old []*session
	kept := s.pool[:0]
	for _, x := range s.pool {
		if time.Since(x.idle) > s.hub.opts.Idle || x.pipe != nil && !x.pipe.alive() {
			old = append(old, x)
		} else {
			kept = append(kept, x)
		}
	}
	s.pool = kept
	s.mu.Unlock()
	for _, x := range old {
		s.discard(x)
	}
}

// close closes all sessions, and ends programs whatever they are doing. For good: so that none is started again.
func (s *server) close(forGood bool) {
	s.mu.Lock()
	s.closed, s.ended = true, forGood
	pool := s.pool
	s.pool = nil
	var pipes []*pipe
	for p := range s.borrowers {
		pipes = append(pipes, p)
	}
	s.mu.Unlock()
	for _, x := range pool {
		s.discard(x)
	}
	for _, p := range pipes {
		s.closing.Go(p.close)
	}
	s.closing.Wait()
	if s.http != nil {
		s.http.CloseIdleConnections()
	}
}
