package upstream

import "context"

// For tests.
var (
	StartProcess = startProcess
	Environment  = environment
)

// Pipe is what a client speaks to a program through.
type Pipe = pipe

// NewPipe is one whose program is started so.
func NewPipe(start func() *Process) *Pipe {
	return &pipe{
		start: func(context.Context) (*Process, *tail, error) { return start(), new(tail), nil },
		heard: func() {}, updated: func(string) {}, watched: func() []string { return nil },
	}
}

// Open is how many requests the program has not answered.
func (p *Pipe) Open() int {
	c := p.current("")
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.requests)
}

// Close ends the program.
func (p *Pipe) Close() { p.close() }
