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
	// patience is how long a call waits for a server that is away. Longer outages are what the policy's attempts are for.
	patience = 5 * time.Second
	// stdio stands for the address of a program, which has none.
	stdio = "http://stdio.invalid/"
)

// session is a connection that one call uses at a time: what a server asks and tells on it belongs to that call.
type session struct {
	client *client.Client
	pipe   *pipe                // nil: the server has a URL
	age    int                  // which list of tools it knows: see offering.listAge
	idle   time.Time            // since when
	call   atomic.Pointer[call] // the one that uses it; nil: none
}

// acquire returns a session for one call. release gives it back.
func (s *server) acquire(ctx context.Context) (*session, error) {
	select {
	case s.sessions.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	x, err := s.take(ctx)
	if err != nil {
		<-s.sessions.slots
	}
	return x, err
}

// release takes a session back from its call.
func (s *server) release(x *session, spent bool) {
	x.call.Store(nil)
	s.sessions.give(x, spent)
	<-s.sessions.slots
}

// take returns a session that nobody uses. sessions.give takes it back.
func (s *server) take(ctx context.Context) (*session, error) {
	if x := s.sessions.pooled(); x != nil && s.freshen(ctx, x) {
		return x, nil
	}
	return s.open(ctx)
}

// freshen makes sure that a session knows the current list of tools: how to call a tool may depend on it.
func (s *server) freshen(ctx context.Context, x *session) bool {
	age := s.offering.listAge()
	if x.age == age {
		return true
	}
	if _, err := x.client.Tools(ctx); err != nil {
		s.sessions.discard(x)
		return false
	}
	x.age = age
	return true
}

// open opens a session, unless the breaker holds the server to be down.
func (s *server) open(ctx context.Context) (*session, error) {
	if err := s.breaker.allow(); err != nil {
		return nil, err
	}
	x := &session{age: s.offering.listAge()}
	err := s.dial(ctx, x)
	switch {
	case err == nil:
		s.breaker.connected()
		s.standing.introduce(x.client.Server())
		s.updateState()
		return x, nil
	case ctx.Err() != nil:
		s.breaker.connected() // not the server's fault: another call may try
		return nil, context.Cause(ctx)
	}
	s.breaker.failed(reason(err))
	s.updateState()
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
	if s.shares() { // one at a time: the others will share the program that the first one starts
		select {
		case s.sessions.starting <- struct{}{}:
			defer func() { <-s.sessions.starting }()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	x.pipe = s.sessions.borrowPipe(s.newPipe)
	opts.HTTP = &http.Client{Transport: x.pipe}
	if x.client, err = client.Dial(ctx, stdio, opts); err != nil {
		s.sessions.returnPipe(x.pipe)
		return err
	}
	s.sessions.enlist(x)
	return nil
}

// serves reports that its program runs, or was not started yet.
func (x *session) serves() bool { return x.pipe == nil || x.pipe.alive() }

func (x *session) modern() bool { return x.client.Server().Revision >= wire.V20260728 }

// shares reports whether sessions share one program, going by the revision that the server last spoke.
func (s *server) shares() bool {
	return s.standing.revision() >= wire.V20260728
}

func (s *server) newPipe(closed bool) *pipe {
	p := &pipe{start: s.startProgram, updated: s.watches.updated, watched: s.watches.uris, closed: closed}
	p.heard = func() { s.offering.hear(p) }
	return p
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
	process, err := s.hub.opts.Start(Command{Args: s.Command, Dir: s.Dir, Env: environment(given), Stderr: stderr})
	return process, stderr, err
}
