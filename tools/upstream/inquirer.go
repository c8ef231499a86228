package upstream

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/longhaul-mcp/longhaul/client"
)

const (
	// maxInquiries is how many inquiries a server gets at once; others wait.
	maxInquiries = 32
	// maxInquirers is how many programs of an earlier revision share them: some of these do one thing after another.
	maxInquirers = 4
)

// inquirer is a session that carries inquiries: requests beside calls. Servers put no questions in them, so many inquiries can share a session of
// any revision, and a slow one does not delay the others.
type inquirer struct {
	opened  chan struct{} // closed when session or err is there
	session *session
	err     error

	carries int  // how many inquiries; guarded by inquirers.mu
	spent   bool // it gets no more of them; also guarded by it
}

// inquirers are the sessions of a server that carry inquiries now.
type inquirers struct {
	places chan struct{} // one for each inquiry

	mu   sync.Mutex
	list []*inquirer
}

// inquire makes an inquiry.
func (s *server) inquire(ctx context.Context, r client.Request) (json.RawMessage, error) {
	s.calls.enter()
	defer s.calls.leave()
	select {
	case s.inquirers.places <- struct{}{}:
		defer func() { <-s.inquirers.places }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	q, err := s.join(ctx)
	if err != nil {
		return nil, err
	}
	result, err := q.session.client.Request(ctx, r)
	s.noteOutcome(ctx, err)
	s.part(q, err != nil && (broken(err) || ctx.Err() != nil && !q.session.modern()))
	return result, err
}

// join returns an inquirer whose session is open. part gives it back.
func (s *server) join(ctx context.Context) (*inquirer, error) {
	for {
		q, first := s.inquirers.pick(s.mostInquirers())
		if first {
			q.session, q.err = s.take(ctx)
			close(q.opened)
		}
		select {
		case <-q.opened:
		case <-ctx.Done():
			s.part(q, false)
			return nil, context.Cause(ctx)
		}
		if q.err == nil {
			return q, nil
		}
		s.part(q, true)
		if first {
			return nil, q.err
		}
		// whoever was opening it may only have left: try again
	}
}

// mostInquirers is how many sessions carry a server's inquiries: one, unless each session has a program of its own.
func (s *server) mostInquirers() int {
	if s.URL != "" || s.shares() {
		return 1
	}
	return maxInquirers
}

// pick returns the inquirer that carries least, or a new one if there may be more; first says that the caller has to open it.
func (p *inquirers) pick(most int) (q *inquirer, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.list {
		if q == nil || x.carries < q.carries {
			q = x
		}
	}
	if first = q == nil || len(p.list) < most; first {
		q = &inquirer{opened: make(chan struct{})}
		p.list = append(p.list, q)
	}
	q.carries++
	return q, first
}

// part ends an inquiry. The last one of an inquirer gives its session back.
func (s *server) part(q *inquirer, spent bool) {
	p := &s.inquirers
	p.mu.Lock()
	q.spent = q.spent || spent
	q.carries--
	last := q.carries == 0
	if last || q.spent {
		p.list = slices.DeleteFunc(p.list, func(x *inquirer) bool { return x == q })
	}
	p.mu.Unlock()
	if last && q.session != nil {
		s.sessions.give(q.session, q.spent)
	}
}
