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

// keep looks after the server until ctx ends, or until the server was retired and its calls have ended.
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

// keepList lists what the server has until ctx ends: again and again until that worked once, later when something may have changed, and when
// the server has gone down, which starts a program again that died.
func (s *server) keepList(ctx context.Context) {
	var watching sync.WaitGroup
	defer watching.Wait()
	if s.URL != "" { // a program tells of changes in any session
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

// untilLook returns how long to wait before listing again. A running program tells when its lists change, and one that nobody uses is not
// started just to be asked.
func (s *server) untilLook(fine bool, pause time.Duration) time.Duration {
	switch {
	case !fine:
		return pause
	case s.URL == "":
		return 1<<63 - 1
	}
	return s.hub.opts.Refresh
}

// watchLists has the lists looked at whenever the server says that they changed.
func (s *server) watchLists(ctx context.Context) {
	pause := firstLook
	for {
		began := time.Now()
		err := s.watchListsOnce(ctx)
		if errors.Is(err, client.ErrNoWatch) {
			return // then only keepList's timer asks
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

// watchListsOnce watches in a session of its own, which is not counted among those of the calls: it lasts.
func (s *server) watchListsOnce(ctx context.Context) error {
	x, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer s.sessions.discard(x)
	return x.client.WatchLists(ctx, s.offering.poke)
}
