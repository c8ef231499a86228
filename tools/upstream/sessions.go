package upstream

import (
	"cmp"
	"sync"
	"time"
)

// sessions are the open sessions of a server, and the programs behind them. One lock guards all of it, so that a session that is given back is
// either kept or closed, and close leaves nothing open.
type sessions struct {
	slots    chan struct{}  // one for each session that a call uses
	starting chan struct{}  // held while a program is started that will be shared
	closing  sync.WaitGroup // sessions that are being closed

	mu        sync.Mutex
	retired   bool // no session is kept for another call
	closed    bool
	ended     bool               // no program is started any more
	pool      []*session         // those that no call uses, the one used last at the end
	shared    *pipe              // the program that sessions of 2026-07-28 share; nil: none
	borrowers map[*pipe]int      // how many sessions use a program
	alone     map[*pipe]*session // the only session of a program, before 2026-07-28
}

// newSessions makes room for the most sessions that calls may use at once. Zero: the default.
func newSessions(most int) sessions {
	return sessions{
		slots: make(chan struct{}, cmp.Or(most, defaultSessions)), starting: make(chan struct{}, 1),
		borrowers: make(map[*pipe]int), alone: make(map[*pipe]*session),
	}
}

// pooled returns a session that was used before and still serves, or nil. Those that no longer serve are closed.
func (p *sessions) pooled() *session {
	for {
		x := p.pop()
		if x == nil || x.serves() {
			return x
		}
		p.discard(x)
	}
}

func (p *sessions) pop() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.pool)
	if n == 0 {
		return nil
	}
	x := p.pool[n-1]
	p.pool = p.pool[:n-1]
	return x
}

// give takes a session back; one that is spent is closed.
func (p *sessions) give(x *session, spent bool) {
	x.idle = time.Now()
	p.mu.Lock()
	keep := !spent && !p.closed && !p.retired
	if keep {
		p.pool = append(p.pool, x)
	}
	p.mu.Unlock()
	if !keep {
		p.discard(x)
	}
}

// discard closes a session that nobody uses.
func (p *sessions) discard(x *session) {
	goodbye := func() {
		x.client.Close()
		if x.pipe != nil {
			p.returnPipe(x.pipe)
		}
	}
	if !p.whileOpen(func() { p.closing.Go(goodbye) }) { // it may take a while
		goodbye()
	}
}

// whileOpen calls do unless everything is closed, and reports whether it did: so close waits for what do begins.
func (p *sessions) whileOpen(do func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		do()
	}
	return !p.closed
}

// sweep closes the sessions that no call has used for a while.
func (p *sessions) sweep(idle time.Duration) {
	p.mu.Lock()
	var old []*session
	kept := p.pool[:0]
	for _, x := range p.pool {
		if time.Since(x.idle) > idle || !x.serves() {
			old = append(old, x)
		} else {
			kept = append(kept, x)
		}
	}
	p.pool = kept
	p.mu.Unlock()
	for _, x := range old {
		p.discard(x)
	}
}

// drain closes the sessions that no call uses.
func (p *sessions) drain() {
	p.mu.Lock()
	pool := p.pool
	p.pool = nil
	p.mu.Unlock()
	for _, x := range pool {
		p.discard(x)
	}
}

// retire has each session closed once its call has ended.
func (p *sessions) retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retired = true
}

func (p *sessions) isRetired() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.retired
}

// close closes all sessions and ends programs, whatever they are doing; with forGood none is started again.
func (p *sessions) close(forGood bool) {
	p.mu.Lock()
	p.closed, p.ended = true, forGood
	pool := p.pool
	p.pool = nil
	pipes := p.pipes()
	p.mu.Unlock()
	for _, x := range pool {
		p.discard(x)
	}
	for _, pipe := range pipes {
		p.closing.Go(pipe.close)
	}
	p.closing.Wait()
}

// borrowPipe returns the program that sessions share, or a fresh one. returnPipe takes it back.
func (p *sessions) borrowPipe(fresh func(closed bool) *pipe) *pipe {
	p.mu.Lock()
	defer p.mu.Unlock()
	program := p.shared
	if program == nil || !program.alive() {
		program = fresh(p.ended)
	}
	p.borrowers[program]++
	return program
}

// enlist has later sessions share a program of 2026-07-28, whose messages say which call they belong to. An earlier one is this session's alone.
func (p *sessions) enlist(x *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !x.modern():
		p.alone[x.pipe] = x
	case p.shared == nil || !p.shared.alive():
		p.shared = x.pipe
	}
}

// returnPipe ends a program that nobody uses any more.
func (p *sessions) returnPipe(program *pipe) {
	p.mu.Lock()
	p.borrowers[program]--
	last := p.borrowers[program] == 0
	if last {
		delete(p.borrowers, program)
		delete(p.alone, program)
		if p.shared == program {
			p.shared = nil
		}
	}
	p.mu.Unlock()
	if last {
		program.close()
	}
}

// only returns the one session of a program. Nil: the program is gone, or shared.
func (p *sessions) only(program *pipe) *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alone[program]
}

func (p *sessions) programs() []*pipe {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pipes()
}

// pipes returns the programs. mu is held.
func (p *sessions) pipes() (list []*pipe) {
	for program := range p.borrowers {
		list = append(list, program)
	}
	return list
}
