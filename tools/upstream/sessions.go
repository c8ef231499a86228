package upstream

import (
	"cmp"
	"sync"
	"time"
)

// sessions are those that are open to a server, and the programs behind them. One lock is for all of it: what is given back is either
// kept or closed, and nothing is left open behind close.
type sessions struct {
	slots    chan struct{}  // one for each that a call uses
	starting chan struct{}  // held while a program is started that will be shared
	closing  sync.WaitGroup // those that are being closed

	mu        sync.Mutex
	retired   bool // none is kept for another call
	closed    bool
	ended     bool       // no program is started any more
	pool      []*session // that no call uses; the last was used last
	shared    *pipe      // the program that calls of 2026-07-28 share
	borrowers map[*pipe]int
	alone     map[*pipe]*session // of programs that serve one, before 2026-07-28
}

// newSessions has as many as calls may use at once. Zero: the default.
func newSessions(most int) sessions {
	return sessions{
		slots: make(chan struct{}, cmp.Or(most, defaultSessions)), starting: make(chan struct{}, 1),
		borrowers: make(map[*pipe]int), alone: make(map[*pipe]*session),
	}
}

// pooled is a session that was used before and still serves; what does not serve any more is closed.
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

// whileOpen does something unless all is closed: close waits for it.
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

// drain closes those that no call uses.
func (p *sessions) drain() {
	p.mu.Lock()
	pool := p.pool
	p.pool = nil
	p.mu.Unlock()
	for _, x := range pool {
		p.discard(x)
	}
}

// retire has each session closed when its call has ended.
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

// close closes all of them, and ends programs whatever they are doing. For good: so that none is started again.
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

// borrowPipe is the program that calls share, if they do, or a fresh one. ReturnPipe gives it back.
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

// enlist has calls share a program of 2026-07-28, where they say what belongs to them. An earlier one is this session's.
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

// only is the session of a program that serves no other. Nil: it is gone, or shared.
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

// pipes are the programs. mu is held.
func (p *sessions) pipes() (list []*pipe) {
	for program := range p.borrowers {
		list = append(list, program)
	}
	return list
}
