package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/wire"
)

// pipe is a server on the stdin and stdout of a program, in the guise of an http.RoundTripper, so that package client speaks to it as to any
// other. A request is written as a line, and its response is the stream of the lines that belong to it. The program is started when there is
// something to say to it, again if it died: to the client that is a session that was lost, as HTTP has them before 2026-07-28.
type pipe struct {
	start   func(ctx context.Context) (*Process, *tail, error)
	heard   func()           // called when its lists may have changed
	updated func(uri string) // called when a resource has changed, or a part of one
	watched func() []string  // returns the resources to subscribe to, before 2026-07-28

	starting sync.Mutex // held while a program is started: that may take a while
	births   int

	mu     sync.Mutex
	child  *child // nil: none
	closed bool
}

const (
	// unheard is how long server/discover may stay unanswered before the server is taken for one that does not know it.
	unheard = 20 * time.Second
	// goodbye is how long a program has for each of the steps by which it is asked to end.
	goodbye = 2 * time.Second
	maxLine = 64 << 20
)

var errClosed = errors.New("this worker is stopping")

// unsent makes an error that says that the request reached nobody, as package client knows it from net: there was no connection.
func unsent(err error) error { return &net.OpError{Op: "dial", Net: "stdio", Err: err} }

// RoundTrip passes on one message.
func (p *pipe) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.Method {
	case http.MethodPost:
	case http.MethodDelete: // a session ends with its program, and that is not for the client to decide
		return response(r, http.StatusNoContent, nil), nil
	default: // a GET would open a stream beside those of requests: there is none
		return response(r, http.StatusMethodNotAllowed, nil), nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	m, err := readLine(body)
	if err != nil {
		return nil, err
	}
	if m.Method == "" || m.ID == nil {
		return p.pass(r, m, body)
	}
	return p.request(r, m)
}

// pass writes a message that has no answer. A request is cancelled by closing its stream (body.Close), so that notification is not passed on.
func (p *pipe) pass(r *http.Request, m *line, body []byte) (*http.Response, error) {
	c := p.current(r.Header.Get(wire.HeaderSession))
	if c == nil {
		return response(r, http.StatusNotFound, nil), nil
	}
	if m.Method != wire.NoticeCancelled {
		if err := c.write(r.Context(), body); err != nil {
			return nil, err
		}
	}
	if m.Method == wire.NoticeInitialized {
		c.begin(r.Context(), p.watched)
	}
	return response(r, http.StatusAccepted, nil), nil
}

// request writes a request, and responds with its stream.
func (p *pipe) request(r *http.Request, m *line) (*http.Response, error) {
	var c *child
	var err error
	switch session := r.Header.Get(wire.HeaderSession); {
	case m.Method == wire.MethodInitialize:
		c, err = p.fresh(r.Context())
	case session == "":
		c, err = p.any(r.Context())
	default:
		if c = p.current(session); c == nil {
			return response(r, http.StatusNotFound, nil), nil
		}
	}
	if err != nil {
		return nil, unsent(err)
	}
	body, err := c.request(r.Context(), m)
	if err != nil {
		return nil, err
	}
	res := response(r, http.StatusOK, body)
	res.Header.Set("Content-Type", "text/event-stream")
	if m.Method == wire.MethodInitialize {
		res.Header.Set(wire.HeaderSession, c.session)
	}
	return res, nil
}

func response(r *http.Request, status int, body io.ReadCloser) *http.Response {
	if body == nil {
		body = http.NoBody
	}
	return &http.Response{
		StatusCode: status, Status: strconv.Itoa(status) + " " + http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header), Body: body, ContentLength: -1, Request: r,
	}
}

// current returns the program of a session if it still runs; with no session, whichever runs.
func (p *pipe) current(session string) *child {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child == nil || !p.child.alive() || session != "" && p.child.session != session {
		return nil
	}
	return p.child
}

// any returns the running program, or a new one.
func (p *pipe) any(ctx context.Context) (*child, error) {
	p.starting.Lock()
	defer p.starting.Unlock()
	if c := p.current(""); c != nil {
		return c, nil
	}
	return p.birth(ctx)
}

// fresh returns a program that nobody has opened a session with yet.
func (p *pipe) fresh(ctx context.Context) (*child, error) {
	p.starting.Lock()
	defer p.starting.Unlock()
	c := p.current("")
	if c == nil || c.opened {
		var err error
		if c, err = p.birth(ctx); err != nil {
			return nil, err
		}
	}
	c.opened = true
	return c, nil
}

// birth starts a program in place of the one before.
func (p *pipe) birth(ctx context.Context) (*child, error) {
	p.end()
	process, stderr, err := p.start(ctx)
	if err != nil {
		return nil, fmt.Errorf("it cannot be started: %w", err)
	}
	p.births++
	c := newChild(p, process, stderr, strconv.Itoa(p.births))
	p.mu.Lock()
	p.child = c
	closed := p.closed
	p.mu.Unlock()
	if closed {
		c.stop()
		return nil, errClosed
	}
	return c, nil
}

// end ends the program, and waits until it has ended.
func (p *pipe) end() {
	p.mu.Lock()
	c := p.child
	p.mu.Unlock()
	if c != nil {
		c.stop()
	}
}

// alive reports that the program runs, or that none was started yet.
func (p *pipe) alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.closed && (p.child == nil || p.child.alive())
}

// close ends the program for good.
func (p *pipe) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.end() // at once, whoever waits for it
	p.starting.Lock()
	defer p.starting.Unlock()
	p.end() // one that was just being started
}
