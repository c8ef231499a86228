package client

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"
)

// attendance is the GET stream of a session, open while somebody waits. What belongs to no request comes there: a server may ask a task's
// questions on it, and tell of the task's status.
type attendance struct {
	mu      sync.Mutex
	present []*attendant
	leave   func()        // nil: there is no stream
	tried   chan struct{} // closed once it is open, or refused
}

// attendant is a wait that hears the stream.
type attendant struct {
	task   string
	asks   *asking
	notice func(m message)
}

// attend has a wait hear what comes on the session's stream until leave is called.
func (c *Client) attend(ctx context.Context, w *attendant) (leave func()) {
	if c.modern() || c.sessionID() == "" {
		return func() {}
	}
	tried := c.join(ctx, w)
	if c.opts.Answer != nil { // some servers lose a question while there is no stream
		soon := time.NewTimer(openingTime)
		defer soon.Stop()
		select {
		case <-tried:
		case <-soon.C:
		case <-ctx.Done():
		}
	}
	return func() { c.attendance.part(w) }
}

// openingTime is how long a call waits for the stream to be open.
const openingTime = 2 * time.Second

func (c *Client) join(ctx context.Context, w *attendant) (tried <-chan struct{}) {
	a := &c.attendance
	a.mu.Lock()
	defer a.mu.Unlock()
	a.present = append(a.present, w)
	if a.leave == nil {
		tried := make(chan struct{})
		a.tried = tried
		a.leave = c.openAttendance(ctx, sync.OnceFunc(func() { close(tried) }))
	}
	return a.tried
}

func (c *Client) openAttendance(ctx context.Context, markTried func()) (leave func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // others may still need the stream when whoever opened it leaves
	var group sync.WaitGroup
	group.Go(func() {
		defer markTried()
		c.keepAttending(ctx, markTried)
	})
	return func() { cancel(); group.Wait() }
}

func (a *attendance) part(w *attendant) {
	a.mu.Lock()
	a.present = slices.DeleteFunc(a.present, func(other *attendant) bool { return other == w })
	leave := a.leave
	if len(a.present) > 0 {
		leave = nil
	} else {
		a.leave = nil
	}
	a.mu.Unlock()
	if leave != nil {
		leave()
	}
}

// keepAttending keeps the stream open. A server that has none is not asked again; it may use the streams of requests.
func (c *Client) keepAttending(ctx context.Context, markTried func()) {
	b, last := backoff{patience: math.MaxInt64}, ""
	for ctx.Err() == nil {
		began := time.Now()
		err := c.attendOnce(ctx, &last, markTried)
		e, answered := errors.AsType[*Error](err)
		switch {
		case answered && e.HTTP == http.StatusNotFound:
			last = "" // the session is lost: whoever waits opens another one
		case answered && !passes(err) && !occupied(err):
			return
		case time.Since(began) > longPause:
			b.failing = time.Time{}
		}
		if b.wait(ctx, err) != nil {
			return
		}
	}
}

// quietFor is how long this stream, or that of a watched resource, may be silent. It is longer than silence: nothing need come on these for long.
const quietFor = 5 * time.Minute

func (c *Client) attendOnce(ctx context.Context, last *string, markTried func()) error {
	ctx, alive, leave := whileHeard(ctx, quietFor)
	defer leave(nil)
	s, err := c.openStream(ctx, c.sessionID(), *last)
	markTried()
	if err != nil {
		return err
	}
	defer s.close()
	s.alive = alive
	for {
		m, err := s.next()
		*last = s.lastID
		if err != nil {
			if pause := min(s.retry, maxPoll); pause > 0 && sleep(ctx, pause) != nil {
				return context.Cause(ctx)
			}
			return err
		}
		c.attendance.take(c, m)
	}
}

// take hands on a message: a question to the wait for its task, or else to any; anything else to all waits.
func (a *attendance) take(c *Client, m message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case len(a.present) == 0, m.Method == "": // left over from earlier requests
	case len(m.ID) > 0:
		task := relatedTask(m.Params)
		i := slices.IndexFunc(a.present, func(w *attendant) bool { return w.task == task })
		a.present[max(i, 0)].asks.take(m, false)
	default:
		c.noted(m)
		for _, w := range a.present {
			w.notice(m)
		}
	}
}
