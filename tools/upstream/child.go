package upstream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/wire"
)

// child is a running program, with the requests that it has not answered.
type child struct {
	pipe    *pipe
	process *Process
	stderr  *tail
	session string
	opened  bool // guarded by pipe.starting
	out     chan []byte
	done    chan struct{} // closed when it has ended and all that it wrote was read
	err     error         // why it ended; to be read after done
	workers sync.WaitGroup

	mu       sync.Mutex
	listens  bool
	begun    bool                // its session has begun, before 2026-07-28
	requests map[string]*request // by the id that the program got
	lastID   int
}

func newChild(p *pipe, process *Process, stderr *tail, session string) *child {
	c := &child{
		pipe: p, process: process, stderr: stderr, session: session,
		out: make(chan []byte), done: make(chan struct{}), requests: make(map[string]*request),
	}
	c.workers.Go(c.writes)
	c.workers.Go(c.reads)
	return c
}

func (c *child) alive() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// stop ends the program as the specification asks, more firmly with each step, and waits until it has ended.
func (c *child) stop() {
	_ = c.process.Stdin.Close()
	for _, force := range []bool{false, true} {
		select {
		case <-c.done:
		case <-time.After(goodbye):
			c.process.Signal(force)
		}
	}
	c.workers.Wait()
}

// write hands a line to the program. It gives up with ctx: a program may not read.
func (c *child) write(ctx context.Context, message []byte) error {
	select {
	case c.out <- append(bytes.ReplaceAll(message, []byte("\n"), nil), '\n'):
		return nil
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *child) writes() {
	for {
		select {
		case message := <-c.out:
			if _, err := c.process.Stdin.Write(message); err != nil {
				<-c.done // a program that has closed its stdin is about to end
				return
			}
		case <-c.done:
			return
		}
	}
}

// reads reads what the program writes until it ends.
func (c *child) reads() {
	ended := make(chan error, 1)
	go func() { ended <- c.process.Wait() }()
	lines := bufio.NewReaderSize(c.process.Stdout, 64<<10)
	var err error
	for {
		var raw []byte
		if raw, err = readBounded(lines); err != nil {
			break
		}
		c.take(raw)
	}
	_ = c.process.Stdin.Close() // a program that has closed its stdout is of no use any more
	c.finish(c.reason(ended, err))
}

// reason waits for the end of a program whose stdout has ended, and returns why it ended.
func (c *child) reason(ended chan error, read error) error {
	force := time.AfterFunc(2*goodbye, func() { c.process.Signal(true) })
	defer force.Stop()
	if errors.Is(read, errLong) {
		c.process.Signal(true)
	}
	err := c.stderr.ending(<-ended)
	_ = c.process.Stdout.Close()
	if errors.Is(read, errLong) {
		return read
	}
	return err
}

func (c *child) finish(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
	close(c.done)
	for _, a := range c.requests {
		if a.Method == wire.MethodServerDiscover { // some servers crash on a method that they do not know
			c.refuse(a)
			continue
		}
		_ = a.stream.CloseWithError(err)
	}
	clear(c.requests)
}

var errLong = errors.New("it wrote a line that is too long")

func readBounded(r *bufio.Reader) ([]byte, error) {
	var whole []byte
	for {
		part, err := r.ReadSlice('\n')
		whole = append(whole, part...)
		switch {
		case err == nil:
			return bytes.TrimSpace(whole), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(whole) > maxLine:
			return nil, errLong
		}
	}
}
