package upstream

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

const (
	// patience is how long a call waits for a server that is away for a moment. Longer outages are for the policy's attempts.
	patience = 5 * time.Second
	// stdio is the address of a program.
	stdio = "http://stdio.invalid/"
)

// session is a connection that one call uses at a time: what a server asks and tells on it belongs to that call.
type session struct {
	client *client.Client
	pipe   *pipe // nil: the server has a URL
	age    int   // of the list of tools that it knows
	idle   time.Time
	call   atomic.Pointer[call] // that uses it; nil: none
}

// acquire is a session for one call. Release gives it back.
func (s *server) acquire(ctx context.Context) (*session, error) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	x, err := s.take(ctx)
	if err != nil {
		<-s.slots
	}
	return x, err
}

// release takes a session back from its call.
func (s *server) release(x *session, spent bool) {
	x.call.Store(nil)
	s.give(x, spent)
	<-s.slots
}

// take is a session that nobody uses. Give gives it back.
func (s *server) take(ctx context.Context) (*session, error) {
	if x := s.pooled(); x != nil && s.freshen(ctx, x) {
		return x, nil
	}
	return s.open(ctx)
}

// freshen has a session know the tools as they are listed now: how they are called may depend on it.
func (s *server) freshen(ctx context.Context, x *session) bool {
	age := s.listAge()
	if x.age == age {
		return true
	}
	if _, err := x.client.Tools(ctx); err != nil {
		s.discard(x)
		return false
	}
	x.age = age
	return true
}

func (s *server) listAge() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.age
}

// pooled is a session that was used before and still serves; what does not serve any more is closed.
func (s *server) pooled() *session {
	for {
		s.mu.Lock()
		n := len(s.pool)
		if n == 0 {
			s.mu.Unlock()
			return nil
		}
		x := s.pool[n-1]
		s.pool = s.pool[:n-1]
		s.mu.Unlock()
		if x.pipe == nil || x.pipe.alive() {
			return x
		}
		s.discard(x)
	}
}

// give takes a session back; one that is spent is closed.
func (s *server) give(x *session, spent bool) {
	x.idle = time.Now()
	s.mu.Lock()
	keep := !spent && !s.closed && !s.retired
	if keep {
		s.pool = append(s.pool, x)
	}
	s.mu.Unlock()
	if !keep {
		s.discard(x)
	}
}

// open opens a session, unless the server is taken for down.
func (s *server) open(ctx context.Context) (*session, error) {
	if err := s.breaker.allow(); err != nil {
		return nil, err
	}
	x := &session{age: s.listAge()}
	err := s.dial(ctx, x)
	switch {
	case err == nil:
		s.breaker.connected()
		s.mu.Lock()
		s.about = x.client.Server()
		s.mu.Unlock()
		s.heed()
		return x, nil
	case ctx.Err() != nil:
		s.breaker.connected() // it is not the server's fault, and another may try
		return nil, context.Cause(ctx)
	}
	s.breaker.failed(reason(err))
	s.heed()
	return nil, err
}

func (s *server) dial(ctx context.Context, x *session) (err error) {
	opts := client.Options{
		Name: "longhaul-worker", Version: "1", Patience: patience,
		Answers: tasks.Capabilities{tasks.CanFillForms, tasks.CanVisit, tasks.CanSample},
		Answer:  x.answer, Changed: x.changed, Log: x.logged,
	}
	if s.URL != "" {
		opts.HTTP = s.http
		x.client, err = client.Dial(ctx, s.URL, opts)
		return err
	}
	if s.shares() { // one at a time: the others will share what the first one starts
		select {
		case s.starting <- struct{}{}:
			defer func() { <-s.starting }()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	x.pipe = s.borrowPipe()
	opts.HTTP = &http.Client{Transport: x.pipe}
	if x.client, err = client.Dial(ctx, stdio, opts); err != nil {
		s.returnPipe(x.pipe)
		return err
	}
	s.enlist(x)
	return nil
}

func (x *session) modern() bool { return x.client.Server().Revision >= wire.V20260728 }

// discard closes a session that nobody uses.
func (s *server) discard(x *session) {
	goodbye := func() {
		x.client.Close()
		if x.pipe != nil {
			s.returnPipe(x.pipe)
		}
	}
	if !s.whileOpen(func() { s.closing.Go(goodbye) }) { // it may take a while
		goodbye()
	}
}

// whileOpen does something unless the server is closed, which waits for it.
func (s *server) whileOpen(do func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		do()
	}
	return !s.closed
}

// shares: calls shared a program when there last was one.
func (s *server) shares() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.about.Revision >= wire.V20260728
}

// borrowPipe is the program that calls share, if they do, or one of its own.
func (s *server) borrowPipe() *pipe {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.shared
	if p == nil || !p.alive() {
		p = &pipe{start: s.startProgram, updated: s.updated, watched: s.watched, closed: s.ended}
		p.heard = func() { s.hear(p) }
	}
	s.borrowers[p]++
	return p
}

// enlist has calls share a program of 2026-07-28, where they say what belongs to them. An earlier one is this session's.
func (s *server) enlist(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !x.modern():
		s.alone[x.pipe] = x
	case s.shared == nil || !s.shared.alive():
		s.shared = x.pipe
	}
}

// returnPipe ends a program that nobody uses any more.
func (s *server) returnPipe(p *pipe) {
	s.mu.Lock()
	s.borrowers[p]--
	last := s.borrowers[p] == 0
	if last {
		delete(s.borrowers, p)
		delete(s.alone, p)
		if s.shared == p {
			s.shared = nil
		}
	}
	s.mu.Unlock()
	if last {
		p.close()
	}
}

func (s *server) startProgram(ctx context.Context) (*Process, *tail, error) {
	var given []string
	if s.Env != nil {
		var err error
		if given, err = s.Env(ctx); err != nil {
			return nil, nil, fmt.Errorf("its environment: %w", err)
		}
	}
	stderr := new(tail)
	process, err := s.start(Command{Args: s.Command, Dir: s.Dir, Env: environment(given), Stderr: stderr})
	return process, stderr, err
}
