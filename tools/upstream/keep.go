package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
)

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

// keepList lists the tools until ctx ends: again and again until they are listed once, later when they may have changed, or when the
// server has gone down: so a program that died is started again.
func (s *server) keepList(ctx context.Context) {
	var watching sync.WaitGroup
	defer watching.Wait()
	if s.URL != "" { // a program tells those who call it
		watching.Go(func() { s.watchLists(ctx) })
	}
	sweep := time.NewTicker(max(s.hub.opts.Idle/4, time.Millisecond))
	defer sweep.Stop()
	pause := firstLook
	look := time.NewTimer(s.untilLook(s.offering.isListed(), pause))
	defer look.Stop()
	lookAgain := func(fine bool) {
		look.Reset(s.untilLook(fine, pause))
		pause = min(2*pause, longLook)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
			s.sessions.sweep(s.hub.opts.Idle)
			continue
		case <-s.standing.fell:
			pause = firstLook
			lookAgain(false)
			continue
		case <-look.C:
		case <-s.offering.poked:
		}
		fine := s.refresh(ctx)
		if fine {
			pause = firstLook
		}
		lookAgain(fine)
	}
}

// untilLook is when to list the tools again. A program tells when they change, as long as it runs, and one that nobody uses is not started
// to be asked.
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
	defer s.sessions.discard(x)
	return x.client.WatchLists(ctx, s.offering.poke)
}
